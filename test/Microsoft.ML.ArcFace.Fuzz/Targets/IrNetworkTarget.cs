using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>
/// Checkpoints by AdaFace's names, whose network is described from names and shapes: tensors are left out, doubled, renamed and given
/// other sizes. All are views of one number, so that a file costs nothing to make and may ask for any network.
/// </summary>
internal sealed class IrNetworkTarget() : FuzzTarget("ir")
{
    private const long MostNumbers = 1L << 28;

    private static readonly TorchFileStorage[] s_storages = [new("0", "FloatStorage", 1, new byte[4])];

    private static readonly (string Name, long[] Shape)[][] s_networks =
    [
        .. new[] { new SmallIrNetworks(), new SmallIrNetworks(attention: "se_block"), new SmallIrNetworks(hasNormWithin: false, attention: "5", hasAffineNorm: true) }
            .Select(network => network.Tensors.Select(tensor => (tensor.Name, tensor.Shape)).ToArray()),
    ];

    private static readonly long[] s_sizes = [0, 1, 2, 3, 7, 49, 64, 512, 4096, 4097, int.MaxValue, long.MaxValue];

    // The pickle, and the description of the largest network that is read.
    public override long FixedAllowance => 64 << 20;

    public override IReadOnlyList<byte[]> Seeds { get; } = [.. s_networks.Select(network => File(network))];

    public override bool IsRefusal(Exception exception) => exception is WeightsFormatException;

    public override byte[] Mutate(Random random)
    {
        List<(string Name, long[] Shape)> tensors = [.. s_networks[random.Next(s_networks.Length)]];
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int place = random.Next(tensors.Count);
            (string name, long[] shape) = tensors[place];
            switch (random.Next(5))
            {
                case 0:
                    tensors.RemoveAt(place);
                    break;
                case 1:
                    tensors.Add((tensors[random.Next(tensors.Count)].Name, shape));
                    break;
                case 2:
                    string digits = s_sizes[random.Next(s_sizes.Length)].ToString(System.Globalization.CultureInfo.InvariantCulture);
                    tensors[place] = (name.Replace(random.Next(10).ToString(System.Globalization.CultureInfo.InvariantCulture), digits, StringComparison.Ordinal), shape);
                    break;
                case 3:
                    tensors[place] = (name, [.. shape, 1]);
                    break;
                default:
                    long[] other = [.. shape];
                    other[random.Next(other.Length)] = s_sizes[random.Next(s_sizes.Length)];
                    tensors[place] = (name, other);
                    break;
            }
        }

        return File(tensors);
    }

    public override void Read(byte[] file, AllocationMeter meter)
    {
        // Nodes and names of some hundred layers.
        meter.Allow(FixedAllowance);
        using WeightsFile weights = WeightsFile.Open(new CountedSource(file));
        Dictionary<string, StoredTensor> tensors = NetworkWeights.ByPublishedName(weights);
        if (!IrNetwork.IsOf(tensors))
        {
            return;
        }

        NetworkDescription network = IrNetwork.Describe(tensors);
        Require(network.ShapeOf(network.Output) is [NetworkDescription.Batch, > 1 and <= BackboneDescription.LargestEmbeddingSize], "it gives no embedding");
        Require(network.Tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (count, size) => count * size)) <= MostNumbers, "it has more numbers than any network");
        Require(IrNetwork.ConstantsOf(network, tensors).All(constant => constant.Value.Count == network.OutputSize), "a constant is no row of the last norm");
    }

    private static byte[] File(IReadOnlyList<(string Name, long[] Shape)> tensors) =>
        TorchFileWriter.Zip(TorchFileWriter.Pickle([.. tensors.Select(tensor => new TorchFileTensor(tensor.Name, "0", 0, tensor.Shape, new long[tensor.Shape.Length]))], s_storages), s_storages);
}
