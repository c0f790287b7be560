using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Graphs;

/// <summary>Graphs of others as modules of libtorch, beside what the processor computes of them, and beside finite differences.</summary>
[TestClass]
public class GraphTrainingTests
{
    private const int Faces = 3;

    public static IEnumerable<object[]> Cases => RecognizerCases.All.Select(entry => new object[] { entry.Name });

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Forward_GraphOfOthers_IsWhatTheProcessorComputes(string name)
    {
        GraphNetwork graph = Read(name);
        float[] pixels = new GraphModel().Draw([Faces, graph.Input.Height, graph.Input.Width, 3]);
        using var network = new InferenceNetwork(graph.Network, graph.Tensors, VectorWidths.Best, () => 1);
        float[] expected = network.Embed(pixels, Faces);
        AssertLeavesNoTensors(() =>
        {
            using FaceBackbone backbone = ToBackbone(graph);
            backbone.eval();
            using var gradient = no_grad();
            foreach (bool isChannelsLast in new[] { true, false })
            {
                float[] actual = [.. backbone.call(Input(graph, pixels, isChannelsLast)).data<float>()];
                Assert.IsLessThan(2e-4, Distance(expected, actual), $"{name}, channels last: {isChannelsLast}");
            }

            Tensor half = backbone.call(Input(graph, pixels, isChannelsLast: true).to(ScalarType.BFloat16));
            Assert.AreEqual(ScalarType.Float32, half.dtype);
            Assert.IsGreaterThan(0.99, OnnxFile.Cosine(expected, [.. half.data<float>()]), name);
        });
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Backward_GraphOfOthers_IsTheSlopeAlongADirection(string name)
    {
        const double length = 1e-6;
        GraphNetwork graph = Read(name);
        float[] pixels = new GraphModel().Draw([Faces, graph.Input.Height, graph.Input.Width, 3]);
        AssertLeavesNoTensors(() =>
        {
            using FaceBackbone backbone = ToBackbone(graph);
            backbone.eval();
            backbone.to(ScalarType.Float64);
            Tensor input = Input(graph, pixels, isChannelsLast: true).to(ScalarType.Float64);
            Parameter[] trained = [.. backbone.parameters().Where(parameter => parameter.requires_grad)];
            Tensor[] directions = [.. trained.Select(parameter => tensor(new GraphModel().Draw(parameter.shape)).view(parameter.shape).to(ScalarType.Float64))];
            Tensor weights = tensor(new GraphModel().Draw([Faces, graph.Network.OutputSize])).view(Faces, graph.Network.OutputSize).to(ScalarType.Float64);

            Loss().backward();
            double expected = trained.Zip(directions, (parameter, direction) => (parameter.grad! * direction).sum().item<double>()).Sum();
            using var gradient = no_grad();
            Move(length);
            double above = Loss().item<double>();
            Move(-2 * length);
            double below = Loss().item<double>();
            double slope = (above - below) / (2 * length);
            Assert.IsLessThan(1e-5 * Math.Max(1, Math.Abs(expected)), Math.Abs(expected - slope), FormattableString.Invariant($"{name}: {expected} and {slope}"));
            Assert.IsGreaterThan(1e-6, Math.Abs(expected), name);

            Tensor Loss() => (backbone.call(input) * weights).sum();

            void Move(double distance)
            {
                foreach ((Parameter parameter, Tensor direction) in trained.Zip(directions))
                {
                    parameter.add_(direction * distance);
                }
            }
        });
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Write_TrainedGraph_ReadAgainIsWhatWasTrained(string name)
    {
        const double rate = 0.05;
        GraphNetwork graph = Read(name);
        float[] pixels = new GraphModel().Draw([Faces, graph.Input.Height, graph.Input.Width, 3]);
        var trainable = TrainableNetwork.Of(graph.Network);
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone backbone = ToBackbone(graph);
        backbone.call(Input(graph, pixels, isChannelsLast: true)).mean().backward();
        using var gradient = no_grad();
        float largest = backbone.parameters().Where(parameter => parameter.requires_grad).Max(parameter => parameter.grad!.abs().max().item<float>());
        foreach (Parameter parameter in backbone.parameters().Where(parameter => parameter.requires_grad))
        {
            parameter.add_(parameter.grad! * (-rate / largest));
        }

        backbone.eval();
        float[] expected = [.. backbone.call(Input(graph, pixels, isChannelsLast: true)).data<float>()];
        IReadOnlyDictionary<string, StateTensor> tensors = ModuleState.ReadableByName(backbone);
        GraphNetwork again = graph with { Network = trainable.Network, Tensors = tensors };
        if (graph.Original is { } original)
        {
            using var file = new MemoryStream();
            GraphWriting.Write(file, original, tensors, new Dictionary<string, string>(), trainable.Network);
            again = GraphNetwork.Parse(file.ToArray(), name);
        }

        using var network = new InferenceNetwork(again.Network, again.Tensors, VectorWidths.Best, () => 1);
        using var before = new InferenceNetwork(graph.Network, graph.Tensors, VectorWidths.Best, () => 1);
        float[] actual = network.Embed(pixels, Faces);
        Assert.IsLessThan(2e-4, Distance(expected, actual), name);
        Assert.IsGreaterThan(1e-5, Distance(before.Embed(pixels, Faces), actual), "Nothing was trained.");
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void RenewedNorms_AddedAndFolded_AreTheNetworkAgain(string name)
    {
        GraphNetwork graph = Read(name);
        var trainable = TrainableNetwork.Of(graph.Network);
        Dictionary<string, StateTensor> tensors = new(trainable.With(graph.Tensors));
        NetworkDescription renewed = RenewedNorms.AddTo(trainable.Network);
        foreach (NetworkNode norm in renewed.Nodes.Where(node => RenewedNorms.IsRenewed(renewed, node)))
        {
            // As a norm is that leaves its input as it is: of any mean and variance, with their root as scale and the mean as shift.
            float[] mean = new GraphModel().Draw(renewed.ShapeOf(norm.Inputs[1])), variance = [.. mean.Select(value => 0.1f + Math.Abs(value))];
            float[][] numbers = [[.. variance.Select(value => (float)Math.Sqrt(value + RenewedNorms.Epsilon))], mean, mean, variance];
            foreach ((string tensor, float[] values) in norm.Inputs.Skip(1).Zip(numbers))
            {
                tensors.Add(tensor, PlainTensor.Of([values.Length], values));
            }
        }

        (NetworkDescription network, IReadOnlyDictionary<string, StateTensor> folded) = RenewedNorms.Fold(renewed, tensors);
        Assert.AreEqual(NetworkJson.Write(trainable.Network), NetworkJson.Write(network));
        foreach ((string key, StateTensor tensor) in folded)
        {
            float[] before = trainable.With(graph.Tensors)[key].ToSingles(), after = tensor.ToSingles();
            Assert.IsLessThan(1e-5, before.Zip(after, (left, right) => Math.Abs(left - right)).Max(), $"{name}: {key}");
        }

        float[] pixels = new GraphModel().Draw([Faces, graph.Input.Height, graph.Input.Width, 3]);
        using var expected = new InferenceNetwork(graph.Network, graph.Tensors, VectorWidths.Best, () => 1);
        using var actual = new InferenceNetwork(renewed, tensors, VectorWidths.Best, () => 1);
        Assert.IsLessThan(2e-4, Distance(expected.Embed(pixels, Faces), actual.Embed(pixels, Faces)), name);
    }

    [TestMethod]
    public void TrainableNetwork_SharedTensors_BelongToOneLayerEach()
    {
        TrainableNetwork trainable = TrainableNetwork.Of(Read("folded norms that share weights").Network);
        IGrouping<string, KeyValuePair<string, string>>[] copies = [.. trainable.Sources.GroupBy(source => source.Value).Where(group => group.Count() > 1)];
        Assert.HasCount(2, copies);
        Assert.IsTrue(trainable.Network.Tensors.All(tensor => trainable.Network.ReadersOf(tensor.Name).Count() == 1));
        Assert.AreSame(trainable.Network.FindTensor(copies[0].Key)!.Shape, trainable.Network.FindTensor(copies[0].Key + "_2")!.Shape);
    }

    [TestMethod]
    public void TrainableNetwork_ConstantsOfArithmetic_Stay()
    {
        NetworkDescription network = TrainableNetwork.Of(Read("pixels that are scaled inside").Network).Network;
        Assert.AreEqual("Sub, Mul, Conv", string.Join(", ", network.Nodes.Take(3).Select(node => node.Operator)));
        foreach (NetworkNode node in network.Nodes)
        {
            TensorKind expected = node.Operator is "Sub" or "Mul" ? TensorKind.FixedWeight : TensorKind.Weight;
            Assert.IsTrue(node.Inputs.Select(network.FindTensor).All(tensor => tensor is null || tensor.Kind == expected), $"{node}");
        }
    }

    [TestMethod]
    public void TrainableNetwork_Stages_FollowTheSizesOfMaps()
    {
        NetworkDescription network = TrainableNetwork.Of(Read("IResNet with attention to channels").Network).Network;
        Assert.AreEqual(0, network.Nodes[0].Stage);
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 5 }, network.Nodes.Select(node => node.Stage).Distinct().ToArray());
        Assert.IsTrue(network.Nodes.Where(node => node.Operator == "Sigmoid").All(node => node.Stage is 1 or 2), "Attention is of the stage of its maps.");
        Assert.AreEqual(5, network.ProducerOf(network.Output)!.Stage);
        NetworkDescription published = BackboneDescription.Of(BackboneArchitecture.MobileFaceNet, 64);
        Assert.AreEqual(NetworkJson.Write(published), NetworkJson.Write(TrainableNetwork.Of(published).Network));
    }

    private static GraphNetwork Read(string name)
    {
        RecognizerCase recognizer = RecognizerCases.All.Single(entry => entry.Name == name);
        var model = new GraphModel(recognizer.Version);
        return GraphNetwork.Parse(model.ToBytes(recognizer.Build(model)), name);
    }

    private static FaceBackbone ToBackbone(GraphNetwork graph)
    {
        var trainable = TrainableNetwork.Of(graph.Network);
        var backbone = new FaceBackbone(trainable.Network);
        backbone.CopyFrom(trainable.With(graph.Tensors));
        return backbone;
    }

    /// <summary>[B,3,H,W] of pixels that are interleaved.</summary>
    private static Tensor Input(GraphNetwork graph, float[] pixels, bool isChannelsLast)
    {
        Tensor input = tensor(pixels).view(Faces, graph.Input.Height, graph.Input.Width, 3).permute(0, 3, 1, 2);
        return isChannelsLast ? input : input.contiguous();
    }

    private static double Distance(float[] expected, float[] actual)
    {
        Assert.HasCount(expected.Length, actual);
        return expected.Zip(actual, (left, right) => Math.Abs(left - right)).Max() / expected.Max(Math.Abs);
    }

    private static void AssertLeavesNoTensors(Action action)
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (DisposeScope scope = NewDisposeScope())
        {
            action();
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
