using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.FormulaNetworks;
using Microsoft.ML.ArcFace.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Networks;

[TestClass]
public class NetworkDescriptionTests
{
    private static readonly WeightInitialization s_drawn = new WeightInitialization.Normal(0.1);

    [TestMethod]
    public void Constructor_UnknownOperator_NamesTheNode()
    {
        NetworkNode node = new("Hardmax", "last", ["input"], ["last"]);
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => new NetworkDescription("x", "input", [NetworkDescription.Batch, 3], [node], [], "last")).Message;
        StringAssert.StartsWith(message, "The node 'last' (Hardmax)");
    }

    [TestMethod]
    public void Constructor_NodeThatWhatItReadsDoesNotFit_IsNamed()
    {
        NetworkNode node = new(Operators.Convolution, "conv", ["input", "w"], ["conv"]);
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => new NetworkDescription("x", "input", [NetworkDescription.Batch, 3, 8, 8], [node], [new("w", [4, 5, 3, 3], TensorKind.Weight)], "conv")).Message;
        StringAssert.StartsWith(message, "The node 'conv' (Conv) cannot be computed: ");
    }

    [TestMethod]
    public void Constructor_NodesThatDoNotFitEachOther_AreNamed()
    {
        NetworkNode first = new(Operators.Add, "first", ["input", "second"], ["first"]), second = new(Operators.Add, "second", ["input", "input"], ["second"]);
        StringAssert.Contains(Create(first, second).Message, "'first' (Add) reads 'second'");
        StringAssert.Contains(Create(second, second).Message, "makes 'second', which there is already");
        StringAssert.Contains(Create(second).Message, "makes its output 'first'");

        static ArgumentException Create(params NetworkNode[] nodes) =>
            Assert.ThrowsExactly<ArgumentException>(() => new NetworkDescription("x", "input", [NetworkDescription.Batch, 3], nodes, [], "first"));
    }

    [TestMethod]
    [DataRow(BackboneArchitecture.IResNet50, "layer1.0.sum 64 56", "layer3.13.sum 256 14", "layer4.2.sum 512 7")]
    [DataRow(BackboneArchitecture.MobileFaceNet, "layers.0.layers.0 128 56", "layers.5.layers.5.sum 256 14", "conv_sep.layers.2 512 7")]
    public void ShapeOf_ValuesOfABackbone_ArePublishedOnes(BackboneArchitecture architecture, params string[] expected)
    {
        NetworkDescription network = BackboneDescription.Of(architecture, 128);
        foreach (string[] value in expected.Select(text => text.Split(' ')))
        {
            CollectionAssert.AreEqual(new[] { NetworkDescription.Batch, long.Parse(value[1]), long.Parse(value[2]), long.Parse(value[2]) }, network.ShapeOf(value[0]), value[0]);
        }

        CollectionAssert.AreEqual(new[] { NetworkDescription.Batch, 128 }, network.ShapeOf(network.Output));
    }

    [TestMethod]
    public void Folded_NetworkWithDropout_KeepsOnlyTheNormsBeforePaddedConvolutions()
    {
        NetworkDescription network = BackboneDescription.Of(BackboneArchitecture.IResNet18, 16, dropout: 0.4);
        Assert.AreEqual(1, network.Nodes.Count(node => node.Operator == Operators.Dropout));
        NetworkDescription folded = FoldedNetwork.Of(network, FormulaWeights.Of(network)).Network;
        Assert.IsFalse(folded.Nodes.Any(node => node.Operator == Operators.Dropout));
        CollectionAssert.AreEqual(
            network.Nodes.Where(node => node.Name.EndsWith(".bn1", StringComparison.Ordinal)).Select(node => node.Name).ToArray(),
            folded.Nodes.Where(node => node.Operator == Operators.BatchNormalization).Select(node => node.Name).ToArray());
    }

    [TestMethod]
    public void FaceBackbone_NodeThatCannotBeTrained_IsNamed()
    {
        NetworkTensor[] tensors = [new("rows", [1, 3, 2, 4], TensorKind.FixedWeight)];
        NetworkNode node = new(Operators.Concat, "join", ["input", "rows"], ["joined"]) { Attributes = new NodeAttributes(new Dictionary<string, object> { ["axis"] = 2L }) };
        NetworkDescription network = new("mbf", "input", [NetworkDescription.Batch, 3, 4, 4], [node], tensors, "joined");
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => new FaceBackbone(network)).Message, "'join' (Concat)");
    }

    [TestMethod]
    public void FaceBackbone_SumOfAValueThatOthersRead_IsThatOfLibtorch()
    {
        using DisposeScope scope = NewDisposeScope();
        var builder = new NetworkBuilder("mbf", "input", 3, 6, 6);
        string norm = builder.BatchNormalization(builder.Convolution("input", "first", 8, s_drawn, kernel: 1), "norm");
        string second = builder.Convolution(norm, "second", 8, s_drawn, kernel: 1);
        using var network = new FaceBackbone(builder.Build(builder.Sum(builder.Sum(norm, second, "sum"), norm, "twice")));
        Tensor input = rand(2, 3, 6, 6);

        network.call(input).square().sum().backward();
        Parameter[] weights = [.. network.parameters()];
        Tensor[] gradients = [.. weights.Select(weight => weight.grad!.clone())];
        foreach (Parameter weight in weights)
        {
            weight.grad = null;
        }

        Tensor normalized = nn.functional.batch_norm(nn.functional.conv2d(input, weights[0]), zeros(8), ones(8), weights[1], weights[2], training: true);
        ((normalized + nn.functional.conv2d(normalized, weights[3])) + normalized).square().sum().backward();
        foreach ((Parameter weight, Tensor gradient) in weights.Zip(gradients))
        {
            Assert.IsTrue(gradient.allclose(weight.grad!, rtol: 1e-4, atol: 1e-4));
        }
    }
}
