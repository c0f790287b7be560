using Google.Protobuf;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Tests.Graphs;
using Microsoft.ML.OnnxRuntime;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>Every allowed operator with odd inputs and attributes: what is let in must neither end the process nor have other sizes than were computed beforehand.</summary>
internal sealed class GraphTarget() : FuzzTarget("graph")
{
    private const long MostGrowth = 1L << 30;

    private static readonly long[] s_input = [1, 3, 4, 4];

    public override IReadOnlyList<byte[]> Seeds { get; } = [.. OperatorCases.All.Select(node => node.ToModel().ToByteArray())];

    public override IReadOnlyList<byte[]> Tokens => GraphMutator.Tokens;

    public override bool IsRefusal(Exception exception) => exception is WeightsFormatException or GraphSizesException or GraphRuntimeException or OnnxRuntimeException;

    public override byte[] Mutate(Random random) => random.Next(8) == 0 ? Mutate(random, Seeds) : GraphMutator.Mutate(random, Seeds[random.Next(Seeds.Count)]);

    public override void Read(byte[] file, AllocationMeter meter)
    {
        const long session = 4 << 20;
        meter.Allow(session);
        ModelProto model = GraphFile.Parse(file);
        GraphLimits limits = GraphLimits.For(1);
        GraphCost cost = GraphCost.Of(model.Graph, _ => s_input, limits);
        long growth = ProcessMemory.GrowthBy(() =>
        {
            // As it is used, with constants computed beforehand; then node by node.
            using (RuntimeGraph.CreateSession(GraphFile.Parse(file).ToByteArray()))
            {
            }

            GraphMutator.CompareSizes(model, cost, s_input);
        });
        Require(growth <= MostGrowth, $"the process grew by {growth >> 20} MiB");
    }
}
