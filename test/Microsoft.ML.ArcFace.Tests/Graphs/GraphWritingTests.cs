using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using TorchSharp.Modules;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Tests.Graphs;

/// <summary>Graphs of others that are written again, with the numbers that they had and with others.</summary>
[TestClass]
public class GraphWritingTests
{
    private const int Faces = 2;

    public static IEnumerable<object[]> Cases => RecognizerCases.All.Select(entry => new object[] { entry.Name });

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Write_NumbersOfTheFile_IsTheFile(string name)
    {
        byte[] file = File(name);
        GraphNetwork graph = GraphNetwork.Parse(file, name);
        AssertSame(ModelProto.Parser.ParseFrom(file), ModelProto.Parser.ParseFrom(Write(graph, graph.Tensors)));
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Write_OtherNumbers_IsTheGraphThatComputesThem(string name)
    {
        byte[] file = File(name);
        GraphNetwork graph = GraphNetwork.Parse(file, name);
        IReadOnlyDictionary<string, StateTensor> numbers = Changed(graph);
        byte[] written = Write(graph, numbers);
        ModelProto before = ModelProto.Parser.ParseFrom(file), after = ModelProto.Parser.ParseFrom(written);
        CollectionAssert.AreEqual(Shown(before).ToArray(), Shown(after).ToArray());
        Assert.AreEqual(before.Graph.Output, after.Graph.Output);

        using var changed = new InferenceNetwork(graph.Network, numbers, VectorWidths.Best, () => 1);
        using var original = new InferenceNetwork(graph.Network, graph.Tensors, VectorWidths.Best, () => 1);
        GraphNetwork readAgain = GraphNetwork.Parse(written, name);
        using var again = new InferenceNetwork(readAgain.Network, readAgain.Tensors, VectorWidths.Best, () => 1);
        float[] faces = new GraphModel().Draw([Faces, graph.Input.Height, graph.Input.Width, 3]);
        float[] expected = changed.Embed(faces, Faces);
        AssertNear(expected, again.Embed(faces, Faces), graph);
        AssertNear(expected, Run(written, graph, faces), graph);
        if (graph.Tensors.Count > 0)
        {
            Assert.IsTrue(expected.Zip(original.Embed(faces, Faces)).Any(pair => pair.First != pair.Second), "The numbers that were changed make no difference.");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Write_TrainedGraph_IsTheGraphThatComputesIt(string name)
    {
        GraphNetwork graph = GraphNetwork.Parse(File(name), name);
        float[] faces = new GraphModel().Draw([Faces, graph.Input.Height, graph.Input.Width, 3]);
        foreach (bool renewsNorms in new[] { false, true })
        {
            (NetworkDescription network, IReadOnlyDictionary<string, StateTensor> numbers) = Train(graph, faces, renewsNorms);
            byte[] written = Write(graph, network, RenewedNorms.Fold(network, numbers).Tensors);
            using var trained = new InferenceNetwork(network, numbers, VectorWidths.Best, () => 1);
            using var original = new InferenceNetwork(graph.Network, graph.Tensors, VectorWidths.Best, () => 1);
            GraphNetwork readAgain = GraphNetwork.Parse(written, name);
            using var again = new InferenceNetwork(readAgain.Network, readAgain.Tensors, VectorWidths.Best, () => 1);
            float[] expected = trained.Embed(faces, Faces);
            AssertNear(expected, again.Embed(faces, Faces), graph);
            AssertNear(expected, Run(written, graph, faces), graph);
            Assert.IsTrue(expected.Zip(original.Embed(faces, Faces)).Any(pair => pair.First != pair.Second), "The training makes no difference.");
        }
    }

    [TestMethod]
    public void Read_OfASavedModel_IsTheSame()
    {
        GraphNetwork graph = GraphNetwork.Parse(File("IResNet with attention to channels"), "the test");
        var read = OriginalGraph.Read(graph.Original!.Bytes.ToArray(), graph.Network);
        using var stream = new MemoryStream();
        GraphWriting.Write(stream, read, Changed(graph), new Dictionary<string, string>(), graph.Network);
        CollectionAssert.AreEqual(Write(graph, Changed(graph)), stream.ToArray());
        long weights = graph.Tensors.Values.Sum(tensor => tensor.Count * sizeof(float));
        Assert.IsLessThan(weights / 4, graph.Original.Bytes.Length, "The large tensors are not kept a second time.");
    }

    [TestMethod]
    public void Write_HalfPrecision_StaysSoOrIsWidenedWhereItCan()
    {
        var model = new GraphModel();
        string weight = model.Node("Cast", [model.Halves(model.Draw([5, 3, 3, 3]), 5, 3, 3, 3)], ("to", (long)DataType.Float));
        byte[] file = model.ToBytes(model.Head(model.Node("Conv", [model.Input(1, 3, 8, 8), weight]), 180));
        GraphNetwork graph = GraphNetwork.Parse(file, "the test");
        string name = model.Graph.Initializer[0].Name;
        ModelProto small = ModelProto.Parser.ParseFrom(Write(graph, With(graph, name, 1.5f)));
        Assert.AreEqual((int)DataType.Float16, small.Graph.Initializer[0].DataType);
        CollectionAssert.AreEqual(Enumerable.Repeat(1.5f, 135).ToArray(), GraphStateTensor.Of(small.Graph.Initializer[0], name).ToSingles());

        // Too large for its type: what reads it as float32 gets a tensor of float32.
        byte[] wide = Write(graph, With(graph, name, 1e6f));
        ModelProto large = ModelProto.Parser.ParseFrom(wide);
        TensorProto added = large.Graph.Initializer[^1];
        Assert.AreEqual(((int)DataType.Float, name + "_2"), (added.DataType, added.Name));
        Assert.AreEqual(added.Name, large.Graph.Node.Single(node => node.OpType == "Conv").Input[1]);
        Assert.AreEqual(1e6f, GraphNetwork.Parse(wide, "the test").Tensors[added.Name].ToSingles()[0]);
    }

    [TestMethod]
    public void Write_TensorOfSeveralNodes_IsParted()
    {
        var model = new GraphModel();
        string slope = model.Floats([0.25f], 1), matrix = model.Random(8, 8);
        string row = model.Head(model.Input(1, 3, 8, 8), 192);
        row = model.Node("PRelu", [model.Node("MatMul", [row, matrix]), slope]);
        byte[] file = model.ToBytes(model.Node("PRelu", [model.Node("MatMul", [row, matrix]), slope]));
        GraphNetwork graph = GraphNetwork.Parse(file, "the test");
        Assert.HasCount(6, graph.Tensors);
        IReadOnlyDictionary<string, StateTensor> numbers = Changed(graph);
        GraphNetwork again = GraphNetwork.Parse(Write(graph, numbers), "the test");
        float[] faces = new GraphModel().Draw([Faces, 8, 8, 3]);
        using var expected = new InferenceNetwork(graph.Network, numbers, VectorWidths.Best, () => 1);
        using var actual = new InferenceNetwork(again.Network, again.Tensors, VectorWidths.Best, () => 1);
        CollectionAssert.AreEqual(expected.Embed(faces, Faces), actual.Embed(faces, Faces));
    }

    [TestMethod]
    [RequiresRecognizer]
    public void Write_PublishedMobileFaceNet_IsTheFile()
    {
        byte[] file = System.IO.File.ReadAllBytes(RecognizerModels.MobileFaceNet);
        GraphNetwork graph = GraphNetwork.Parse(file, "the file");
        ModelProto before = ModelProto.Parser.ParseFrom(file), after = ModelProto.Parser.ParseFrom(Write(graph, graph.Tensors));
        AssertSame(before, after);
        foreach ((TensorProto expected, TensorProto actual) in before.Graph.Initializer.Zip(after.Graph.Initializer))
        {
            Assert.AreEqual(expected.RawData, actual.RawData, expected.Name);
        }
    }

    internal static byte[] File(string name)
    {
        RecognizerCase recognizer = RecognizerCases.All.Single(entry => entry.Name == name);
        var model = new GraphModel(recognizer.Version);
        return model.ToBytes(recognizer.Build(model));
    }

    private static byte[] Write(GraphNetwork graph, IReadOnlyDictionary<string, StateTensor> numbers) => Write(graph, graph.Network, numbers);

    internal static byte[] Write(GraphNetwork graph, NetworkDescription network, IReadOnlyDictionary<string, StateTensor> numbers)
    {
        using var stream = new MemoryStream();
        GraphWriting.Write(stream, graph.Original!, numbers, new Dictionary<string, string>(), network);
        return stream.ToArray();
    }

    /// <summary>Each number by a factor of its own, between 0.9 and 1.1: variances stay positive.</summary>
    private static Dictionary<string, StateTensor> Changed(GraphNetwork graph)
    {
        var random = new Random(3);
        return graph.Tensors.ToDictionary(
            tensor => tensor.Key, tensor => (StateTensor)PlainTensor.Of(tensor.Value.Shape, Array.ConvertAll(tensor.Value.ToSingles(), number => number * (float)(0.9 + (0.2 * random.NextDouble())))));
    }

    /// <summary>Trains a graph for a few small steps towards other embeddings.</summary>
    internal static (NetworkDescription Network, IReadOnlyDictionary<string, StateTensor> Numbers) Train(GraphNetwork graph, float[] faces, bool renewsNorms)
    {
        var trainable = TrainableNetwork.Of(graph.Network);
        NetworkDescription network = renewsNorms ? RenewedNorms.AddTo(trainable.Network) : trainable.Network;
        using DisposeScope scope = torch.NewDisposeScope();
        using var backbone = new FaceBackbone(network);
        Dictionary<string, StateTensor> start = new(trainable.With(graph.Tensors));
        foreach (NetworkTensor added in network.Tensors.Where(tensor => !start.ContainsKey(tensor.Name)))
        {
            bool isOne = added.Name.EndsWith("weight", StringComparison.Ordinal) || added.Name.EndsWith("running_var", StringComparison.Ordinal);
            start.Add(added.Name, PlainTensor.Of(added.Shape, Enumerable.Repeat(isOne ? 1f : 0f, (int)PlainTensor.CountOf(added.Shape)).ToArray()));
        }

        backbone.CopyFrom(start);
        backbone.train();
        torch.Tensor input = torch.tensor(faces).view(Faces, graph.Input.Height, graph.Input.Width, 3).permute(0, 3, 1, 2);
        torch.Tensor target = torch.tensor(new GraphModel().Draw([Faces, graph.Network.OutputSize])).view(Faces, graph.Network.OutputSize);
        for (int step = 0; step < 3; step++)
        {
            backbone.zero_grad();
            (backbone.call(input) * target).mean().backward();
            using (torch.no_grad())
            {
                foreach (Parameter parameter in backbone.parameters().Where(parameter => parameter.grad is not null))
                {
                    // Of a length that leaves slopes and scales what they are.
                    torch.Tensor gradient = parameter.grad!;
                    parameter.AddQuotientInPlace(gradient, gradient.abs().max().AtLeast(1e-12), -0.01);
                }
            }
        }

        backbone.eval();
        return (network, ModuleState.ReadableByName(backbone).ToDictionary(tensor => tensor.Key, tensor => (StateTensor)PlainTensor.Of(tensor.Value.Shape, tensor.Value.ToSingles())));
    }

    private static Dictionary<string, StateTensor> With(GraphNetwork graph, string name, float number) =>
        new(graph.Tensors) { [name] = PlainTensor.Of(graph.Tensors[name].Shape, Enumerable.Repeat(number, (int)graph.Tensors[name].Count).ToArray()) };

    private static void AssertSame(ModelProto expected, ModelProto actual)
    {
        foreach ((TensorProto before, TensorProto after) in expected.Graph.Initializer.Zip(actual.Graph.Initializer))
        {
            Assert.AreEqual(before.Name, after.Name);
            CollectionAssert.AreEqual(before.Dims, after.Dims);

            // To the bit, but for a factor that is multiplied in and divided out again.
            float[] numbers = GraphStateTensor.Of(before, before.Name).ToSingles();
            Assert.IsTrue(numbers.Zip(GraphStateTensor.Of(after, after.Name).ToSingles()).All(pair => Math.Abs(pair.First - pair.Second) <= 1e-7f * Math.Abs(pair.First)), before.Name);
        }

        ModelProto[] bare = [expected.Clone(), actual.Clone()];
        Array.ForEach(bare, model => model.Graph.Initializer.Clear());
        Assert.AreEqual(expected.Graph.Initializer.Count, actual.Graph.Initializer.Count);
        Assert.AreEqual(bare[0], bare[1]);
    }

    /// <summary>Nodes with all that is not a number: who reads a tensor may read another.</summary>
    private static IEnumerable<string> Shown(ModelProto model) => model.Graph.Node.Select(node => $"{node.OpType} {node.Name} {string.Join(",", node.Output)} {node.Input.Count} {string.Join(";", node.Attribute.Where(attribute => attribute.T is null))}");

    /// <summary>What ONNX Runtime makes of faces, one by one.</summary>
    internal static float[] Run(byte[] file, GraphNetwork graph, float[] faces) =>
        [.. InOrderOf(graph, faces).Chunk(faces.Length / Faces).SelectMany(face => GraphModel.Run(file, graph.Input.Name, graph.Input.Sizes, face, graph.OutputName))];

    /// <summary>Interleaved pixels in the order that a graph reads.</summary>
    internal static float[] InOrderOf(GraphNetwork graph, float[] faces)
    {
        int length = faces.Length / Faces, pixels = length / 3;
        return graph.Input.IsChannelsLast ? faces : [.. faces.Chunk(length).SelectMany(face => Enumerable.Range(0, length).Select(i => face[(i % pixels * 3) + (i / pixels)]))];
    }

    internal static void AssertNear(float[] expected, float[] actual, GraphNetwork graph)
    {
        Assert.HasCount(expected.Length, actual);
        foreach ((float[] left, float[] right) in expected.Chunk(expected.Length / Faces).Zip(actual.Chunk(expected.Length / Faces)))
        {
            Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(left, right));
            double ratio = Math.Sqrt(right.Sum(value => (double)value * value) / left.Sum(value => (double)value * value));
            Assert.IsTrue(graph.IsUnitLength || ratio is > 0.999 and < 1.001, FormattableString.Invariant($"{ratio}"));
        }
    }
}
