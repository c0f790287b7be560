using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Tests.Graphs;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>
/// The graph that a saved model was imported from, without its tensors, and then written with them. A file here is the number of
/// one of the recognizers, whose network it must fit, and the graph.
/// </summary>
internal sealed class OriginalGraphTarget() : FuzzTarget("original-graph")
{
    private static readonly GraphNetwork[] s_networks =
    [
        .. RecognizerCases.All.Select(recognizer =>
        {
            var model = new GraphModel(recognizer.Version);
            return GraphNetwork.Parse(model.ToBytes(recognizer.Build(model)), recognizer.Name);
        }),
    ];

    // Half a million fields are parsed, however short the file.
    public override long FixedAllowance => 320 << 20;

    public override IReadOnlyList<byte[]> Seeds { get; } = [.. s_networks.Select((network, number) => (byte[])[(byte)number, .. network.Original!.Bytes.ToArray()])];

    public override IReadOnlyList<byte[]> Tokens { get; } =
    [
        .. GraphMutator.Tokens,
        .. Texts("\"is_only_one\":true", "\"unchanged\":", "\"kind\":\"Transpose\"", "\"kind\":\"Repeat\"", "\"kind\":\"NormShift\"", "\"kind\":99", "\"start\":9", "\"node\":-1", "\"shape\":[2147483647]", "\"root\":null", "\"statistic\":\"\"", "\"number\":0"),
    ];

    public override IEnumerable<(string What, byte[] File)> Attacks => [.. HostileGraphs.All.Select(graph => (graph.What, (byte[])[0, .. graph.File()]))];

    public override bool IsRefusal(Exception exception) => exception is WeightsFormatException;

    public override byte[] Mutate(Random random)
    {
        byte[] seed = Seeds[random.Next(Seeds.Count)];
        return random.Next(3) == 0 ? [seed[0], .. GraphMutator.Mutate(random, seed[1..])] : [seed[0], .. FileMutator.Mutate(random, seed[1..], seed[1..], Tokens)];
    }

    public override void Read(byte[] file, AllocationMeter meter)
    {
        GraphNetwork network = s_networks[file.Length > 0 ? file[0] % s_networks.Length : 0];
        var original = OriginalGraph.Read(file.Length > 0 ? file[1..] : [], network.Network);
        meter.Next();

        // What is written holds the tensors of the network, which are not in the file.
        meter.Allow(16 * sizeof(float) * network.Tensors.Values.Sum(tensor => tensor.Count));
        using var written = new MemoryStream();
        GraphWriting.Write(written, original, network.Tensors, new Dictionary<string, string>(), network.Network);
        ModelProto model = ModelProto.Parser.ParseFrom(written.ToArray());
        Require(model.Graph.Node.Count > 0 && !model.Graph.Initializer.Any(GraphTensors.IsEmptied), "a graph without nodes, or with an empty tensor");
    }
}
