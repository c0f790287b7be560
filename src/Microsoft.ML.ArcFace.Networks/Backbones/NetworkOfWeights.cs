using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>Tells by names and shapes which network the tensors of a file belong to.</summary>
/// <param name="Name">In words, such as "IResNet100 (r100)".</param>
/// <param name="Architecture">The network, if it is one of ours.</param>
/// <param name="EmbeddingSize">Numbers in its embedding, if that can be told.</param>
internal sealed record NetworkOfWeights(string Name, BackboneArchitecture? Architecture, long? EmbeddingSize)
{
    /// <summary>The BatchNorm behind the embedding layer of IResNet and MobileFaceNet: its size is the embedding's.</summary>
    private static readonly string[] LastNormNames = ["features.weight", "features.layers.3.weight"];

    /// <summary>Families of other programs, by a tensor that each network of the family has.</summary>
    private static readonly (string Tensor, string Family)[] OtherFamilies =
    [
        (IrNetwork.FirstTensor, "an IResNet or IR-SE network with other names (input_layer, body, output_layer), as AdaFace and CVLFace publish them"),
        ("conv2d_1a.conv.weight", "an InceptionResnetV1 of facenet-pytorch"),
        ("patch_embed.proj.weight", "a vision transformer"),
        ("cls_token", "a vision transformer"),
        ("conv_6_dw.conv.weight", "a MobileFaceNet with other names (conv_6_dw), as InsightFace_Pytorch publishes it"),
        ("features.0.0.weight", "a MobileNet or another network of torchvision"),
        ("layer1.0.conv1.weight", "a ResNet of torchvision"),
    ];

    /// <summary>Looks at the tensors, under their published names; null if they tell nothing.</summary>
    public static NetworkOfWeights? Recognize(IReadOnlyDictionary<string, StoredTensor> tensors)
    {
        long? size = EmbeddingSizeOf(tensors);
        if (tensors.ContainsKey("prelu.weight") && tensors.ContainsKey("layer1.0.bn1.weight"))
        {
            int[] blocks = [.. Enumerable.Range(1, 4).Select(stage => BlocksOf(tensors.Keys, stage))];
            return IResNet.ArchitectureOf(blocks) is { } iresnet ? Ours(iresnet, size) : new($"an IResNet of {string.Join(", ", blocks)} blocks", null, size);
        }

        if (tensors.ContainsKey("conv_sep.layers.0.weight") && tensors.TryGetValue("layers.0.layers.0.weight", out StoredTensor? stem) && stem.Shape is [var width, ..])
        {
            return MobileFaceNet.ArchitectureOf(width) is { } mobile ? Ours(mobile, size) : new($"a MobileFaceNet whose stem has {width} channels", null, size);
        }

        return Array.Find(OtherFamilies, family => tensors.ContainsKey(family.Tensor)) is { Family: { } name } ? new(name, null, null) : null;
    }

    /// <summary>Finds how many numbers an embedding has; null if the tensors do not tell.</summary>
    public static long? EmbeddingSizeOf(IReadOnlyDictionary<string, StoredTensor> tensors) =>
        Array.Find(LastNormNames, tensors.ContainsKey) is { } name && tensors[name].Shape is [var size] ? size : null;

    /// <summary>Says why the tensors do not fit a network, and what to set; null if they are of such a network.</summary>
    public string? Mismatch(BackboneArchitecture wanted, int wantedSize)
    {
        string numbers = EmbeddingSize is { } found ? $" with {found} numbers in an embedding" : "";
        if (Architecture is not { } architecture)
        {
            return $"It holds weights of {Name}{numbers}; the network is {Describe(wanted)}. Give weights of that network, by the names of InsightFace's arcface_torch ({string.Join(", ", BackboneArchitectures.ShortNames)} can be read).";
        }

        return architecture != wanted
            ? $"It holds weights of {Name}{numbers}; the network is {Describe(wanted)}. Set the network to {nameof(BackboneArchitecture)}.{architecture} (--backbone {architecture.ToShortName()}), or give weights of {Describe(wanted)}."
            : EmbeddingSize is { } size && size != wantedSize
            ? $"It holds weights of {Name}{numbers}; EmbeddingSize is {wantedSize}. Set it to {size} (--embedding-size {size})."
            : null;
    }

    private static NetworkOfWeights Ours(BackboneArchitecture architecture, long? size) => new(Describe(architecture), architecture, size);

    private static string Describe(BackboneArchitecture architecture) => $"{architecture} ({architecture.ToShortName()})";

    private static int BlocksOf(IEnumerable<string> names, int stage)
    {
        string start = $"layer{stage}.";
        return names.Where(name => name.StartsWith(start, StringComparison.Ordinal))
            .Select(name => int.TryParse(name[start.Length..].Split('.', 2)[0], out int block) ? block + 1 : 0).DefaultIfEmpty().Max();
    }
}
