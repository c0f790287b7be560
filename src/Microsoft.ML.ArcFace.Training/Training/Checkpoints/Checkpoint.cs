using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Weights;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// A run as it stood between two steps, in a safetensors file: its tensors, and as metadata its identity and numbers in
/// JSON, with a SHA-256 over all of it.
/// </summary>
internal sealed record Checkpoint(string Path, RunIdentity Identity, IReadOnlyDictionary<string, double[]> Numbers)
{
    private const string Version = "2", VersionName = FileNature.TrainingCheckpointKey, IdentityName = "identity", NumbersName = "numbers", HashName = "sha256";
    private const int PieceSize = 1 << 20;

    /// <summary>Writes the file whole or not at all.</summary>
    public static Checkpoint Write(string path, RunIdentity identity, SavedState state)
    {
        var metadata = new Dictionary<string, string>
        {
            [VersionName] = Version,
            [IdentityName] = JsonSerializer.Serialize(identity.Values, RunJson.Legible.IReadOnlyDictionaryStringString),
            [NumbersName] = JsonSerializer.Serialize(state.AllNumbers, RunJson.Legible.IReadOnlyDictionaryStringDoubleArray),
        };
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AppendText(hash, metadata);
        foreach ((string name, Tensor tensor) in state.AllTensors)
        {
            AppendName(hash, name);
            TensorBytes.Read(tensor, bytes => hash.AppendData(bytes));
        }

        metadata[HashName] = Convert.ToHexStringLower(hash.GetHashAndReset());
        using var file = new WholeFile(path);
        Safetensors.Write(file.Stream, state.AllTensors, metadata);
        file.Complete();
        return new Checkpoint(path, identity, state.AllNumbers);
    }

    /// <summary>Reads what the file says of itself, and compares all of it with its hash.</summary>
    /// <exception cref="WeightsFormatException">It is damaged, or no checkpoint.</exception>
    /// <exception cref="InvalidOperationException">Another version wrote it.</exception>
    public static Checkpoint Open(string path)
    {
        using WeightsFile file = WeightsFile.Open(path);
        if (!file.Metadata.TryGetValue(VersionName, out string? version))
        {
            throw new WeightsFormatException($"'{path}' is no checkpoint of a training run.");
        }

        if (version != Version)
        {
            throw new InvalidOperationException($"The checkpoint '{path}' has version {version} of its format; this package reads version {Version}. Go on with the package that wrote it, or set {nameof(ArcFaceTrainer.Options.Resume)} = false to start a new run in its place.");
        }

        CheckHash(path, file);
        return new Checkpoint(path, new RunIdentity(Read(path, file, IdentityName, RunJson.Legible.DictionaryStringString)), Read(path, file, NumbersName, RunJson.Legible.DictionaryStringDoubleArray));
    }

    /// <summary>The photographs that are left out, by their place in a set of so many.</summary>
    public IReadOnlySet<int> LeftOut(int photographs)
    {
        using WeightsFile file = WeightsFile.Open(Path);
        using var scope = NewDisposeScope();
        StoredTensor stored = file.Tensors.FirstOrDefault(tensor => tensor.Name == TrainingFaces.LeftOutName && tensor.Elements.Type == ElementType.Int64 && tensor.Shape is [var count] && count < photographs)
            ?? throw new WeightsFormatException($"The checkpoint '{Path}' does not say which of the {photographs} photographs are left out.");
        Tensor places = empty(stored.Shape, dtype: ScalarType.Int64);
        file.CopyInto([(stored, places)]);
        return places.data<long>().Select(place => (int)place).ToHashSet();
    }

    private static void CheckHash(string path, WeightsFile file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AppendText(hash, file.Metadata);
        using ByteSource source = ByteSource.Open(path);
        byte[] piece = new byte[PieceSize];
        foreach (StoredTensor tensor in file.Tensors)
        {
            AppendName(hash, tensor.Name);
            for (long done = 0; done < tensor.Elements.ByteCount; done += PieceSize)
            {
                Span<byte> part = piece.AsSpan(0, (int)Math.Min(PieceSize, tensor.Elements.ByteCount - done));
                source.Read(tensor.Elements.Position + done, part);
                hash.AppendData(part);
            }
        }

        if (file.Metadata.GetValueOrDefault(HashName) != Convert.ToHexStringLower(hash.GetHashAndReset()))
        {
            throw new WeightsFormatException($"'{path}' does not have its checksum: it was altered after it was written.");
        }
    }

    private static T Read<T>(string path, WeightsFile file, string name, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(file.Metadata[name], type) ?? throw new JsonException("it is null");
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException)
        {
            throw new WeightsFormatException($"'{path}' has no readable {name}: {error.Message}", error);
        }
    }

    /// <summary>All metadata but the hash itself.</summary>
    private static void AppendText(IncrementalHash hash, IReadOnlyDictionary<string, string> metadata)
    {
        foreach (string name in new[] { VersionName, IdentityName, NumbersName })
        {
            AppendName(hash, metadata.GetValueOrDefault(name, ""));
        }
    }

    private static void AppendName(IncrementalHash hash, string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + '\0'));
}
