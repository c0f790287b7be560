using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Export;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.FormulaNetworks;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Tests.Graphs;

/// <summary>What is read out of graphs of others.</summary>
[TestClass]
public class GraphNetworkTests
{
    [TestMethod]
    [RequiresRecognizer]
    public void Open_PublishedMobileFaceNet_IsReadAsItStands()
    {
        GraphNetwork graph = GraphNetwork.Open(RecognizerModels.MobileFaceNet);
        Assert.AreEqual("input0", graph.Input.Name);
        Assert.AreEqual("output0", graph.OutputName);
        Assert.AreEqual((112, 112, false), (graph.Input.Width, graph.Input.Height, graph.Input.IsChannelsLast));
        Assert.AreEqual(128, graph.Network.OutputSize);
        Assert.AreEqual(64, graph.Sha256.Length);
        Assert.IsNull(graph.Scaling);
        Assert.IsFalse(graph.IsUnitLength || graph.AddsMirrorImage);
        Assert.IsTrue(graph.Network.Nodes.All(node => node.Operator is not ("Constant" or "Identity" or "Reshape")));
        AssertComputesTheSame(File.ReadAllBytes(RecognizerModels.MobileFaceNet), graph);
    }

    [TestMethod]
    [DataRow(true, true, true)]
    [DataRow(false, true, false)]
    [DataRow(true, false, true)]
    public void Parse_OwnExport_TellsWhatItDoes(bool includePreprocessing, bool normalize, bool addMirrorImage)
    {
        NetworkDescription network = BackboneDescription.Of(BackboneArchitecture.MobileFaceNet, 32);
        IReadOnlyDictionary<string, StateTensor> weights = FormulaWeights.Of(network);
        using var stream = new MemoryStream();
        var options = new OnnxExportOptions { IncludePreprocessing = includePreprocessing, NormalizeOutput = normalize };
        OnnxExport.Write(stream, network, weights, options, addMirrorImage, new Dictionary<string, string> { ["key"] = "value" });

        GraphNetwork graph = GraphNetwork.Parse(stream.ToArray(), "the export");
        Assert.AreEqual(normalize, graph.IsUnitLength);
        Assert.AreEqual(addMirrorImage, graph.AddsMirrorImage);
        Assert.AreEqual("value", graph.Metadata["key"]);
        Assert.AreEqual("Microsoft.ML.ArcFace", graph.Producer);
        if (includePreprocessing)
        {
            Assert.AreEqual(1 / 127.5f, graph.Scaling!.Scale[2], 1e-7f);
            Assert.AreEqual(-1, graph.Scaling.Shift[0], 1e-6f);
        }
        else
        {
            Assert.IsNull(graph.Scaling);
        }

        // The description is that of one face, from its pixels to the embedding as long as it is.
        FoldedNetwork folded = FoldedNetwork.Of(network, weights);
        CollectionAssert.AreEqual(
            folded.Network.Nodes.Select(node => node.Operator).ToArray(),
            graph.Network.Nodes.Select(node => node.Operator).Where(name => name is not ("Sub" or "Mul")).ToArray());
        CollectionAssert.AreEqual(folded.Tensors["layers.0.layers.0.weight"].ToSingles(), graph.Tensors["layers.0.layers.0.weight"].ToSingles());
    }

    [TestMethod]
    public void Parse_WeightOfAnIResNet100_IsWithinTheBounds()
    {
        // 241 MB, as those of an IResNet100 together, which a product of matrices takes twice while it is computed.
        const int outputs = 1600, columns = 3 * 112 * 112;
        var model = new GraphModel();
        model.Graph.Initializer.Add(new TensorProto { Name = "weight", DataType = (int)TensorProto.Types.DataType.Float, Dims = { outputs, columns }, RawData = UnsafeByteOperations.UnsafeWrap(new byte[sizeof(float) * outputs * columns]) });
        string embedding = model.Node("Gemm", [model.Node("Flatten", [model.Input(1, 3, 112, 112)]), "weight"], ("transB", 1L));
        Assert.AreEqual(outputs, GraphNetwork.Parse(model.ToBytes(embedding), "the test").Network.OutputSize);
    }

    [TestMethod]
    public void Parse_TwoOutputs_TakesTheEmbeddingAndNamesItsLength()
    {
        var model = new GraphModel(11);
        string raw = model.Head(model.Node("Conv", [model.Input(1, 3, 8, 8), model.Random(4, 3, 3, 3)]), 4 * 6 * 6);
        string length = model.Node("ReduceL2", [raw], ("axes", (long[])[1]), ("keepdims", 1L));
        string unit = model.Node("Div", [raw, model.Node("Expand", [model.Node("Clip", [length, model.Float(1e-12f)]), model.Node("Shape", [raw])])]);
        GraphNetwork graph = GraphNetwork.Parse(model.ToBytes(length, unit), "the test");
        Assert.AreEqual(unit, graph.OutputName);
        Assert.IsTrue(graph.IsUnitLength);
        Assert.AreEqual(length, graph.FurtherOutputs.Single().Name);
        Assert.AreEqual("Gemm", graph.Network.Nodes[^1].Operator);
    }

    [TestMethod]
    [DataRow("LpNormalization")]
    [DataRow("ReduceL2")]
    [DataRow("Sqrt")]
    [DataRow("Reciprocal")]
    [DataRow("ReduceSumSquare")]
    public void Parse_EmbeddingOfUnitLength_IsRecognizedInEveryForm(string form)
    {
        var model = new GraphModel();
        string raw = model.Head(model.Node("Conv", [model.Input(1, 3, 8, 8), model.Random(4, 3, 3, 3)]), 4 * 6 * 6);
        string Length() => model.Node("ReduceL2", [raw], ("axes", (long[])[-1]), ("keepdims", 1L));
        string unit = form switch
        {
            "LpNormalization" => model.Node(form, [raw], ("axis", 1L), ("p", 2L)),
            "ReduceL2" => model.Node("Div", [raw, Length()]),
            "Sqrt" => model.Node("Div", [raw, model.Node("Sqrt", [model.Node("ReduceSum", [model.Node("Pow", [raw, model.Float(2)]), model.Longs(1)], ("keepdims", 1L))])]),
            "Reciprocal" => model.Node("Mul", [raw, model.Node("Reciprocal", [Length()])]),
            _ => model.Node("Div", [raw, model.Node("Sqrt", [model.Node(form, [raw], ("axes", (long[])[1]), ("keepdims", 1L))])]),
        };
        Assert.IsTrue(GraphNetwork.Parse(model.ToBytes(unit), "the test").IsUnitLength);
    }

    [TestMethod]
    public void Parse_DivisionByTheLengthOfSomethingElse_Stays()
    {
        var model = new GraphModel();
        string map = model.Node("Conv", [model.Input(1, 3, 8, 8), model.Random(4, 3, 3, 3)]);
        string raw = model.Head(map, 4 * 6 * 6), other = model.Head(map, 4 * 6 * 6);
        GraphNetwork graph = GraphNetwork.Parse(model.ToBytes(model.Node("Div", [raw, model.Node("ReduceL2", [other], ("axes", (long[])[1]), ("keepdims", 1L))])), "the test");
        Assert.IsFalse(graph.IsUnitLength);
        Assert.AreEqual("Div", graph.Network.Nodes[^1].Operator);
    }

    [TestMethod]
    public void Parse_WhatIsNoRecognizer_IsRefusedByName()
    {
        AssertRefused("has 2 inputs", model => model.Head(model.Node("Add", [model.Input(1, 3, 8, 8), model.Input("second", TensorProto.Types.DataType.Float, 1, 3, 8, 8)]), 192));
        AssertRefused("[1, 4, 8, 8]", model => model.Head(model.Input(1, 4, 8, 8), 256));
        AssertRefused("reads faces of at most", model => model.Head(model.Node("GlobalAveragePool", [model.Input(1, 3, 4096, 4096)]), 3));
        AssertRefused("a recognizer gives one embedding", model => model.Node("Relu", [model.Input(1, 3, 8, 8)]));
        AssertRefused("(Softmax), it makes probabilities of classes", model => model.Node("Softmax", [model.Head(model.Input(1, 3, 8, 8), 192)]));
        AssertRefused("mixes the pictures", model => model.Node("Flatten", [model.Node("Reshape", [model.Input(1, 3, 8, 8), model.Longs(3, 64)])], ("axis", 0L)));
        AssertRefused("training", model => model.Head(model.Node("BatchNormalization", [model.Input(1, 3, 8, 8), model.Positive(3), model.Random(3), model.Random(3), model.Positive(3)], ("training_mode", 1L)), 192), version: 14);
        AssertRefused("not finite", model => model.Head(model.Node("Mul", [model.Input(1, 3, 8, 8), model.Float(float.NaN)]), 192));
        AssertRefused("neither the graph nor a node before it", model => model.Head(model.Node("Add", [model.Input(1, 3, 8, 8), "nowhere"]), 192));
        AssertRefused("neither the graph nor a node before it", model =>
        {
            string cycle = model.Node("Add", [model.Input(1, 3, 8, 8), "Relu_1_out"]);
            return model.Head(model.Node("Relu", [cycle]), 192);
        });
    }

    [TestMethod]
    public void Parse_NumbersThatAreNone_AreRefusedByNode()
    {
        AssertRefused("its attribute alpha is NaN", model => model.Head(model.Node("LeakyRelu", [model.Input(1, 3, 8, 8)], ("alpha", double.NaN)), 192));
        AssertRefused("its attribute alpha is ", model => model.Head(model.Node("HardSigmoid", [model.Input(1, 3, 8, 8)], ("alpha", double.PositiveInfinity)), 192));
        AssertRefused("its attribute value is NaN", model => model.Head(model.Node("Pad", [model.Input(1, 3, 8, 8)], ("pads", (long[])[0, 0, 1, 1, 0, 0, 1, 1]), ("value", double.NaN)), 300), version: 2);
        AssertRefused("its attribute min is NaN", model => model.Head(model.Node("Clip", [model.Input(1, 3, 8, 8)], ("min", double.NaN)), 192), version: 6);
        AssertRefused("float32 does not hold", model => model.Node("Gemm", [model.Node("Flatten", [model.Input(1, 3, 8, 8)]), model.Floats([.. Enumerable.Repeat(1e30f, 192 * 8)], 8, 192)], ("transB", 1L), ("alpha", 1e30)));
        AssertRefused("which has zeros", model => model.Head(model.Node("Div", [model.Input(1, 3, 8, 8), model.Floats([1, 0, 1], 3, 1, 1)]), 192));
        AssertRefused("its variances", model => model.Head(model.Node("BatchNormalization", [model.Input(1, 3, 8, 8), model.Positive(3), model.Random(3), model.Random(3), model.Floats([1, -1, 1], 3)]), 192));
        AssertRefused("its variances", model => model.Head(model.Node("BatchNormalization", [model.Input(1, 3, 8, 8), model.Positive(3), model.Random(3), model.Random(3), model.Floats([1, 0, 1], 3)], ("epsilon", 0.0)), 192));
        AssertRefused("fills with is not one number", model => model.Head(model.Node("Pad", [model.Input(1, 3, 8, 8), model.Longs(0, 0, 1, 1, 0, 0, 1, 1), model.Floats([], 0)]), 300));
    }

    [TestMethod]
    [DataRow("PRelu")]
    [DataRow("BatchNormalization")]
    public void Parse_ValueWithoutChannels_IsRefusedByNode(string operation) => AssertRefused("which has no channels", model =>
    {
        string number = model.Node("ReduceSum", [model.Head(model.Input(1, 3, 8, 8), 192), model.Longs(1)], ("keepdims", 0L));
        string[] tensors = operation == "PRelu" ? [model.Float(0.2f)] : [model.Positive(1), model.Random(1), model.Random(1), model.Positive(1)];
        return model.Head(model.Node("Unsqueeze", [model.Node(operation, [number, .. tensors]), model.Longs(1)]), 1);
    });

    [TestMethod]
    public void Parse_TensorsAndValuesOfOneName_AreKeptApart()
    {
        // Slopes of one number become those of the channels, and a product's weight is transposed: both need a further name, which a value may have.
        AssertReadAsItStands(model =>
        {
            string face = model.Input(1, 3, 8, 8), slope = model.Floats([0.3f], 1);
            string taken = Named(model, "Relu", [face], slope + "_2");
            return model.Head(model.Node("Add", [model.Node("Mul", [model.Node("PRelu", [face, slope]), slope]), taken]), 192);
        });
        AssertReadAsItStands(model =>
        {
            string face = model.Node("Flatten", [model.Input(1, 3, 8, 8)]), weight = model.Random(192, 8);
            return model.Node("MatMul", [Named(model, "Relu", [face], weight + ".transposed"), weight]);
        });
        AssertReadAsItStands(model =>
        {
            string face = model.Input(1, 3, 8, 8);
            model.Graph.Initializer.Add(new TensorProto { Name = "input", DataType = (int)TensorProto.Types.DataType.Float, Dims = { 3, 1, 1 }, FloatData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>([0.5f, -2, 3])) });
            return model.Head(model.Node("Mul", [model.Node("Relu", [face]), "input"]), 192);
        });

        static string Named(GraphModel model, string operation, string[] inputs, string output)
        {
            model.Graph.Node.Add(new NodeProto { OpType = operation, Input = { inputs }, Output = { output } });
            return output;
        }

        static void AssertReadAsItStands(Func<GraphModel, string> build)
        {
            var model = new GraphModel();
            byte[] bytes = model.ToBytes(build(model));
            AssertComputesTheSame(bytes, GraphNetwork.Parse(bytes, "the test"));
        }
    }

    [TestMethod]
    public void Parse_HostileGraphs_AreRefused()
    {
        foreach ((string what, _, Func<byte[]> file) in HostileGraphs.All)
        {
            Assert.ThrowsExactly<WeightsFormatException>(() => GraphNetwork.Parse(file(), what), what);
            Assert.ThrowsExactly<WeightsFormatException>(() => GraphNetwork.Parse(file(), what, folder: null, new OnnxGraphRuntime()), what);
        }
    }

    /// <summary>Writes a description as it was read, and has ONNX Runtime compute both files.</summary>
    internal static void AssertComputesTheSame(byte[] file, GraphNetwork graph)
    {
        FoldedNetwork folded = FoldedNetwork.Of(graph.Network, graph.Tensors);
        var written = new OnnxGraph("again");
        string input = written.Input("input", 3, graph.Input.Height, graph.Input.Width);
        written.Output(OnnxNetwork.Add(written, folded, input), "embedding", graph.Network.OutputSize);
        float[] picture = new GraphModel().Draw([1, 3, graph.Input.Height, graph.Input.Width]);
        float[] expected = GraphModel.Run(file, graph.Input.Name, graph.Input.Sizes, graph.Input.IsChannelsLast ? ChannelsLast(picture) : picture), actual = GraphModel.Run(written.ToModel(new Dictionary<string, string>()).ToByteArray(), "input", [1, 3, graph.Input.Height, graph.Input.Width], picture);
        Assert.IsGreaterThan(0.999999, OnnxFile.Cosine(expected, actual));
        Assert.AreEqual(expected[0], actual[0], Math.Abs(expected[0] * 1e-4) + 1e-5);
    }

    private static float[] ChannelsLast(float[] planes) => [.. Enumerable.Range(0, planes.Length).Select(i => planes[(i % 3 * (planes.Length / 3)) + (i / 3)])];

    private static void AssertRefused(string named, Func<GraphModel, string> build, int version = 13)
    {
        var model = new GraphModel(version);
        string output = build(model);
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => GraphNetwork.Parse(model.ToBytes(output), "the test")).Message;
        StringAssert.StartsWith(message, "the test is no recognizer that can be read.");
        StringAssert.Contains(message, named);
    }
}
