using System.Text;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>Tells what a file is by more than its first bytes: what a zip holds, what a safetensors file is for.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="What">The kind in words, such as "an ONNX model".</param>
internal sealed record FileNature(FileKind Kind, string What)
{
    /// <summary>The name of the weights in our entry of a saved model.</summary>
    public const string ModelWeightsName = "Weights.safetensors";

    /// <summary>The metadata by which a checkpoint of the trainer is known.</summary>
    public const string TrainingCheckpointKey = "arcface_checkpoint";

    private const int StartSize = 4096, NamedEntries = 3;

    /// <summary>Finds the kind of a file; null if it cannot be read.</summary>
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

    /// <summary>Finds the kind of a file.</summary>
    public static FileNature Of(ByteSource source)
    {
        byte[] start = new byte[Math.Min(source.Length, StartSize)];
        source.Read(0, start);
        return FileKinds.Of(start.AsSpan(0, Math.Min(start.Length, FileKinds.DecidingBytes))) switch
        {
            FileKind.Zip or FileKind.MLNetModel or FileKind.TorchZip => OfZip(source),
            FileKind.Safetensors when start.AsSpan().IndexOf(Encoding.ASCII.GetBytes($"\"{TrainingCheckpointKey}\"")) >= 0 => Of(FileKind.TrainingCheckpoint),
            var kind => Of(kind),
        };
    }

    private static FileNature Of(FileKind kind) => new(kind, kind.Describe());

    private static FileNature OfZip(ByteSource source)
    {
        IReadOnlyDictionary<string, ZipEntry> entries;
        try
        {
            entries = ZipDirectory.Read(source);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            return new(FileKind.PartialZip, $"{FileKind.PartialZip.Describe()} ({error.Message})");
        }

        bool Has(string fileName) => entries.Values.Any(entry => entry.FileName == fileName);
        if (Has(ModelWeightsName))
        {
            return Of(FileKind.FaceModel);
        }

        if (entries.Keys.Any(name => name.Replace('\\', '/') == "TrainingInfo/Version.txt"))
        {
            return new(FileKind.MLNetModel, $"{FileKind.MLNetModel.Describe()} without a face embedding in it");
        }

        if (Has("data.pkl"))
        {
            return Of(Has("constants.pkl") ? FileKind.TorchScript
                : entries.Values.Any(entry => entry.Packing != ZipPacking.Stored) ? FileKind.CompressedTorchZip
                : FileKind.TorchZip);
        }

        string[] names = [.. entries.Keys.Where(name => !name.EndsWith('/')).Order(StringComparer.Ordinal)];
        string listed = string.Join(", ", names.Take(NamedEntries).Select(name => $"'{name}'"));
        return new(FileKind.Zip, names.Length == 0 ? "an empty .zip archive" : $"a .zip archive with {listed}{(names.Length > NamedEntries ? $" and {names.Length - NamedEntries} more files" : "")} in it");
    }
}
