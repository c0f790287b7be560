using System.Diagnostics;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Detection;

/// <summary>Detectors on our own processor code beside ONNX Runtime on the same file.</summary>
[TestClass]
public class ComputedDetectorTests
{
    private const float LargestError = 1e-4f;

    public static IEnumerable<object[]> Graphs => new[] { "YuNet", "SCRFD", "SCRFD of mobile convolutions" }.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Graphs))]
    public void Run_DrawnDetector_EqualsOnnxRuntimeInEverySizeAndWidth(string name)
    {
        byte[] file = DrawnDetectors.Of(name);
        using var detector = FaceDetector.Create(file, kind: null);
        Assert.IsTrue(detector.IsComputedHere);
        foreach ((int width, int height) in new[] { (96, 64), (32, 32), (32, 160), (224, 96) })
        {
            AssertEqual(file, detector.Decoder.OutputNames, width, height);
        }
    }

    [TestMethod]
    [RequiresYuNet]
    [RequiresFaceData("lfw_raw/landmarks.tsv")]
    public void Detect_PublishedYuNet_FindsWhatOnnxRuntimeFinds()
    {
        byte[] file = File.ReadAllBytes(DetectorModels.YuNet);
        using var detector = FaceDetector.Create(file, kind: null);
        Assert.IsTrue(detector.IsComputedHere);
        using var runtime = new RuntimeGraph(DetectorGraph.WithOpenSizes(GraphFile.Parse(file)), detector.Decoder.OutputNames, 96, 64);
        string[] paths = [.. Directory.EnumerateFiles(TestData.PathOf("lfw_raw"), "*.jpg").Order(StringComparer.Ordinal).Take(100)];
        (int faces, double pixels, double scores) = (0, 0, 0);
        foreach (string path in paths)
        {
            using MLImage image = FaceImage.FromFile(path);
            IReadOnlyList<DetectedFace> found = detector.Detect(image, new FaceDetectingEstimator.Options { ModelFile = "x" }.Settings);
            Letterbox box = Letterbox.Of(image.Width, image.Height, 640, enlarges: false, fixedSize: null);
            float[][] outputs = runtime.Run(box.ToInput(image, detector.Decoder.Scaling, runtime.IsInterleaved), box.Width, box.Height);
            DetectedFace[] expected = [.. FaceChoice.Order(FaceChoice.Suppress(detector.Decoder.Decode(outputs, box.Width, box.Height, 0.5), 0.4).Select(box.ToPhotograph), MainFace.LargestNearCenter, image.Width, image.Height)];
            Assert.HasCount(expected.Length, found, path);
            foreach ((DetectedFace left, DetectedFace right) in expected.Zip(found))
            {
                faces++;
                scores = Math.Max(scores, Math.Abs(left.Score - right.Score));
                pixels = Math.Max(pixels, Numbers(left).Zip(Numbers(right), (one, other) => Math.Abs(one - other)).Max());
            }
        }

        TestContext.WriteLine($"{paths.Length} photographs, {faces} faces, largest difference {pixels:E1} pixels, of scores {scores:E1}");
        Assert.IsLessThan(1e-2, pixels);
        Assert.IsLessThan(1e-4, scores);

        static float[] Numbers(DetectedFace face) => [face.X, face.Y, face.Width, face.Height, .. face.Landmarks];
    }

    public required TestContext TestContext { get; init; }

    [TestMethod]
    public void Create_OperatorThatIsNotComputedHere_GoesToOnnxRuntime()
    {
        byte[] file = DrawnDetectors.ScrfdWith((model, map) => model.Node("Softplus", [map]));
        using var detector = FaceDetector.Create(file, kind: null);
        Assert.IsFalse(detector.IsComputedHere);
        using MLImage image = MLImage.CreateFromPixels(96, 64, MLPixelFormat.Bgra32, new byte[96 * 64 * 4]);
        detector.Detect(image, new FaceDetectingEstimator.Options { ModelFile = "x" }.Settings);
    }

    [TestMethod]
    public void Open_GraphThatNeedsARuntimeThatIsAbsent_NamesOperatorNodeAndPackages()
    {
        Assert.IsInstanceOfType<OnnxGraphRuntime>(GraphRuntime.Instance);
        Assert.IsNull(GraphRuntime.Find("Microsoft.ML.ArcFace.Absent"));
        ModelProto model = DetectorGraph.WithOpenSizes(GraphFile.Parse(DrawnDetectors.ScrfdWith((graph, map) => graph.Node("Softplus", [map]))));
        string reason = Assert.ThrowsExactly<WeightsFormatException>(() => new PictureGraph(model, ["score_8"], 96, 64)).Message;
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => GraphRuntime.Open(null, reason, _ => throw new InvalidOperationException())).Message;
        StringAssert.Contains(message, "(Softplus)");
        StringAssert.Contains(message, "the node 'Softplus_");
        StringAssert.Contains(message, "dotnet add package ArcFace.MLNet.OnnxRuntime; dotnet add package Microsoft.ML.OnnxRuntime");
    }

    [TestMethod]
    public void Run_ManySizesAtOnce_KeepsFewNetworksAndEndsAll()
    {
        byte[] file = DrawnDetectors.Of("SCRFD");
        using var graph = new PictureGraph(DetectorGraph.WithOpenSizes(GraphFile.Parse(file)), ["score_8"], 32, 32);
        (int Width, int Height)[] sizes = [.. Enumerable.Range(0, 60).Select(i => (32 * ((i % 5) + 1), 32 * ((i / 5 % 6) + 1)))];
        float[][] expected = [.. sizes.Select(size => graph.Run(Picture(size), size.Width, size.Height)[0])];
        Parallel.For(0, sizes.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => CollectionAssert.AreEqual(expected[i], graph.Run(Picture(sizes[i]), sizes[i].Width, sizes[i].Height)[0]));
        graph.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => graph.Run(Picture(sizes[0]), sizes[0].Width, sizes[0].Height));

        static float[] Picture((int Width, int Height) size) => new GraphModel().Draw([size.Height, size.Width, 3]);
    }

    [TestMethod]
    public void Run_PassThatTakesTooLong_IsGivenUpWithinAStep()
    {
        // One convolution of 8·10⁸ multiplications in groups that no fast step computes; an eighth of it shows how long it takes.
        double ofEighth = Seconds(32, picture => picture()), untilGivenUp = Seconds(256, picture => Assert.ThrowsExactly<TimeoutException>(picture));
        Assert.IsLessThan(4 * ofEighth, untilGivenUp);

        static double Seconds(int height, Action<Action> run)
        {
            const int width = 256;
            var model = new GraphModel();
            string map = model.Node("Conv", [model.Input(1, 3, height, width), model.Random(12, 1, 31, 31)], ("pads", (long[])[15, 15, 15, 15]), ("group", 3L));
            (NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors) = Read(model, map, width, height);
            using var computed = new PictureNetwork(network, tensors, VectorWidths.Best, () => 1, 1L << 30);
            using var room = new NativeFloats(computed.MapValues);
            float[] picture = new float[height * width * 3];
            long begin = Stopwatch.GetTimestamp();
            run(() => computed.Run(picture, room, height == width ? TimeSpan.Zero : TimeSpan.MaxValue));
            return Stopwatch.GetElapsedTime(begin).TotalSeconds;
        }
    }

    [TestMethod]
    public void PictureNetwork_MoreMemoryThanAllowed_IsRefusedBeforeItIsTaken()
    {
        var model = new GraphModel();
        string map = model.Node("Conv", [model.Input(1, 3, 512, 512), model.Random(64, 3, 1, 1)]);
        (NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors) = Read(model, map, 512, 512);
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => new PictureNetwork(network, tensors, VectorWidths.Best, () => 1, 32L << 20)).Message, "at most 32");

        // Places of what is arranged anew are held for each node, not for the pass alone.
        map = Enumerable.Range(0, 40).Aggregate(map, (value, _) => model.Node("Slice", [value, model.Longs(-1), model.Longs(-1000), model.Longs(3), model.Longs(-1)]));
        map = model.Node("Conv", [map, model.Random(16, 64, 1, 1)]);
        (network, tensors) = Read(model, map, 512, 512);
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => new PictureNetwork(network, tensors, VectorWidths.Best, () => 1, 512L << 20)).Message, "(Slice)");
    }

    [TestMethod]
    public void Run_HeadsThatAreJoined_EqualEachHeadByItself()
    {
        byte[] file = DrawnDetectors.Of("YuNet");
        const int width = 96, height = 64;
        using var detector = FaceDetector.Create(file, kind: null);
        IReadOnlyList<string> outputs = detector.Decoder.OutputNames;
        GraphReading all = Read(outputs);
        NetworkNode[] nodes = [.. PictureOutputs.Of(FoldedNetwork.Of(all.Network, all.Tensors)).Folded.Network.Nodes];
        int convolutions = all.Network.Nodes.Count(node => node.Operator == Operators.Convolution);

        // Of each of three strides four heads of two convolutions become one, and what arranges their results is no step.
        Assert.AreEqual(convolutions - (3 * 3 * 2), nodes.Count(node => node.Operator == Operators.Convolution));
        Assert.IsEmpty(nodes.Where(node => node.Operator is Operators.Transpose or Operators.Reshape or "Sigmoid"));
        float[] picture = new GraphModel().Draw([height, width, 3]);
        float[][] together = Compute(all);
        for (int i = 0; i < outputs.Count; i++)
        {
            CollectionAssert.AreEqual(Compute(Read([outputs[i]]))[0], together[i], outputs[i]);
        }

        GraphReading Read(IReadOnlyList<string> names)
        {
            ModelProto model = DetectorGraph.WithOpenSizes(GraphFile.Parse(file));
            var input = new GraphInput(model.Graph.Input[0].Name, width, height, IsChannelsLast: false);
            return GraphReader.Read(model, GraphCost.Of(model.Graph, _ => input.Sizes, GraphLimits.For(width * height)), input, isOnePicture: true, names);
        }

        float[][] Compute(GraphReading reading)
        {
            using var network = new PictureNetwork(reading.Network, reading.Tensors, VectorWidths.Best, () => 1, 1L << 30);
            using var room = new NativeFloats(network.MapValues);
            return network.Run(picture, room, TimeSpan.FromMinutes(1));
        }
    }

    [TestMethod]
    public void Run_OutputsThatOthersRead_AreKept()
    {
        var model = new GraphModel();
        string map = model.Node("Conv", [model.Input(1, 3, 8, 12), model.Random(5, 3, 1, 1)]);
        string turned = model.Node("Transpose", [model.Node("Sigmoid", [map])], ("perm", (long[])[0, 2, 3, 1]));
        string flat = model.Node("Reshape", [turned, model.Longs(1, -1, 5)]), part = model.Node("Slice", [flat, model.Longs(3), model.Longs(90), model.Longs(1), model.Longs(2)]);
        string tail = model.Node("Neg", [part]);
        ModelProto parsed = GraphFile.Parse(model.ToBytes(tail));
        var input = new GraphInput("face", 12, 8, IsChannelsLast: false);
        GraphReading reading = GraphReader.Read(parsed, GraphCost.Of(parsed.Graph, _ => input.Sizes, GraphLimits.For(96)), input, isOnePicture: true, [tail, flat, map]);
        using var network = new PictureNetwork(reading.Network, reading.Tensors, VectorWidths.Best, () => 1, 1L << 30);
        using var room = new NativeFloats(network.MapValues);
        float[][] values = network.Run(new GraphModel().Draw([8, 12, 3]), room, TimeSpan.FromMinutes(1));
        float[] expected = [.. Enumerable.Range(0, 96 * 5).Select(i => 1 / (1 + MathF.Exp(-values[2][(i % 5 * 96) + (i / 5)])))];
        Assert.IsLessThan(1e-6f, expected.Zip(values[1], (one, other) => Math.Abs(one - other)).Max());
        CollectionAssert.AreEqual(Enumerable.Range(0, 44 * 5).Select(i => -values[1][((3 + (i / 5 * 2)) * 5) + (i % 5)]).ToArray(), values[0]);
    }

    private static (NetworkDescription Network, IReadOnlyDictionary<string, StateTensor> Tensors) Read(GraphModel model, string output, int width, int height)
    {
        ModelProto parsed = GraphFile.Parse(model.ToBytes(output));
        var input = new GraphInput("face", width, height, IsChannelsLast: false);
        GraphCost cost = GraphCost.Of(parsed.Graph, _ => input.Sizes, new GraphLimits(1L << 40, 1e15));
        GraphReading reading = GraphReader.Read(parsed, cost, input, isOnePicture: true, output);
        return (reading.Network, reading.Tensors);
    }

    private static void AssertEqual(byte[] file, IReadOnlyList<string> outputs, int width, int height)
    {
        float[] picture = new GraphModel().Draw([height, width, 3]);
        int pixels = width * height;
        float[] planes = [.. Enumerable.Range(0, picture.Length).Select(i => picture[(i % pixels * 3) + (i / pixels)])];
        using var runtime = new RuntimeGraph(DetectorGraph.WithOpenSizes(GraphFile.Parse(file)), outputs, width, height);
        float[][] expected = runtime.Run(planes, width, height);
        ModelProto model = DetectorGraph.WithOpenSizes(GraphFile.Parse(file));
        var input = new GraphInput(model.Graph.Input[0].Name, width, height, IsChannelsLast: false);
        GraphCost cost = GraphCost.Of(model.Graph, _ => input.Sizes, GraphLimits.For(pixels));
        GraphReading reading = GraphReader.Read(model, cost, input, isOnePicture: true, outputs);
        foreach (VectorWidth registers in VectorWidths.Available)
        {
            using var computed = new PictureNetwork(reading.Network, reading.Tensors, registers, () => 2, 1L << 30);
            using var room = new NativeFloats(computed.MapValues);
            float[][] actual = computed.Run(picture, room, TimeSpan.FromMinutes(1));
            for (int i = 0; i < outputs.Count; i++)
            {
                Assert.HasCount(expected[i].Length, actual[i]);
                Assert.IsGreaterThan(0, expected[i].Max(Math.Abs), "Zeros would show nothing.");
                Assert.IsLessThan(LargestError, expected[i].Zip(actual[i], (left, right) => Math.Abs(left - right) / (1 + Math.Abs(left))).Max(), $"{outputs[i]} at {width}×{height}, {registers}");
            }
        }
    }
}
