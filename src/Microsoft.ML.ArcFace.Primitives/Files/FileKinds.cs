using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>Tells kinds of files by their first bytes and says in words what they are.</summary>
internal static class FileKinds
{
    /// <summary>The number of bytes from the start of a file that decide; fewer are enough where the file has no more.</summary>
    public const int DecidingBytes = 512;

    private const int LongestSafetensorsHeader = 100_000_000;
    private const int NewestOnnxVersion = 30;
    private const int TarMarkAt = 257;

    /// <summary>Looks at the start of a file.</summary>
    /// <exception cref="SpecialFileException">The path leads to something else than a file.</exception>
    /// <exception cref="IOException">The file is absent or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static FileKind OfFile(string path)
    {
        using FileStream file = RegularFile.OpenRead(path);
        Span<byte> start = stackalloc byte[DecidingBytes];
        return Of(start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)]);
    }

    /// <summary>Looks at the first bytes of a file.</summary>
    /// <param name="start">The whole file, or at least its first <see cref="DecidingBytes"/>.</param>
    public static FileKind Of(ReadOnlySpan<byte> start) => start switch
    {
        [] => FileKind.Empty,
        [0xFF, 0xD8, 0xFF, ..] => FileKind.Jpeg,
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => FileKind.Png,
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => FileKind.Gif,
        [(byte)'I', (byte)'I', 42 or 43, 0, ..] or [(byte)'M', (byte)'M', 0, 42 or 43, ..] => FileKind.Tiff,
        [0xFF, 0x0A, ..] or [0, 0, 0, 12, (byte)'J', (byte)'X', (byte)'L', (byte)' ', ..] => FileKind.JpegXl,
        [0, 0, 0, 12, (byte)'j', (byte)'P', (byte)' ', (byte)' ', ..] or [0xFF, 0x4F, 0xFF, 0x51, ..] => FileKind.Jpeg2000,
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', _, _, _, _, ..] => OfBrands(start),
        [0x1A, 0x45, 0xDF, 0xA3, ..] => FileKind.Video,
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => FileKind.WebP,
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'A', (byte)'V', (byte)'I', (byte)' ', ..] => FileKind.Video,
        [(byte)'P', (byte)'K', 3, 4, ..] => OfFirstEntry(start),
        [(byte)'P', (byte)'K', 5, 6, ..] => FileKind.Zip,
        [(byte)'%', (byte)'P', (byte)'D', (byte)'F', (byte)'-', ..] => FileKind.Pdf,
        [0x80, >= 2 and <= 5, ..] => FileKind.Pickle,
        [0x0A, 0x23, 0xD7, 0xCE, ..] => FileKind.RecordIO,
        [0x12, 1, 0, 0, 0, 0, 0, 0, ..] => FileKind.MxNetParameters,
        [0x89, (byte)'H', (byte)'D', (byte)'F', ..] => FileKind.Hdf5,
        [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', ..] => FileKind.NumPyArray,
        [0x1F, 0x8B, ..] or [(byte)'7', (byte)'z', 0xBC, 0xAF, ..] or [(byte)'R', (byte)'a', (byte)'r', (byte)'!', ..] => FileKind.Archive,
        _ when start.Length > TarMarkAt && start[TarMarkAt..].StartsWith("ustar"u8) => FileKind.Archive,
        _ when start.StartsWith("SQLite format 3\0"u8) => FileKind.Sqlite,
        _ when start.StartsWith("version https://git-lfs.github.com/spec/"u8) => FileKind.GitLfsPointer,
        _ when IsSafetensors(start) => FileKind.Safetensors,
        _ when IsOnnx(start) => FileKind.Onnx,
        _ when IsBmp(start) => FileKind.Bmp,
        _ when IsText(start) => IsHtml(start) ? FileKind.Html : FileKind.Text,
        _ => FileKind.Unknown,
    };

    /// <summary>Tells whether photographs of this kind are decoded.</summary>
    public static bool IsPhotograph(this FileKind kind) => kind is FileKind.Jpeg or FileKind.Png or FileKind.Bmp or FileKind.WebP;

    /// <summary>Completes a sentence such as "it is …".</summary>
    public static string Describe(this FileKind kind) => kind switch
    {
        FileKind.Empty => "empty (0 bytes)",
        FileKind.Jpeg => "a JPEG picture",
        FileKind.Png => "a PNG picture",
        FileKind.Bmp => "a BMP picture",
        FileKind.WebP => "a WebP picture",
        FileKind.Heic => "a HEIC photograph",
        FileKind.Avif => "an AVIF picture",
        FileKind.Gif => "a GIF picture",
        FileKind.Tiff => "a TIFF picture or a camera's raw file",
        FileKind.JpegXl => "a JPEG XL picture",
        FileKind.Jpeg2000 => "a JPEG 2000 picture",
        FileKind.Video => "a video",
        FileKind.Pdf => "a PDF document",
        FileKind.Html => "a web page (HTML)",
        FileKind.MLNetModel => "an ML.NET model (.zip)",
        FileKind.FaceModel => "a face model of ML.NET (.zip)",
        FileKind.TorchZip => "a PyTorch file (.zip by torch.save)",
        FileKind.CompressedTorchZip => "a PyTorch file in a compressed .zip",
        FileKind.TorchScript => "a TorchScript program",
        FileKind.PartialZip => "a .zip that is not whole",
        FileKind.Archive => "an archive (gzip, 7z, RAR or tar)",
        FileKind.Zip => "a .zip archive",
        FileKind.Onnx => "an ONNX model",
        FileKind.Safetensors => "a safetensors file",
        FileKind.TrainingCheckpoint => "a checkpoint of a training run (safetensors)",
        FileKind.MxNetParameters => "a file of MXNet parameters",
        FileKind.Hdf5 => "an HDF5 file, as Keras writes weights",
        FileKind.NumPyArray => "a NumPy array",
        FileKind.Pickle => "a Python pickle",
        FileKind.GitLfsPointer => "a Git LFS pointer, not the file itself (git lfs pull fetches it)",
        FileKind.Sqlite => "an SQLite database",
        FileKind.RecordIO => "an MXNet record file",
        FileKind.Text => "a text file",
        _ => "of no known kind",
    };

    /// <summary>Looks at ISO base media: the box "ftyp" holds a main brand, a version, and the brands that it is compatible with.</summary>
    private static FileKind OfBrands(ReadOnlySpan<byte> start)
    {
        int end = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(start), (uint)start.Length);
        bool isHeic = false, isAvif = false;
        for (int at = 8; at + 4 <= end; at += at == 8 ? 8 : 4)
        {
            ReadOnlySpan<byte> brand = start.Slice(at, 4);
            isAvif |= brand.SequenceEqual("avif"u8) || brand.SequenceEqual("avis"u8);
            isHeic |= brand.StartsWith("hei"u8) || brand.StartsWith("hev"u8) || brand.SequenceEqual("mif1"u8) || brand.SequenceEqual("msf1"u8);
        }

        // An AVIF names "mif1" too.
        return isAvif ? FileKind.Avif : isHeic ? FileKind.Heic : FileKind.Video;
    }

    private static FileKind OfFirstEntry(ReadOnlySpan<byte> start)
    {
        const int lengthAt = 26, nameAt = 30;
        if (start.Length < nameAt)
        {
            return FileKind.Zip;
        }

        int length = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(start[lengthAt..]), start.Length - nameAt);
        string name = Encoding.UTF8.GetString(start.Slice(nameAt, length)).Replace('\\', '/');
        return name switch
        {
            _ when name.StartsWith("TrainingInfo/", StringComparison.Ordinal) || name.StartsWith("TransformerChain/", StringComparison.Ordinal)
                || name.StartsWith("Model.key", StringComparison.Ordinal) => FileKind.MLNetModel,
            _ when name.EndsWith("/data.pkl", StringComparison.Ordinal) || name.EndsWith("/.format_version", StringComparison.Ordinal) => FileKind.TorchZip,
            _ => FileKind.Zip,
        };
    }

    private static bool IsSafetensors(ReadOnlySpan<byte> start) =>
        start.Length > 8 && start[8] == (byte)'{' && BinaryPrimitives.ReadUInt64LittleEndian(start) is >= 2 and <= LongestSafetensorsHeader;

    /// <summary>Looks for a protobuf ModelProto: its version of the format, and then a field of producer, domain, version, note, graph or operators.</summary>
    private static bool IsOnnx(ReadOnlySpan<byte> start) =>
        start is [0x08, >= 1 and <= NewestOnnxVersion, 0x12 or 0x1A or 0x22 or 0x28 or 0x32 or 0x3A or 0x42, ..];

    /// <summary>Looks for "BM", which begins many a text; in pictures two numbers of 16 bits that are zero stand behind it, and where the pixels begin.</summary>
    private static bool IsBmp(ReadOnlySpan<byte> start) =>
        start is [(byte)'B', (byte)'M', _, _, _, _, 0, 0, 0, 0, ..] || (start.StartsWith("BM"u8) && !IsText(start));

    private static bool IsText(ReadOnlySpan<byte> start)
    {
        if (start is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            return start.Length % 2 == 0 || start.Length >= DecidingBytes;
        }

        while (!start.IsEmpty)
        {
            OperationStatus status = Rune.DecodeFromUtf8(start, out Rune rune, out int length);
            if (status == OperationStatus.InvalidData || (rune.Value < ' ' && rune.Value is not ('\t' or '\n' or '\f' or '\r')) || rune.Value == 0x7F)
            {
                return false;
            }

            // The first bytes may end within a character.
            start = status == OperationStatus.NeedMoreData ? [] : start[length..];
        }

        return true;
    }

    private static bool IsHtml(ReadOnlySpan<byte> start)
    {
        string text = Encoding.UTF8.GetString(start).TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        return text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<head", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<body", StringComparison.OrdinalIgnoreCase)
            || (text.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase) && text.Contains("<html", StringComparison.OrdinalIgnoreCase));
    }
}
