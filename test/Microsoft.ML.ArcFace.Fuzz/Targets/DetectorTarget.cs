using Google.Protobuf;
using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>
/// Detectors as ONNX graphs, parsed, computed by ONNX Runtime and decoded: what the process grows by is bounded, and the sizes
/// of all values are those that were computed beforehand. Mostly nodes, attributes and constants are exchanged.
/// </summary>
internal sealed class DetectorTarget() : FuzzTarget("detector")
{
    /// <summary>What one file may add to the resident set: the bound of a pass, of which ONNX Runtime may hold two copies, and the parsed file.</summary>
    private const long MostGrowth = 1L << 30;

    private const int Width = 96, Height = 64;

    private static readonly DetectionSettings s_settings = new(0.5, 0.4, MaxFaces: null, InputSize: 640, EnlargeSmallPhotographs: false, MainFace.LargestNearCenter);

    // Half a million fields are parsed, however short the file.
    public override long FixedAllowance => 320 << 20;

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [
        .. new[] { DetectorModels.Scrfd.OneFace(), DetectorModels.Scrfd.TwoFaces(), DetectorModels.Scrfd.OneFace(hasLandmarks: false) }.Select(Small),
    ];

    public override IReadOnlyList<byte[]> Tokens => GraphMutator.Tokens;

    public override IEnumerable<(string What, byte[] File)> Attacks =>
    [
        .. HostileGraphs.All.Select(graph => (graph.What, graph.File())),
        ("as many empty attributes as are parsed", HostileGraphs.EmptyAttributes(GraphScan.MostFields - 10)),
        ("a chain of as many nodes as are allowed", HostileGraphs.Chain(GraphLimits.MostNodes - 100, isConstant: false)),
        ("a chain of constants", HostileGraphs.Chain(GraphLimits.MostNodes - 100, isConstant: true)),
        ("a fan of as many nodes as are allowed", HostileGraphs.Fan(GraphLimits.MostNodes - 100)),
        ("a detector that grows with the picture", HostileGraphs.GrowsWithThePicture()),
    ];

    public override bool IsRefusal(Exception exception) => exception is WeightsFormatException;

    public override byte[] Mutate(Random random)
    {
        if (random.Next(4) == 0)
        {
            return Mutate(random, Seeds);
        }

        return GraphMutator.Mutate(random, Seeds[random.Next(Seeds.Count)]);
    }

    public override void Read(byte[] file, AllocationMeter meter)
    {
        const long passes = 8 << 20;
        meter.Allow(passes);
        Exception? refusal = null;
        long growth = ProcessMemory.GrowthBy(() =>
        {
            try
            {
                Detect(file);
            }
            catch (WeightsFormatException error)
            {
                refusal = error;
            }
        });
        Require(growth <= MostGrowth, $"the process grew by {growth >> 20} MiB");
        if (refusal is not null)
        {
            throw refusal;
        }

        CompareSizes(GraphFile.Parse(file));
    }

    private static void Detect(byte[] file)
    {
        using FaceDetector detector = FaceDetector.Create(file, kind: null);
        Detect(detector, Width, Height);
        try
        {
            Detect(detector, 300, 200);
        }
        catch (WeightsFormatException)
        {
            // It takes pictures of the other size alone.
        }
    }

    private static void Detect(FaceDetector detector, int width, int height)
    {
        using MLImage image = MLImage.CreateFromPixels(width, height, MLPixelFormat.Bgra32, new byte[width * height * 4]);
        foreach (DetectedFace face in detector.Detect(image, s_settings))
        {
            Require(face.IsSound && face.Score >= s_settings.ScoreThreshold, "a face without an area, or of a low score");
        }
    }

    /// <summary>Computes every value of a graph that detects, and looks that it has the sizes by which the graph was let in.</summary>
    private static void CompareSizes(ModelProto model)
    {
        GraphCost cost;
        try
        {
            cost = GraphCost.Of(model.Graph, input => DetectorGraph.SizesOf(input, Width, Height), GraphLimits.For(Width * Height));
        }
        catch (GraphSizesException)
        {
            return; // It takes another size.
        }

        GraphMutator.CompareSizes(DetectorGraph.WithOpenSizes(model), cost, [1, 3, Height, Width]);
    }

    /// <summary>The same detector with its zeros made by nodes, so that damage meets what decides.</summary>
    private static byte[] Small(DetectorModels.Scrfd detector)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(detector.ToBytes());
        GraphProto graph = model.Graph;
        foreach (TensorProto zeros in graph.Initializer.Where(tensor => tensor.RawData.Length > 1024 && !tensor.RawData.Span.ContainsAnyExcept((byte)0)).ToArray())
        {
            graph.Initializer.Remove(zeros);
            graph.Initializer.Add(new TensorProto
            {
                Name = $"sizes_of_{zeros.Name}", DataType = (int)TensorProto.Types.DataType.Int64, Dims = { zeros.Dims.Count }, RawData = ByteString.CopyFrom([.. zeros.Dims.SelectMany(BitConverter.GetBytes)]),
            });
            graph.Node.Insert(0, new NodeProto { OpType = "ConstantOfShape", Name = $"zeros_{zeros.Name}", Input = { $"sizes_of_{zeros.Name}" }, Output = { zeros.Name } });
        }

        return model.ToByteArray();
    }
}
