using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Tests.Graphs;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>
/// Recognizers that ONNX Runtime computes: damaged as files, and as the graph of a saved model, whose description was made of the proper
/// one. What is let in must neither end the process nor give another number of values than was announced.
/// </summary>
internal sealed class RuntimeRecognizerTarget() : FuzzTarget("runtime-graph")
{
    private const long MostGrowth = 1L << 30;

    private static readonly OnnxGraphRuntime s_runtime = new();

    // Half a million fields are parsed, however short the file.
    public override long FixedAllowance => 640 << 20;

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [
        .. RecognizerCases.ForRuntime.Select(recognizer =>
        {
            var model = new GraphModel(recognizer.Version);
            return model.ToBytes(recognizer.Build(model));
        }),
    ];

    public override IReadOnlyList<byte[]> Tokens => GraphMutator.Tokens;

    public override IEnumerable<(string What, byte[] File)> Attacks => HostileGraphs.All.Select(graph => (graph.What, graph.File()));

    public override bool IsRefusal(Exception exception) => exception is WeightsFormatException;

    public override byte[] Mutate(Random random) => random.Next(4) == 0 ? Mutate(random, Seeds) : GraphMutator.Mutate(random, Seeds[random.Next(Seeds.Count)]);

    public override void Read(byte[] file, AllocationMeter meter)
    {
        // What the session and our own tables take for small maps.
        const long tables = 16 << 20;
        meter.Allow(tables);
        List<Exception> refusals = [];
        long growth = ProcessMemory.GrowthBy(() =>
        {
            Attempt(() =>
            {
                GraphNetwork graph = GraphNetwork.Parse(file, "the file", folder: null, s_runtime);
                Embed(graph.Network, graph.Tensors);
            });
            Attempt(() =>
            {
                NetworkDescription network = GraphNetwork.Parse(Seeds[0], "the seed", folder: null, s_runtime).Network;
                var described = new NetworkDescription(
                    network.Name, network.Input, network.ShapeOf(network.Input), network.Nodes, [new NetworkTensor(RuntimeNetwork.TensorName, [file.Length], TensorKind.Bytes)], network.Output);
                Embed(described, new Dictionary<string, StateTensor> { [RuntimeNetwork.TensorName] = PlainTensor<byte>.Of(ElementType.UInt8, [file.Length], file) });
            });
        });
        Require(growth <= MostGrowth, $"the process grew by {growth >> 20} MiB");
        if (refusals.Count == 2)
        {
            throw refusals[0];
        }

        void Attempt(Action read)
        {
            try
            {
                read();
            }
            catch (Exception error) when (IsRefusal(error))
            {
                refusals.Add(error);
            }
        }
    }

    private static void Embed(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors)
    {
        const int faces = 2;
        float[] pixels = new float[faces * TensorIndexes.Count(network.ShapeOf(network.Input)[1..])];
        Array.Fill(pixels, 0.5f);
        using var computed = new InferenceNetwork(network, tensors, VectorWidths.Best, () => 1, bfloat16: null, s_runtime);
        Require(computed.Embed(pixels, faces).Length == faces * network.OutputSize, "another number of values than was announced");
    }
}
