using System.Globalization;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>
/// Describes the IResNets of AdaFace, CVLFace, face.evoLVe and TFace ("ir_50", "ir_se_50", …) from the tensors of a file, under the
/// names that these have there. How many blocks there are, how wide, with attention to channels or without, follows from names and shapes.
/// </summary>
internal static class IrNetwork
{
    /// <summary>A tensor that every network of the family has, and no other.</summary>
    public const string FirstTensor = Stem + "0.weight";

    private const string Stem = "input_layer.", Body = "body.", Head = "output_layer.", LastNorm = Head + "4";
    private const int MostBlocks = 200;

    /// <summary>Twice the numbers of an IResNet-200; a small file can name any, for its tensors may be views of a few bytes.</summary>
    private const long MostNumbers = 1L << 28;

    /// <summary>Each stage halves the resolution: 112 → 7.</summary>
    private const int Stages = BackboneDescription.StageCount, LastSide = FaceInput.Size >> Stages;

    private static readonly Dictionary<string, string> s_names = new()
    {
        ["2, 2, 2, 2"] = "18", ["3, 4, 6, 3"] = "34", ["3, 4, 14, 3"] = "50", ["3, 13, 30, 3"] = "101", ["3, 8, 36, 3"] = "152",
    };

    /// <summary>Tells whether a tensor is one of the network; others of a file, such as class centers, are of its training.</summary>
    public static bool HasTensor(string name) => Array.Exists([Stem, Body, Head], part => name.StartsWith(part, StringComparison.Ordinal));

    /// <summary>Tells whether the tensors are those of a network of the family.</summary>
    public static bool IsOf(IReadOnlyDictionary<string, StoredTensor> tensors) => tensors.ContainsKey(FirstTensor);

    /// <summary>Tells whether a file holds such a network, be it within modules of other names.</summary>
    public static bool IsOf(WeightsFile file) => file.Tensors.Any(tensor => tensor.Name == FirstTensor || tensor.Name.EndsWith("." + FirstTensor, StringComparison.Ordinal));

    /// <summary>
    /// Describes the network of these tensors: [batch, 3, 112, 112] → [batch, d], not normalized. The last norm has a scale of 1 and a
    /// shift of 0 where the file has none (<see cref="ConstantsOf"/>).
    /// </summary>
    /// <exception cref="WeightsFormatException">They make no network of the family that reads faces of 112×112 pixels.</exception>
    public static NetworkDescription Describe(IReadOnlyDictionary<string, StoredTensor> tensors)
    {
        long[] widths = [.. Enumerable.Range(0, BlocksOf(tensors)).Select(block => Sizes(tensors, $"{Body}{block}.res_layer.1.weight")[0])];
        int[] blocksOfStage = StagesOf(widths);
        bool hasAttention = AttentionOf(tensors, 0) is not null;
        string depth = s_names.GetValueOrDefault(string.Join(", ", blocksOfStage), string.Join("_", blocksOfStage));
        var network = new NetworkBuilder($"ir_{(hasAttention ? "se_" : "")}{depth}", FaceInput.Name, FaceInput.Channels, FaceInput.Size, FaceInput.Size);
        string value = network.Convolution(FaceInput.Name, Stem + "0", Sizes(tensors, FirstTensor)[0], Drawn, kernel: 3, padding: 1);
        value = network.BatchNormalization(value, Stem + "1");
        value = network.ParametricRelu(value, Stem + "2");
        int first = 0;
        foreach (int blocks in blocksOfStage)
        {
            network.Stage++;
            for (int block = first; block < first + blocks; block++)
            {
                value = AddBlock(network, value, block, widths[block], stride: block == first ? 2 : 1, tensors);
            }

            first += blocks;
        }

        network.Stage++;
        long embeddingSize = EmbeddingSizeOf(tensors, network.Channels(value));
        value = network.HeadInput(network.BatchNormalization(value, Head + "0"), Head, dropout: 0);
        value = network.Linear(value, Head + "3", embeddingSize, hasBias: tensors.ContainsKey(Head + "3.bias"), initialization: null);
        bool isAffine = tensors.ContainsKey(LastNorm + ".weight");
        NetworkDescription described = network.Build(network.BatchNormalization(value, LastNorm, isScaleFixed: !isAffine, isShiftFixed: !isAffine));
        long numbers = described.Tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (count, size) => count * size));
        return numbers <= MostNumbers ? described : throw new WeightsFormatException($"A network of its blocks has {numbers} numbers; read are {MostNumbers} at most.");
    }

    /// <summary>The tensors of the description that the file leaves out, because they are what a norm without scale and shift has.</summary>
    public static IReadOnlyDictionary<string, StateTensor> ConstantsOf(NetworkDescription network, IReadOnlyDictionary<string, StoredTensor> tensors) =>
        network.Tensors.Where(tensor => tensor.Kind == TensorKind.FixedWeight && !tensors.ContainsKey(tensor.Name)).ToDictionary(
            tensor => tensor.Name,
            tensor => (StateTensor)PlainTensor.Of(tensor.Shape, [.. Enumerable.Repeat(tensor.Name.EndsWith(".weight", StringComparison.Ordinal) ? 1f : 0, (int)tensor.Shape[0])]));

    private static WeightInitialization Drawn { get; } = new WeightInitialization.KaimingNormalByFanOut();

    /// <summary>
    /// norm → 3×3 → norm, which face.evoLVe does without → PReLU → 3×3 with the stride → norm → perhaps attention to channels, plus the
    /// shortcut: what is read, every other pixel of it where the block halves the resolution, through 1×1 and a norm where it widens.
    /// </summary>
    private static string AddBlock(NetworkBuilder network, string input, int block, long channels, long stride, IReadOnlyDictionary<string, StoredTensor> tensors)
    {
        string name = FormattableString.Invariant($"{Body}{block}."), layer = name + "res_layer.";
        bool hasNormWithin = tensors.ContainsKey(layer + "2.running_mean");
        int next = hasNormWithin ? 3 : 2;
        string value = network.BatchNormalization(input, layer + "0");
        value = network.Convolution(value, layer + "1", channels, Drawn, kernel: 3, padding: 1);
        value = hasNormWithin ? network.BatchNormalization(value, layer + "2") : value;
        value = network.ParametricRelu(value, layer + next);
        value = network.Convolution(value, layer + (next + 1), channels, Drawn, kernel: 3, stride, padding: 1);
        value = network.BatchNormalization(value, layer + (next + 2));
        if (AttentionOf(tensors, block) is { } attention)
        {
            string weight = network.GlobalAveragePool(value, attention + "avg_pool");
            weight = network.Convolution(weight, attention + "fc1", Sizes(tensors, attention + "fc1.weight")[0], Drawn, kernel: 1);
            weight = network.Function(Operators.Relu, weight, attention + "relu");
            weight = network.Convolution(weight, attention + "fc2", channels, Drawn, kernel: 1);
            weight = network.Function("Sigmoid", weight, attention + "sigmoid");
            value = network.Product(value, weight, attention + "product");
        }

        string shortcut = input;
        if (network.Channels(input) != channels)
        {
            shortcut = network.Convolution(input, name + "shortcut_layer.0", channels, Drawn, kernel: 1, stride);
            shortcut = network.BatchNormalization(shortcut, name + "shortcut_layer.1");
        }
        else if (stride != 1)
        {
            shortcut = network.MaxPool(input, name + "shortcut_layer", kernel: 1, stride);
        }

        return network.Sum(value, shortcut, name + "sum");
    }

    /// <summary>What the names of a block's attention begin with; null if it has none.</summary>
    private static string? AttentionOf(IReadOnlyDictionary<string, StoredTensor> tensors, int block) =>
        Array.Find(
            [FormattableString.Invariant($"{Body}{block}.res_layer.se_block."), FormattableString.Invariant($"{Body}{block}.res_layer.5."), FormattableString.Invariant($"{Body}{block}.res_layer.6.")],
            name => tensors.ContainsKey(name + "fc1.weight"));

    /// <summary>Blocks in each stage: a stage begins where the channels become more.</summary>
    private static int[] StagesOf(long[] widths)
    {
        int[] starts = [.. Enumerable.Range(0, widths.Length).Where(block => block == 0 || widths[block] != widths[block - 1])];
        return starts.Length == Stages
            ? [.. starts.Zip([.. starts[1..], widths.Length], (start, end) => end - start)]
            : throw new WeightsFormatException($"Its {widths.Length} blocks have {starts.Length} widths; networks with these names have {Stages}, one for each stage.");
    }

    private static int BlocksOf(IReadOnlyDictionary<string, StoredTensor> tensors)
    {
        int blocks = tensors.Keys.Where(name => name.StartsWith(Body, StringComparison.Ordinal))
            .Select(name => int.TryParse(name[Body.Length..].Split('.', 2)[0], NumberStyles.None, CultureInfo.InvariantCulture, out int block) ? block : -1).DefaultIfEmpty(-1).Max() + 1;
        return blocks is >= Stages and <= MostBlocks ? blocks : throw new WeightsFormatException($"It has {blocks} blocks ({Body}…); networks with these names have {Stages} to {MostBlocks}.");
    }

    private static long EmbeddingSizeOf(IReadOnlyDictionary<string, StoredTensor> tensors, long channels)
    {
        const string name = Head + "3.weight";
        const long columns = LastSide * LastSide;
        long[] sizes = tensors.TryGetValue(name, out StoredTensor? linear) ? linear.Shape : [];
        return sizes is [>= BackboneDescription.SmallestEmbeddingSize and <= BackboneDescription.LargestEmbeddingSize and var size, var inputs] && inputs == channels * columns
            ? size
            : throw new WeightsFormatException($"Its tensor '{name}' is [{string.Join(", ", sizes)}], where [d, {channels * columns}] is due for faces of {FaceInput.Size}×{FaceInput.Size} pixels. Export networks for other sizes or with another head to .onnx.");
    }

    /// <summary>The sizes of a 3×3 or 1×1 convolution's weight.</summary>
    private static long[] Sizes(IReadOnlyDictionary<string, StoredTensor> tensors, string name)
    {
        const int widest = 1 << 12;
        long[] sizes = tensors.TryGetValue(name, out StoredTensor? weight) ? weight.Shape : throw new WeightsFormatException($"It lacks the tensor '{name}'.");
        bool isAttention = name.Contains(".fc", StringComparison.Ordinal);
        return sizes is [> 0 and <= widest, > 0 and <= widest, var rows, var columns] && rows == columns && rows == (isAttention ? 1 : 3)
            ? sizes
            : throw new WeightsFormatException($"Its tensor '{name}' is [{string.Join(", ", sizes)}]; blocks of two 3×3 convolutions are read, not those with a bottleneck of 1×1. Export such a network to .onnx.");
    }
}
