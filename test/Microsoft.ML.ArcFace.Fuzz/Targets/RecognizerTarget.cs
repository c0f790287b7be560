using System.Globalization;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Tests.Graphs;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>
/// Recognizers as ONNX graphs, read into descriptions and computed on our own processor code, which trusts the sizes that were found
/// beforehand: what the process grows by is bounded, and a face has as many numbers as were announced.
/// </summary>
internal sealed class RecognizerTarget() : FuzzTarget("recognizer")
{
    /// <summary>What one file may add to the resident set: the bound of a pass, and tables of our own for it.</summary>
    private const long MostGrowth = 1L << 30;

    private static readonly string s_folder = Directory.CreateTempSubdirectory("arcface-fuzz-").FullName;

    // Half a million fields are parsed, however short the file.
    public override long FixedAllowance => 320 << 20;

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [
        .. RecognizerCases.All.Select(recognizer =>
        {
            var model = new GraphModel(recognizer.Version);
            return model.ToBytes(recognizer.Build(model));
        }),
        WithNumbersBesideIt(),
    ];

    public override IReadOnlyList<byte[]> Tokens => GraphMutator.Tokens;

    public override IEnumerable<(string What, byte[] File)> Attacks =>
    [
        .. HostileGraphs.All.Select(graph => (graph.What, graph.File())),
        ("a chain of as many nodes as are allowed", HostileGraphs.Chain(GraphLimits.MostNodes - 100, isConstant: false)),
        ("a chain of constants", HostileGraphs.Chain(GraphLimits.MostNodes - 100, isConstant: true)),
    ];

    public override bool IsRefusal(Exception exception) => exception is WeightsFormatException;

    public override byte[] Mutate(Random random) => random.Next(4) == 0 ? Mutate(random, Seeds) : GraphMutator.Mutate(random, Seeds[random.Next(Seeds.Count)]);

    public override void Read(byte[] file, AllocationMeter meter)
    {
        // Tables of our own for small maps.
        const long tables = 8 << 20;
        meter.Allow(tables);
        Exception? refusal = null;
        long growth = ProcessMemory.GrowthBy(() =>
        {
            try
            {
                Embed(GraphNetwork.Parse(file, "the file", s_folder));
            }
            catch (Exception error) when (IsRefusal(error))
            {
                refusal = error;
            }
        });
        Require(growth <= MostGrowth, $"the process grew by {growth >> 20} MiB");
        if (refusal is not null)
        {
            throw refusal;
        }
    }

    /// <summary>A graph whose tensors lie in a file of <see cref="s_folder"/>, which is the same for all files.</summary>
    private static byte[] WithNumbersBesideIt()
    {
        const string location = "numbers";
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(s_folder, recursive: true);
        var model = new GraphModel();
        ModelProto split = ModelProto.Parser.ParseFrom(model.ToBytes(model.Head(model.Node("Conv", [model.Input(1, 3, 8, 8), model.Random(5, 3, 3, 3)]), 180)));
        using FileStream numbers = File.Create(Path.Combine(s_folder, location));
        foreach (TensorProto tensor in split.Graph.Initializer)
        {
            tensor.DataLocation = TensorProto.Types.DataLocation.External;
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = numbers.Length.ToString(CultureInfo.InvariantCulture) });
            tensor.RawData.WriteTo(numbers);
            tensor.RawData = ByteString.Empty;
        }

        return split.ToByteArray();
    }

    private static void Embed(GraphNetwork graph)
    {
        const int faces = 2;
        float[] pixels = new float[faces * 3 * graph.Input.Width * graph.Input.Height];
        Array.Fill(pixels, 0.5f);
        using var network = new InferenceNetwork(graph.Network, graph.Tensors, VectorWidths.Best, () => 1);
        Require(network.Embed(pixels, faces).Length == faces * graph.Network.OutputSize, "another number of values than was announced");
    }
}
