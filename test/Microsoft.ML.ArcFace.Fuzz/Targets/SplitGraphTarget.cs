using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Tests.Graphs;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>Weights of a graph in a safetensors file, which has the rest of the graph as text: put together and read.</summary>
internal sealed class SplitGraphTarget() : FuzzTarget("split-graph")
{
    private static readonly SplitGraph[] s_graphs =
    [
        .. new[] { "IResNet with attention to channels", "weights in half precision", "weights that are computed", "MobileNet of unit length" }.Select(name =>
        {
            RecognizerCase recognizer = RecognizerCases.All.Single(entry => entry.Name == name);
            var model = new GraphModel(recognizer.Version);
            GraphNetwork network = GraphNetwork.Parse(model.ToBytes(recognizer.Build(model)), name);
            return SplitGraph.Of(network.Original!, network.Network, network.Tensors)!;
        }),
    ];

    // Half a million fields are parsed, however short the file.
    public override long FixedAllowance => 320 << 20;

    public override IReadOnlyList<byte[]> Seeds { get; } = [.. s_graphs.Select(graph => File(graph, graph.Graph))];

    public override IEnumerable<(string What, byte[] File)> Attacks =>
    [
        .. HostileGraphs.All.Select(graph => (graph.What, File: Convert.ToBase64String(graph.File())))
            .Where(graph => graph.File.Length < Safetensors.LargestHeaderLength / 2).Select(graph => (graph.What, File(s_graphs[0], graph.File))),
    ];

    public override bool IsRefusal(Exception exception) => exception is WeightsFormatException;

    public override byte[] Mutate(Random random)
    {
        SplitGraph graph = s_graphs[random.Next(s_graphs.Length)];
        byte[] bytes = Convert.FromBase64String(graph.Graph);
        return random.Next(3) switch
        {
            0 => Mutate(random, Seeds),
            1 => File(graph, Convert.ToBase64String(GraphMutator.Mutate(random, bytes))),
            _ => File(graph, Convert.ToBase64String(FileMutator.Mutate(random, bytes, bytes, GraphMutator.Tokens))),
        };
    }

    public override void Read(byte[] file, AllocationMeter meter)
    {
        // Text has two bytes a character, and the graph is there as text, as bytes, parsed, and with its tensors.
        const int copies = 12;
        meter.Allow((long)copies * file.Length);
        using WeightsFile weights = WeightsFile.Open(new CountedSource(file));
        if (weights.Metadata.TryGetValue(SplitGraph.MetadataKey, out string? graph))
        {
            GraphNetwork network = GraphNetwork.Parse(SplitGraph.Join(graph, weights), "the file");
            Require(network.Tensors.Values.Sum(tensor => tensor.Count) <= 64L * (file.Length + (1 << 20)), "more numbers than the file can hold");
        }
    }

    private static byte[] File(SplitGraph split, string graph)
    {
        using var stream = new MemoryStream();
        Safetensors.Write(stream, split.Tensors, new Dictionary<string, string> { [SplitGraph.MetadataKey] = graph });
        return stream.ToArray();
    }
}
