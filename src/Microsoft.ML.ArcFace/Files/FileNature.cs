using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>What a file is by its bytes, whatever its name says.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="What">The kind in words, such as "an ONNX model".</param>
internal sealed record FileNature(FileKind Kind, string What)
{
    /// <summary>What our entry of a saved model calls its weights.</summary>
    public const string ModelWeightsName = "Weights.safetensors";

    /// <summary>The metadata by which a checkpoint of the trainer is known.</summary>
    public const string TrainingCheckpointKey = "arcface_checkpoint";

    private const int StartSize = 4096, LargestSafetensorsHeader = 16 << 20, NamedEntries = 3;

    /// <summary>The kind of a file; null if it cannot be read.</summary>
    public static FileNature? Of(string path)
    {
        try
        {
            using ByteSource source = ByteSource.Open(path);
            return Of(source);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The kind of a file.</summary>
    public static FileNature Of(ByteSource source)
    {
        byte[] start = new byte[Math.Min(source.Length, StartSize)];
        source.Read(0, start);
        return start.Length == 0 ? new FileNature(FileKind.Empty, "an empty file")
            : ZipDirectory.IsZip(source) ? OfZip(source)
            : OfBytes(start, source.Length);
    }

    private static FileNature OfBytes(ReadOnlySpan<byte> start, long length)
    {
        if (IsSafetensors(start, length))
        {
            return start.IndexOf(Encoding.ASCII.GetBytes($"\"{TrainingCheckpointKey}\"")) >= 0
                ? new(FileKind.TrainingCheckpoint, "a checkpoint of a training run (safetensors)")
                : new(FileKind.Safetensors, "a safetensors file");
        }

        return start switch
        {
            [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, ..] => new(FileKind.TorchFile, "a PyTorch file of the form before 1.6"),
            [0x80, >= 2 and <= 5, ..] => new(FileKind.Pickle, "a pickle of Python"),
            [0x0a, 0x23, 0xd7, 0xce, ..] => new(FileKind.RecordIO, "a RecordIO file (.rec)"),
            [0x12, 1, 0, 0, 0, 0, 0, 0, ..] => new(FileKind.MxNetParameters, "a file of MXNet parameters (.params)"),
            [0x89, (byte)'H', (byte)'D', (byte)'F', ..] => new(FileKind.Hdf5, "an HDF5 file, as Keras writes weights"),
            [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', ..] => new(FileKind.NumPyArray, "a NumPy array (.npy)"),
            [0x1f, 0x8b, ..] => new(FileKind.Archive, "a gzip archive"),
            [(byte)'7', (byte)'z', 0xbc, 0xaf, ..] => new(FileKind.Archive, "a 7z archive"),
            [(byte)'R', (byte)'a', (byte)'r', (byte)'!', ..] => new(FileKind.Archive, "a RAR archive"),
            _ when start.Length > 262 && start[257..].StartsWith("ustar"u8) => new(FileKind.Archive, "a tar archive"),
            _ when start.StartsWith("SQLite format 3\0"u8) => new(FileKind.Sqlite, "a SQLite database, as galleries are"),
            _ when ImageName(start) is { } image => new(FileKind.Image, $"a picture ({image})"),
            _ when IsOnnx(start) => new(FileKind.Onnx, "an ONNX model"),
            _ => OfText(start),
        };
    }

    private static FileNature OfText(ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> text = start.StartsWith("\uFEFF"u8) ? start[3..] : start;
        string beginning = Encoding.ASCII.GetString(text[..Math.Min(text.Length, 512)]).TrimStart();
        return beginning.StartsWith("version https://git-lfs.", StringComparison.Ordinal) ? new(FileKind.GitLfsPointer, "a Git LFS pointer, which stands for the file")
            : beginning.StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase) || beginning.StartsWith("<html", StringComparison.OrdinalIgnoreCase) || beginning.StartsWith("<head", StringComparison.OrdinalIgnoreCase)
                ? new(FileKind.HtmlPage, "an HTML page")
            : !text.IsEmpty && !text.ContainsAnyInRange((byte)0, (byte)8) && !text.ContainsAnyInRange((byte)14, (byte)26) ? new(FileKind.Text, "a text file")
            : new(FileKind.Unknown, "of a kind that is not known here");
    }

    private static FileNature OfZip(ByteSource source)
    {
        IReadOnlyDictionary<string, ZipEntry> entries;
        try
        {
            entries = ZipDirectory.Read(source);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            return new(FileKind.PartialZip, $"a zip that is not whole ({error.Message})");
        }

        bool Has(string fileName) => entries.Values.Any(entry => entry.FileName == fileName);
        if (Has(ModelWeightsName))
        {
            return new(FileKind.FaceModel, "a face model of ML.NET");
        }

        if (entries.Values.Any(entry => entry.Name.Replace('\\', '/') == "TrainingInfo/Version.txt"))
        {
            return new(FileKind.OtherModel, "an ML.NET model without a face embedding in it");
        }

        if (Has("data.pkl"))
        {
            return Has("constants.pkl") ? new(FileKind.TorchScript, "a TorchScript program")
                : entries.Values.Any(entry => entry.Packing != ZipPacking.Stored) ? new(FileKind.CompressedTorchFile, "a PyTorch file in a compressed zip")
                : new(FileKind.TorchFile, "a PyTorch file");
        }

        string[] names = [.. entries.Keys.Where(name => !name.EndsWith('/')).Order(StringComparer.Ordinal)];
        string listed = string.Join(", ", names.Take(NamedEntries).Select(name => $"'{name}'"));
        return new(FileKind.OtherZip, names.Length == 0 ? "an empty zip" : $"a zip with {listed}{(names.Length > NamedEntries ? $" and {names.Length - NamedEntries} more files" : "")} in it");
    }

    private static bool IsSafetensors(ReadOnlySpan<byte> start, long length) =>
        start.Length > sizeof(ulong) && start[sizeof(ulong)] == '{' && BinaryPrimitives.ReadUInt64LittleEndian(start) is var header && header <= LargestSafetensorsHeader && header <= (ulong)length;

    /// <summary>ModelProto begins with the version of its format (field 1), and goes on with another of its fields.</summary>
    private static bool IsOnnx(ReadOnlySpan<byte> start) => start is [0x08, >= 1 and < 64, 0x12 or 0x1a or 0x22 or 0x28 or 0x32 or 0x3a or 0x42 or 0x72, ..];

    private static string? ImageName(ReadOnlySpan<byte> start) => start switch
    {
        [0xff, 0xd8, 0xff, ..] => "JPEG",
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => "PNG",
        [(byte)'B', (byte)'M', _, _, _, _, 0, 0, 0, 0, ..] => "BMP",
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => "GIF",
        [(byte)'I', (byte)'I', 42, 0, ..] or [(byte)'M', (byte)'M', 0, 42, ..] => "TIFF",
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => "WebP",
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', (byte)'h', (byte)'e', ..] or [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', (byte)'m', (byte)'i', ..] => "HEIC",
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', (byte)'a', (byte)'v', (byte)'i', (byte)'f', ..] => "AVIF",
        _ => null,
    };
}
