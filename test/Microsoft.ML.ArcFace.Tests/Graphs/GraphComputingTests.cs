using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Export;
using Microsoft.ML.ArcFace.FormulaNetworks;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Pixels;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Tests.Graphs;

/// <summary>What is computed of graphs of others, in registers of every width, beside ONNX Runtime on the same file.</summary>
[TestClass]
public class GraphComputingTests
{
    private const int Faces = 3;

    public static IEnumerable<object[]> Cases => RecognizerCases.All.Select(entry => new object[] { entry.Name });

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Embed_GraphOfOthers_EqualsOnnxRuntime(string name)
    {
        RecognizerCase recognizer = RecognizerCases.All.Single(entry => entry.Name == name);
        var model = new GraphModel(recognizer.Version);
        byte[] file = model.ToBytes(recognizer.Build(model));
        GraphNetwork graph = GraphNetwork.Parse(file, name);
        if (!graph.IsUnitLength)
        {
            GraphNetworkTests.AssertComputesTheSame(file, graph);
        }

        AssertEqual(file, graph);
    }

    public static IEnumerable<object[]> RuntimeCases => RecognizerCases.ForRuntime.Select(entry => new object[] { entry.Name });

    [TestMethod]
    [DynamicData(nameof(RuntimeCases))]
    public void Embed_GraphThatIsNotComputedHere_RunsInOnnxRuntime(string name)
    {
        RecognizerCase recognizer = RecognizerCases.ForRuntime.Single(entry => entry.Name == name);
        var model = new GraphModel(recognizer.Version);
        byte[] file = model.ToBytes(recognizer.Build(model));
        GraphNetwork graph = GraphNetwork.Parse(file, name, folder: null, new OnnxGraphRuntime());
        Assert.IsNotNull(graph.RuntimeReason);
        Assert.IsNull(graph.Original);
        Assert.AreEqual(name.Contains("orm", StringComparison.Ordinal) && !name.StartsWith("Layer", StringComparison.Ordinal), graph.IsUnitLength);
        Assert.AreEqual(name == "scaled pixels", graph.Scaling is not null);
        AssertEqual(file, graph);

        // What is saved is the same.
        NetworkDescription again = NetworkJson.Read(NetworkJson.Write(graph.Network));
        Assert.AreEqual(NetworkJson.WriteComputation(graph.Network), NetworkJson.WriteComputation(again));
        AssertEqual(file, graph with { Network = again });
    }

    [TestMethod]
    public void Embed_FixedBatchOfSeveral_IsRunOneByOne()
    {
        float[] faces = new GraphModel().Draw([Faces, 8, 8, 3]);
        float[][] embeddings = [.. new[] { 4L, 1 }.Select(batch =>
        {
            var model = new GraphModel();
            GraphNetwork graph = GraphNetwork.Parse(model.ToBytes(model.Head(model.Node("Softplus", [model.Input(batch, 3, 8, 8)]), 3 * 8 * 8)), "the test", folder: null, new OnnxGraphRuntime());
            using var network = new InferenceNetwork(graph.Network, graph.Tensors, VectorWidths.Best, () => 2, bfloat16: null, new OnnxGraphRuntime());
            float[] together = network.Embed(faces, Faces);
            CollectionAssert.AreEqual(together, faces.Chunk(faces.Length / Faces).SelectMany(face => network.Embed(face, 1)).ToArray());
            return together;
        })];
        CollectionAssert.AreEqual(embeddings[1], embeddings[0]);
    }

    [TestMethod]
    [DataRow(nameof(DataType.Float16)), DataRow(nameof(DataType.Double)), DataRow(nameof(DataType.Uint8))]
    public void Embed_InputOfAnotherType_IsGivenIt(string type)
    {
        byte[] File(DataType input)
        {
            var model = new GraphModel();
            string face = model.Node("Cast", [model.Input("face", input, 1, 3, 8, 8)], ("to", (long)DataType.Float));
            return model.ToBytes(model.Head(model.Node("Softplus", [face]), 3 * 8 * 8));
        }

        // Whole numbers, which all types hold.
        float[] pixels = [.. Enumerable.Range(0, 3 * 8 * 8).Select(i => (float)(i * 37 % 256))];
        float[][] embeddings = [.. new[] { Enum.Parse<DataType>(type), DataType.Float }.Select(input =>
        {
            GraphNetwork graph = GraphNetwork.Parse(File(input), "the test", folder: null, new OnnxGraphRuntime());
            using var network = new InferenceNetwork(graph.Network, graph.Tensors, VectorWidths.Best, () => 1, bfloat16: null, new OnnxGraphRuntime());
            return network.Embed(pixels, 1);
        })];
        CollectionAssert.AreEqual(embeddings[1], embeddings[0]);
    }

    [TestMethod]
    [RequiresRecognizer]
    public void Embed_PublishedMobileFaceNet_EqualsOnnxRuntime() => AssertEqual(File.ReadAllBytes(RecognizerModels.MobileFaceNet), GraphNetwork.Open(RecognizerModels.MobileFaceNet));

    [TestMethod]
    [DataRow(BackboneArchitecture.MobileFaceNet)]
    [DataRow(BackboneArchitecture.MobileFaceNetLarge)]
    [DataRow(BackboneArchitecture.IResNet18)]
    public void Embed_OwnExportReadAgain_IsTheOriginal(BackboneArchitecture architecture)
    {
        NetworkDescription network = BackboneDescription.Of(architecture, 64);
        IReadOnlyDictionary<string, StateTensor> weights = FormulaWeights.Of(network);
        using var stream = new MemoryStream();
        OnnxExport.Write(stream, network, weights, new OnnxExportOptions { IncludePreprocessing = false, NormalizeOutput = false }, addMirrorImage: false, new Dictionary<string, string>());
        GraphNetwork graph = GraphNetwork.Parse(stream.ToArray(), "the export");
        float[] faces = Pixels(graph);
        using var original = new InferenceNetwork(network, weights, VectorWidths.Best, () => 1);
        using var read = new InferenceNetwork(graph.Network, graph.Tensors, VectorWidths.Best, () => 1);
        CollectionAssert.AreEqual(original.Embed(faces, Faces), read.Embed(faces, Faces));
    }

    [TestMethod]
    public void Embed_ExportThatScalesPixels_IsTheOriginalForBytes()
    {
        NetworkDescription network = BackboneDescription.Of(BackboneArchitecture.IResNet18, 64);
        IReadOnlyDictionary<string, StateTensor> weights = FormulaWeights.Of(network);
        using var stream = new MemoryStream();
        OnnxExport.Write(stream, network, weights, new OnnxExportOptions { NormalizeOutput = false }, addMirrorImage: false, new Dictionary<string, string>());

        // The graph wants values of 0 to 255 in its own order of colors, which is blue first here.
        GraphNetwork graph = GraphNetwork.Parse(stream.ToArray(), "the export");
        var pixels = PixelsNode.Before(graph.Network, FacePixels.Unscaled with { ColorOrder = FaceColorOrder.Bgr });
        graph = graph with { Network = pixels.Network, Tensors = pixels.With(graph.Tensors) };
        Assert.AreEqual(TensorKind.FixedWeight, graph.Network.FindTensor("pixels.weight")!.Kind);
        float[] faces = Pixels(graph), exchanged = [.. faces.Chunk(3).SelectMany(pixel => pixel.Reverse())];
        using var original = new InferenceNetwork(network, weights, VectorWidths.Best, () => 1);
        using var read = new InferenceNetwork(graph.Network, graph.Tensors, VectorWidths.Best, () => 1);
        AssertNear(original.Embed(exchanged, Faces), read.Embed(faces, Faces), "the export");
    }

    [TestMethod]
    public void Embed_NodeThatNoStepComputes_IsNamed()
    {
        var model = new GraphModel();
        string map = model.Input(1, 3, 8, 8);
        string flat = model.Node("Reshape", [map, model.Longs(1, 3, 4, 2, 8)]);
        GraphNetwork graph = GraphNetwork.Parse(model.ToBytes(model.Head(model.Node("Relu", [flat]), 192)), "the test");
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => new InferenceNetwork(graph.Network, graph.Tensors, VectorWidths.Best, () => 1)).Message;
        StringAssert.Contains(message, "'Reshape_0' (Reshape)");
    }

    [TestMethod]
    public void Embed_PaddingOfManyGigabytes_IsRefused()
    {
        var model = new GraphModel();
        string map = model.Node("Conv", [model.Input(1, 3, 8, 8), model.Random(5, 3, 3, 3)], ("pads", (long[])[65536, 0, 0, 0]));
        GraphNetwork graph = GraphNetwork.Parse(model.ToBytes(model.Node("ReduceMax", [map], ("axes", (long[])[2, 3]), ("keepdims", 0L))), "the test");
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => new InferenceNetwork(graph.Network, graph.Tensors, VectorWidths.Best, () => 1)).Message, "1024 MiB");
    }

    private static void AssertEqual(byte[] file, GraphNetwork graph)
    {
        float[] faces = Pixels(graph);
        int length = faces.Length / Faces, pixels = length / 3;
        float[] expected = [.. faces.Chunk(length).SelectMany(face => GraphModel.Run(file, graph.Input.Name, graph.Input.Sizes, graph.Input.IsChannelsLast ? face : [.. Enumerable.Range(0, length).Select(i => face[(i % pixels * 3) + (i / pixels)])], graph.OutputName))];
        foreach (VectorWidth width in VectorWidths.Available)
        {
            using var network = new InferenceNetwork(graph.Network, graph.Tensors, width, () => 2, bfloat16: null, graph.RuntimeReason is null ? null : new OnnxGraphRuntime());
            float[] actual = network.Embed(faces, Faces);
            AssertNear(expected, graph.IsUnitLength ? [.. actual.Chunk(actual.Length / Faces).SelectMany(Unit)] : actual, FormattableString.Invariant($"{width}"));
        }
    }

    private static void AssertNear(float[] expected, float[] actual, string what)
    {
        const double smallestCosine = 0.99999, largestError = 2e-4;
        Assert.HasCount(expected.Length, actual);
        float scale = expected.Max(Math.Abs);
        Assert.IsGreaterThan(0, scale);
        foreach ((float[] left, float[] right) in expected.Chunk(expected.Length / Faces).Zip(actual.Chunk(expected.Length / Faces)))
        {
            Assert.IsGreaterThan(smallestCosine, OnnxFile.Cosine(left, right), what);
        }

        Assert.IsLessThan(largestError, expected.Zip(actual, (left, right) => Math.Abs(left - right)).Max() / scale, what);
    }

    private static float[] Pixels(GraphNetwork graph) => new GraphModel().Draw([Faces, graph.Input.Height, graph.Input.Width, 3]);

    private static IEnumerable<float> Unit(float[] row)
    {
        double length = Math.Sqrt(row.Sum(value => (double)value * value));
        return row.Select(value => (float)(value / length));
    }
}
