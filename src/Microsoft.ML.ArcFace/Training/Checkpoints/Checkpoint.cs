using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Weights;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// A run as it stood between two steps, in a safetensors file: its tensors, and as metadata its settings and position in
/// JSON, with a SHA-256 over all of it.
/// </summary>
internal sealed record Checkpoint(string Path, RunSettings Settings, RunPosition Position)
{
    /// <summary>The tensor of photographs that are left out, by their place in the data.</summary>
    public const string LeftOutName = "left_out";

    private const string Version = "1", VersionName = FileNature.TrainingCheckpointKey, SettingsName = "settings", PositionName = "position", HashName = "sha256";
    private const int PieceSize = 1 << 20;

    /// <summary>Writes the file whole or not at all.</summary>
    public void Save(IReadOnlyList<(string Name, Tensor Tensor)> tensors)
    {
        var metadata = new Dictionary<string, string>
        {
            [VersionName] = Version,
            [SettingsName] = JsonSerializer.Serialize(Settings.Values, RunJson.Legible.IReadOnlyDictionaryStringString),
            [PositionName] = JsonSerializer.Serialize(Position, RunJson.Legible.RunPosition),
        };
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AppendText(hash, metadata);
        foreach ((string name, Tensor tensor) in tensors)
        {
            AppendName(hash, name);
            TensorBytes.Read(tensor, bytes => hash.AppendData(bytes));
        }

        metadata[HashName] = Convert.ToHexStringLower(hash.GetHashAndReset());
        using var file = new WholeFile(Path);
        Safetensors.Write(file.Stream, tensors, metadata);
        file.Complete();
    }

    /// <summary>Reads what the file says of itself, and compares all of it with its hash.</summary>
    /// <exception cref="WeightsFormatException">It is damaged, or no checkpoint.</exception>
    /// <exception cref="InvalidOperationException">A newer version wrote it.</exception>
    public static Checkpoint Open(string path)
    {
        using WeightsFile file = WeightsFile.Open(path);
        if (!file.Metadata.TryGetValue(VersionName, out string? version))
        {
            throw new WeightsFormatException($"'{path}' is no checkpoint of a training run.");
        }

        if (version != Version)
        {
            throw new InvalidOperationException($"The checkpoint '{path}' has version {version} of its format; this package reads version {Version}. Go on with the package that wrote it, or a newer one.");
        }

        CheckHash(path, file);
        RunPosition position = Read(path, file, PositionName, RunJson.Legible.RunPosition);
        return position is { Epoch: >= 1, Batch: >= 0, Step: >= 0 } && (position.UntrainedLoss?.Length ?? TrainingHealth.MarginFractions.Length) == TrainingHealth.MarginFractions.Length
            ? new Checkpoint(path, new RunSettings(Read(path, file, SettingsName, RunJson.Legible.DictionaryStringString)), position)
            : throw new WeightsFormatException($"'{path}' has no possible {PositionName}: epoch {position.Epoch}, batch {position.Batch}, step {position.Step}.");
    }

    /// <summary>Copies the tensors into others, which must be those that were saved.</summary>
    /// <exception cref="WeightsFormatException">They are not.</exception>
    public void CopyInto(IReadOnlyList<(string Name, Tensor Tensor)> targets)
    {
        using WeightsFile file = WeightsFile.Open(Path);
        Dictionary<string, StoredTensor> stored = file.Tensors.ToDictionary(tensor => tensor.Name);
        var wanted = targets.Select(target => target.Name).ToHashSet();
        WeightsMismatch.ThrowIfAny(
            missing: [.. wanted.Where(name => !stored.ContainsKey(name))],
            surplus: [.. stored.Keys.Where(name => !wanted.Contains(name))],
            ofAnotherKind: [.. targets
                .Where(target => stored.TryGetValue(target.Name, out StoredTensor? found) && !(found.Elements.Type == target.Tensor.dtype.ToElementType() && found.Shape.AsSpan().SequenceEqual(target.Tensor.shape)))
                .Select(target => target.Name)]);
        file.CopyInto(targets.Select(target => (stored[target.Name], target.Tensor)));
    }

    /// <summary>The photographs that are left out, by their place in a set of so many.</summary>
    public IReadOnlySet<int> LeftOut(int photographs)
    {
        using WeightsFile file = WeightsFile.Open(Path);
        using var scope = NewDisposeScope();
        StoredTensor stored = file.Tensors.FirstOrDefault(tensor => tensor.Name == LeftOutName && tensor.Elements.Type == ElementType.Int64 && tensor.Shape is [var count] && count < photographs)
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
        foreach (string name in new[] { VersionName, SettingsName, PositionName })
        {
            AppendName(hash, metadata.GetValueOrDefault(name, ""));
        }
    }

    private static void AppendName(IncrementalHash hash, string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + '\0'));
}
