using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>Brings the weights of a file into a network, by the published names.</summary>
internal static class NetworkWeights
{
    /// <summary>What our own files call the class centres [people, d].</summary>
    public const string ClassCentresName = "class_centers";

    /// <summary>What programs put before the names: DataParallel, torch.compile, a surrounding module.</summary>
    private static readonly string[] Wrappers = ["module.", "_orig_mod.", "model."];

    private const string BackbonePrefix = "backbone.";

    /// <summary>The moving average in a checkpoint of the trainer, which is what becomes the model.</summary>
    private const string AveragePrefix = "average.backbone.";
    private const string VarianceName = "running_var";

    /// <summary>Copies the weights of a file into the tensors of a network.</summary>
    /// <param name="file">The file.</param>
    /// <param name="network">The network.</param>
    /// <param name="tensors">Its tensors by name.</param>
    /// <param name="path">The name of the file, for messages.</param>
    /// <param name="constants">Tensors that the file need not have; null: it must have all.</param>
    /// <exception cref="WeightsFormatException">The file is damaged, or its tensors do not fit; all of them are listed.</exception>
    public static void CopyInto(
        WeightsFile file, NetworkDescription network, IReadOnlyDictionary<string, WritableTensor> tensors, string path, IReadOnlyDictionary<string, StateTensor>? constants = null)
    {
        try
        {
            List<(StoredTensor Stored, WritableTensor Target)> pairs = Pair(file, network, tensors, constants?.Keys ?? []);
            file.CopyInto(pairs);
            foreach ((string name, StateTensor tensor) in constants ?? new Dictionary<string, StateTensor>())
            {
                tensors[name].CopyFrom(tensor);
            }

            CheckVariances(pairs);
        }
        catch (WeightsFormatException error)
        {
            throw new WeightsFormatException($"'{path}': {error.Message}", error);
        }
    }

    /// <summary>The embedding size of the network that a file has weights of; the usual one if that cannot be told.</summary>
    public static int EmbeddingSizeOf(WeightsFile file)
    {
        const int usual = 512;
        return NetworkOfWeights.EmbeddingSizeOf(ByPublishedName(file)) is >= BackboneDescription.SmallestEmbeddingSize and <= BackboneDescription.LargestEmbeddingSize and var size ? (int)size : usual;
    }

    /// <summary>The tensors of a file by their published names.</summary>
    /// <exception cref="WeightsFormatException">Two tensors have one name.</exception>
    internal static Dictionary<string, StoredTensor> ByPublishedName(WeightsFile file)
    {
        List<(string Name, StoredTensor Tensor)> named = [.. file.Tensors.Select(tensor => (Unwrap(tensor.Name), tensor))];

        // A whole training model: what is not of the backbone is its class centres and the like.
        named.RemoveAll(entry => entry.Name == ClassCentresName);
        if (Array.Find([AveragePrefix, BackbonePrefix], start => named.Exists(entry => entry.Name.StartsWith(start, StringComparison.Ordinal))) is { } prefix)
        {
            named = [.. named.Where(entry => entry.Name.StartsWith(prefix, StringComparison.Ordinal)).Select(entry => (Unwrap(entry.Name[prefix.Length..]), entry.Tensor))];
        }

        // Programs of AdaFace's family keep the network within modules of other names.
        if (named.Find(entry => entry.Name.EndsWith("." + IrNetwork.FirstTensor, StringComparison.Ordinal)) is { Name: { } first })
        {
            string within = first[..^IrNetwork.FirstTensor.Length];
            named = [.. named.Select(entry => entry.Name.StartsWith(within, StringComparison.Ordinal) ? (entry.Name[within.Length..], entry.Tensor) : entry)];
        }

        var byName = new Dictionary<string, StoredTensor>();
        foreach ((string name, StoredTensor tensor) in named)
        {
            if (!byName.TryAdd(name, tensor))
            {
                throw new WeightsFormatException($"The tensor '{name}' is there twice ('{byName[name].Name}' and '{tensor.Name}').");
            }
        }

        return byName;
    }

    private static string Unwrap(string name)
    {
        while (Array.Find(Wrappers, wrapper => name.StartsWith(wrapper, StringComparison.Ordinal)) is { } prefix)
        {
            name = name[prefix.Length..];
        }

        return name;
    }

    private static List<(StoredTensor Stored, WritableTensor Target)> Pair(WeightsFile file, NetworkDescription network, IReadOnlyDictionary<string, WritableTensor> tensors, IEnumerable<string> constants)
    {
        Dictionary<string, StoredTensor> stored = ByPublishedName(file);
        if (IrNetwork.IsOf(stored))
        {
            stored = stored.Where(entry => IrNetwork.HasTensor(entry.Key) || network.FindTensor(entry.Key) is not null).ToDictionary();
        }

        if (BackboneArchitectures.TryParse(network.Name, out BackboneArchitecture wanted) && NetworkOfWeights.Recognize(stored)?.Mismatch(wanted, network.OutputSize) is { } mismatch)
        {
            throw new WeightsFormatException(mismatch);
        }

        WeightsMismatch.ThrowIfAny(
            missing: [.. network.Tensors.Where(tensor => !stored.ContainsKey(tensor.Name) && tensor.Kind != TensorKind.Counter && !constants.Contains(tensor.Name)).Select(tensor => tensor.Name)],
            surplus: [.. stored.Keys.Where(name => network.FindTensor(name) is null)],
            ofAnotherKind: [.. stored.Where(entry => network.FindTensor(entry.Key) is { } tensor && !Fits(entry.Value, tensor))
                .Select(entry => $"{entry.Key} ({entry.Value.Describe()}, must be {network.FindTensor(entry.Key)!.Describe()})")],
            remedy: $"They are read as a network '{network.Name}' with embeddings of {network.OutputSize} numbers: give a whole file of that network, or say which other one it is of.");
        return [.. stored.Select(entry => (entry.Value, tensors[entry.Key]))];
    }

    /// <summary>Floating-point numbers of any width fit each other, and so do whole numbers.</summary>
    private static bool Fits(StoredTensor stored, NetworkTensor tensor) =>
        ElementConversion.IsReal(stored.Elements.Type) == ElementConversion.IsReal(tensor.Type) && tensor.Shape.AsSpan().SequenceEqual(stored.Shape);

    private static void CheckVariances(List<(StoredTensor Stored, WritableTensor Target)> pairs)
    {
        foreach ((StoredTensor stored, WritableTensor target) in pairs)
        {
            if (stored.Name.EndsWith(VarianceName, StringComparison.Ordinal) && Array.Exists(target.ToSingles(), variance => variance < 0))
            {
                throw new WeightsFormatException($"Tensor '{stored.Name}' holds variances below 0: the file is damaged.");
            }
        }
    }
}
