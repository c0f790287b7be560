using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>Brings the weights of a file into a backbone, by the published names.</summary>
internal static class BackboneWeights
{
    /// <summary>What programs put before the names: DataParallel, torch.compile, a surrounding module.</summary>
    private static readonly string[] Wrappers = ["module.", "_orig_mod.", "model."];

    /// <summary>What our own files call the class centres [people, d].</summary>
    public const string ClassCentresName = "class_centers";

    private const string BackbonePrefix = "backbone.";

    /// <summary>The moving average in a checkpoint of the trainer, which is what becomes the model.</summary>
    private const string AveragePrefix = "average.backbone.";
    private const string CounterName = "num_batches_tracked";
    private const string VarianceName = "running_var";

    /// <summary>A backbone in training mode with the weights of a file; its embedding size is the file's.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="WeightsFormatException">The file is damaged, or its tensors do not fit; all of them are listed.</exception>
    public static FaceBackbone Load(string path, BackboneArchitecture architecture)
    {
        using var file = WeightsFile.Open(path);
        FaceBackbone backbone = FaceBackbone.Create(architecture, EmbeddingSizeOf(file));
        try
        {
            CopyInto(file, backbone, path);
            return backbone;
        }
        catch
        {
            backbone.Dispose();
            throw;
        }
    }

    /// <summary>Copies the weights of a file into a backbone.</summary>
    /// <exception cref="WeightsFormatException">The file is damaged, or its tensors do not fit; all of them are listed.</exception>
    public static void CopyInto(WeightsFile file, FaceBackbone backbone, string path)
    {
        try
        {
            List<(StoredTensor Stored, Tensor Target)> pairs = Pair(file, backbone);
            file.CopyInto(pairs);
            CheckVariances(pairs);
        }
        catch (WeightsFormatException error)
        {
            throw new WeightsFormatException($"'{path}': {error.Message}", error);
        }
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

    private static int EmbeddingSizeOf(WeightsFile file)
    {
        const int usual = 512;
        return NetworkOfWeights.EmbeddingSizeOf(ByPublishedName(file)) is >= FaceBackbone.SmallestEmbeddingSize and <= FaceBackbone.LargestEmbeddingSize and var size ? (int)size : usual;
    }

    private static List<(StoredTensor Stored, Tensor Target)> Pair(WeightsFile file, FaceBackbone backbone)
    {
        Dictionary<string, StoredTensor> stored = ByPublishedName(file);
        if (NetworkOfWeights.Recognize(stored)?.Mismatch(backbone.Architecture, backbone.EmbeddingSize) is { } mismatch)
        {
            throw new WeightsFormatException(mismatch);
        }

        Dictionary<string, Tensor> targets = ModuleState.Of(backbone).ToDictionary(entry => entry.Name, entry => entry.Tensor);
        WeightsMismatch.ThrowIfAny(
            missing: [.. targets.Keys.Where(name => !stored.ContainsKey(name) && !name.EndsWith(CounterName, StringComparison.Ordinal))],
            surplus: [.. stored.Keys.Where(name => !targets.ContainsKey(name))],
            ofAnotherKind: [.. stored.Where(entry => targets.TryGetValue(entry.Key, out Tensor? target) && !Fits(entry.Value, target))
                .Select(entry => $"{entry.Key} ({entry.Value.Describe()}, must be {SafetensorsType.NameOf(targets[entry.Key].dtype)} [{string.Join(", ", targets[entry.Key].shape)}])")]);
        return [.. stored.Select(entry => (entry.Value, targets[entry.Key]))];
    }

    /// <summary>Floating-point numbers of any width fit each other, and so do whole numbers.</summary>
    private static bool Fits(StoredTensor stored, Tensor target)
    {
        bool isFloat = stored.Elements.Type is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;
        return isFloat == target.is_floating_point() && target.shape.AsSpan().SequenceEqual(stored.Shape);
    }

    private static void CheckVariances(List<(StoredTensor Stored, Tensor Target)> pairs)
    {
        using var scope = NewDisposeScope();
        foreach ((StoredTensor stored, Tensor target) in pairs)
        {
            if (stored.Name.EndsWith(VarianceName, StringComparison.Ordinal) && target.IsBelow(0).any().item<bool>())
            {
                throw new WeightsFormatException($"Tensor '{stored.Name}' holds variances below 0: the file is damaged.");
            }
        }
    }
}
