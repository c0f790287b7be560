using Google.Protobuf;
using Microsoft.ML.ArcFace.Graphs;
using static Microsoft.ML.ArcFace.Graphs.AttributeProto.Types;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>
/// Detectors that would hang a program or take all its memory: each is a proper one whose first output depends on something
/// that costs far more than the file is long.
/// </summary>
internal static class HostileGraphs
{
    private const long Huge = 1L << 31;

    /// <summary>Gives all of them: what they do, what the message must name, and the file.</summary>
    public static IReadOnlyList<(string What, string Named, Func<byte[]> File)> All { get; } =
    [
        ("an endless loop", "Loop", () => With(EndlessLoop)),
        ("an endless loop within a condition", "If", () => With(graph => If(graph, EndlessLoop))),
        ("a condition", "If", () => With(graph => If(graph, inner => Node(inner, "Constant", [], Value("value", Scalar(1f)))))),
        ("a scan", "Scan", () => With(graph => Node(graph, "Scan", ["input.1"], Int("num_scan_inputs", 1), Subgraph("body", inner => Node(inner, "Identity", ["x"]))))),
        ("random numbers", "RandomNormal", () => With(graph => Sum(graph, Node(graph, "RandomNormal", [], Ints("shape", Huge))))),
        ("a sequence", "SequenceEmpty", () => With(graph => Node(graph, "SequenceEmpty", []))),
        ("an optional", "Optional", () => With(graph => Node(graph, "Optional", ["input.1"]))),
        ("a text", "StringNormalizer", () => With(graph => Node(graph, "StringNormalizer", ["input.1"]))),
        ("an operator of another domain", "evil.Relu", () => With(graph => Node(graph, "Relu", ["input.1"], domain: "evil"))),
        ("an operator of Microsoft's that no network of faces needs", "com.microsoft.Attention", () => With(graph => Node(graph, "Attention", ["input.1"], domain: "com.microsoft"))),
        ("a function of its own", "function 'Relu'", () => Change(model => model.Functions.Add(new FunctionProto { Name = "Relu" }))),
        ("zeros of eight gigabytes", "ConstantOfShape", () => With(graph => Sum(graph, Node(graph, "ConstantOfShape", [Shape(graph, Huge)])))),
        ("zeros of eight gigabytes in many sizes", "ConstantOfShape", () => With(graph => Sum(graph, Node(graph, "ConstantOfShape", [Shape(graph, [.. Enumerable.Repeat(4L, 16)])], Value("value", Scalar(1f)))))),
        ("a shape of a constant node", "ConstantOfShape", () => With(graph => Sum(graph, Node(graph, "ConstantOfShape", [Node(graph, "Constant", [], Ints("value_ints", Huge))])))),
        ("a shape whose product wraps around", "ConstantOfShape", () => With(graph => Sum(graph, Node(graph, "ConstantOfShape", [Shape(graph, 1L << 32, 1L << 32, 4)])))),
        ("a shape that was calculated", "ConstantOfShape", () => With(graph => Sum(graph, Node(graph, "ConstantOfShape", [Node(graph, "Mul", [Shape(graph, 1L << 16), Shape(graph, 1L << 15)])])))),
        ("an expansion", "Expand", () => With(graph => Sum(graph, Node(graph, "Expand", [Add(graph, Scalar(1f)), Shape(graph, Huge)])))),
        ("tiles", "Tile", () => With(graph => Sum(graph, Node(graph, "Tile", ["input.1", Shape(graph, 1, 1, 1 << 10, 1 << 10)])))),
        ("a range", "Range", () => With(graph => Sum(graph, Node(graph, "Range", [Add(graph, Scalar(0f)), Add(graph, Scalar(2e9f)), Add(graph, Scalar(1f))])))),
        ("an enlargement by scales", "Resize", () => With(graph => Sum(graph, Node(graph, "Resize", ["input.1", "", Add(graph, Vector(1, 1, 1000, 1000))])))),
        ("an enlargement to sizes", "Resize", () => With(graph => Sum(graph, Node(graph, "Resize", ["input.1", "", "", Shape(graph, 1, 3, 1 << 15, 1 << 15)])))),
        ("an enlargement of an older version", "Upsample", () => With(graph => Sum(graph, Node(graph, "Upsample", ["input.1", Add(graph, Vector(1, 1, 1000, 1000))])))),
        ("padding", "Pad", () => With(graph => Sum(graph, Node(graph, "Pad", ["input.1", Shape(graph, 0, 0, 0, 0, 0, 0, 1 << 15, 1 << 15)])))),
        ("one of many", "OneHot", () => With(graph => Sum(graph, Node(graph, "OneHot", [Shape(graph, 1), Shape(graph, Huge), Add(graph, Vector(0, 1))])))),
        ("a convolution with wide borders", "Conv", () => With(graph => Sum(graph, Node(graph, "Conv", ["input.1", Add(graph, Tensor(1, 3, 1, 1))], Ints("pads", 0, 0, 1 << 15, 1 << 15))))),
        ("a transposed convolution of wide steps", "ConvTranspose", () => With(graph => Sum(graph, Node(graph, "ConvTranspose", ["input.1", Add(graph, Tensor(3, 1, 1, 1))], Ints("strides", 1000, 1000))))),
        ("a product of vectors", "MatMul", () => With(graph => Sum(graph, Node(graph, "MatMul", [Flat(graph, -1, 1), Flat(graph, 1, -1)])))),
        ("a sum of a row and a column", "Add", () => With(graph => Sum(graph, Node(graph, "Add", [Flat(graph, -1, 1), Flat(graph, 1, -1)])))),
        ("numbers joined to themselves", "Concat", () => With(graph => Sum(graph, Enumerable.Range(0, 40).Aggregate("input.1", (value, _) => Node(graph, "Concat", [value, value], Int("axis", 0)))))),
        ("a size that pixels decide", "ConstantOfShape", () => With(graph => Sum(graph, Node(graph, "ConstantOfShape", [FromPixels(graph)])))),
        ("tiles that pixels decide", "Tile", () => With(graph => Sum(graph, Node(graph, "Tile", [Flat(graph, -1), FromPixels(graph)])))),
        ("a size by far pixels", "Expand", () => With(graph => Sum(graph, Node(graph, "Expand", [Flat(graph, 1, -1), Node(graph, "Concat", [FromPixels(graph), Shape(graph, 1)], Int("axis", 0))])))),
        ("a division by zero", "Div", () => With(graph => Sum(graph, Node(graph, "Cast", [Node(graph, "Div", [Shape(graph, 7), Shape(graph, 0)])], Int("to", (long)DataType.Float))))),
        ("a division by what pixels say", "Div", () => With(graph => Sum(graph, Node(graph, "Cast", [Node(graph, "Div", [Shape(graph, 7), FromPixels(graph)])], Int("to", (long)DataType.Float))))),
        ("a remainder of zero", "Mod", () => With(graph => Sum(graph, Node(graph, "Cast", [Node(graph, "Mod", [Shape(graph, 7), Shape(graph, 0)])], Int("to", (long)DataType.Float))))),
        ("an input without a name", "has no name", () => With(graph => Sum(graph, Node(graph, "Min", ["input.1", ""])))),
        ("a bias without a name", "has no name", () => With(graph => Sum(graph, Node(graph, "LayerNormalization", ["input.1", Add(graph, Tensor(96)), ""])))),
        ("an attribute that is there twice", "twice", () => With(graph => Sum(graph, Node(graph, "Concat", ["input.1", "input.1"], Int("axis", 0), Int("axis", 1))))),
        ("padding that is there twice", "both as an attribute", () => With(graph => Sum(graph, Node(graph, "Pad", ["input.1", Shape(graph, 0, 0, 0, 0, 0, 0, 1 << 15, 1 << 15)], Ints("pads", 0, 0, 0, 0, 0, 0, 0, 0))))),
        ("products for hours", "MatMul", () => With(graph => Sum(graph, Enumerable.Range(0, 1000).Aggregate(Square(graph), (value, _) => Node(graph, "MatMul", [value, value]))))),
        ("convolutions for hours", "Conv", () => With(graph => Sum(graph, Enumerable.Range(0, 1000).Aggregate("input.1", (value, _) =>
            Node(graph, "Conv", [value, Node(graph, "Expand", [Add(graph, Scalar(0f)), Shape(graph, 3, 3, 63, 63)])], Ints("pads", 31, 31, 31, 31)))))),
        ("hundred thousand nodes", "100001 nodes", () => Change(model => model.Graph.Node.Add(Enumerable.Repeat(new NodeProto { OpType = "Relu" }, 100_001 - model.Graph.Node.Count)))),
        ("a sparse tensor", "sparse", () => Change(model => model.Graph.SparseInitializer.Add(new SparseTensorProto { Values = new TensorProto { Name = "few" } }))),
        ("a sparse constant", "sparse", () => With(graph => Node(graph, "Constant", [], new AttributeProto { Name = "sparse_value", Type = AttributeType.SparseTensor, SparseTensor = new SparseTensorProto { Values = Scalar(1f) } }))),
        ("data elsewhere", "another file", () => Change(model => model.Graph.Initializer.Add(Elsewhere))),
        ("a constant with data elsewhere", "another file", () => With(graph => Node(graph, "Constant", [], Value("value", Elsewhere)))),
        ("a subgraph with data elsewhere", "another file", () => With(graph => If(graph, inner => Node(inner, "Constant", [], Value("value", Elsewhere))))),
        ("a tensor with less numbers than it claims", "does not have", () => Change(model => model.Graph.Initializer.Add(new TensorProto { Name = "x", DataType = (int)DataType.Float, Dims = { 1 << 20 }, RawData = ByteString.CopyFrom(1, 2, 3, 4) }))),
        ("a tensor that claims two gigabytes", "does not have", () => Change(model => model.Graph.Initializer.Add(new TensorProto { Name = "x", DataType = (int)DataType.Int8, Dims = { int.MaxValue } }))),
        ("a picture of a hundred thousand pixels in a square", "100000×100000", () => Change(model => State(model, 100_000), new DetectorModels.Scrfd(128, 96))),
        ("millions of empty nodes", "fields", () => Repeated([0x0A, 0x00], 10_000_000)),
        ("millions of empty attributes", "fields", () => EmptyAttributes(10_000_000)),
        ("millions of sizes", "fields", () => Change(model => model.Graph.Node.Add(new NodeProto { OpType = "Relu", Attribute = { Ints("many", new long[2_000_000]) } }))),
        ("subgraphs in subgraphs", "nested", () => Change(model => model.Graph.Node.Add(Nested(30)))),
    ];

    /// <summary>A proper detector that takes more memory the larger the picture is: 75 MB for the trial, 335 GB for 640×640 pixels.</summary>
    public static byte[] GrowsWithThePicture() => With(graph =>
        Sum(graph, Node(graph, "Mul", [Rows(graph, -1, 1, 2), Rows(graph, 1, -1, 2)])), isOpen: true);

    /// <summary>A proper detector with so many nodes one behind the other, for which a runtime that looks at each pair would take hours.</summary>
    /// <param name="count">The number of nodes.</param>
    /// <param name="isConstant">Whether they follow from a constant, so that they are computed when the graph is loaded.</param>
    public static byte[] Chain(int count, bool isConstant) => With(graph => Sum(graph, Enumerable.Range(0, count).Aggregate(
        isConstant ? Add(graph, Vector(1, 2, 3)) : Flat(graph, -1), (value, i) => Node(graph, i % 2 == 0 ? "Relu" : "Neg", [value]))));

    /// <summary>A proper detector with so many nodes that all take the same value and are joined.</summary>
    public static byte[] Fan(int count) => With(graph =>
    {
        string value = Node(graph, "ReduceMax", ["input.1"]);
        return Sum(graph, Node(graph, "Concat", [.. Enumerable.Range(0, count).Select(i => Node(graph, i % 2 == 0 ? "Exp" : "Neg", [value]))], Int("axis", 0)));
    });

    /// <summary>One node with so many attributes of nothing.</summary>
    public static byte[] EmptyAttributes(int count) => Repeated([0x2A, 0x00], count, node: true);

    /// <summary>Gives a detector whose first output has a number added that follows from more nodes.</summary>
    /// <param name="more">Adds the nodes and gives the name of the number.</param>
    /// <param name="isOpen">Whether the detector finds its one face in pictures of any size.</param>
    public static byte[] With(Func<GraphProto, string> more, bool isOpen = false) => Change(model =>
    {
        GraphProto graph = model.Graph;
        var own = new GraphProto();
        string number = more(own);
        foreach (NodeProto node in graph.Node.Where(node => node.Output.Contains("440")))
        {
            node.Output[0] = "before";
        }

        graph.Initializer.Add(own.Initializer);
        graph.Node.Add(own.Node);
        graph.Node.Add(new NodeProto { OpType = "Add", Input = { "before", number }, Output = { "440" }, Name = "last" });
        if (isOpen)
        {
            foreach (NodeProto sum in graph.Node.Where(node => node.OpType == "Add" && node.Name != "last").ToArray())
            {
                // The detector's own numbers fit one size of pictures.
                (sum.OpType, sum.Input[1]) = ("Mul", "none");
            }

            graph.Initializer.Add(Named(Scalar(0f), "none"));
        }
    });

    private static TensorProto Elsewhere => new()
    {
        Name = "far", DataType = (int)DataType.Float, Dims = { 4 }, DataLocation = TensorProto.Types.DataLocation.External, ExternalData = { new StringStringEntryProto { Key = "location", Value = "/etc/passwd" } },
    };

    private static byte[] Change(Action<ModelProto> change, DetectorModels.Scrfd? detector = null)
    {
        ModelProto model = ModelProto.Parser.ParseFrom((detector ?? DetectorModels.Scrfd.OneFace()).ToBytes());
        change(model);
        return model.ToByteArray();
    }

    private static void State(ModelProto model, long side)
    {
        TensorShapeProto shape = model.Graph.Input[0].Type.TensorType.Shape;
        (shape.Dim[2].DimValue, shape.Dim[3].DimValue) = (side, side);
    }

    private static string EndlessLoop(GraphProto graph) => Node(graph, "Loop", ["", Add(graph, Truth), Add(graph, Scalar(0f))], Subgraph("body", body =>
    {
        body.Input.Add([new ValueInfoProto { Name = "i" }, new ValueInfoProto { Name = "go" }, new ValueInfoProto { Name = "x" }]);
        body.Node.Add(new NodeProto { OpType = "Identity", Input = { "go" }, Output = { "on" } });
        body.Output.Add(new ValueInfoProto { Name = "on" });
        return Node(body, "Identity", ["x"]);
    }));

    private static string If(GraphProto graph, Func<GraphProto, string> branch) => Node(graph, "If", [Add(graph, Truth)], Subgraph("then_branch", branch), Subgraph("else_branch", branch));

    private static NodeProto Nested(int depth)
    {
        var node = new NodeProto { OpType = "If" };
        if (depth > 0)
        {
            node.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeType.Graph, G = new GraphProto { Node = { Nested(depth - 1) } } });
        }

        return node;
    }

    /// <summary>A graph of nothing but one small field, over and over; the file is as long as it looks.</summary>
    private static byte[] Repeated(byte[] field, int count, bool node = false)
    {
        byte[] fields = new byte[field.Length * count];
        for (int i = 0; i < fields.Length; i++)
        {
            fields[i] = field[i % field.Length];
        }

        byte[] graph = node ? Delimited(1, fields) : fields;
        return [0x08, 0x07, .. Delimited(7, graph)];
    }

    private static byte[] Delimited(int number, byte[] content)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true))
        {
            output.WriteTag(number, WireFormat.WireType.LengthDelimited);
            output.WriteLength(content.Length);
        }

        return [.. stream.ToArray(), .. content];
    }

    private static TensorProto Truth => new() { DataType = (int)DataType.Bool, RawData = ByteString.CopyFrom(1) };

    private static TensorProto Scalar(float number) => new() { DataType = (int)DataType.Float, RawData = ByteString.CopyFrom(BitConverter.GetBytes(number)) };

    private static TensorProto Vector(params float[] numbers) => new() { DataType = (int)DataType.Float, Dims = { numbers.Length }, RawData = ByteString.CopyFrom([.. numbers.SelectMany(BitConverter.GetBytes)]) };

    private static TensorProto Tensor(params long[] sizes) => new() { DataType = (int)DataType.Float, Dims = { sizes }, RawData = ByteString.CopyFrom(new byte[sizes.Aggregate(4L, (product, size) => product * size)]) };

    private static TensorProto Named(TensorProto tensor, string name)
    {
        tensor.Name = name;
        return tensor;
    }

    /// <summary>Adds a constant under a name of its own.</summary>
    private static string Add(GraphProto graph, TensorProto tensor)
    {
        tensor.Name = $"evil_constant_{graph.Initializer.Count}";
        graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    private static string Shape(GraphProto graph, params long[] sizes) =>
        Add(graph, new TensorProto { DataType = (int)DataType.Int64, Dims = { sizes.Length }, RawData = ByteString.CopyFrom([.. sizes.SelectMany(BitConverter.GetBytes)]) });

    /// <summary>The picture's 18,432 numbers in other sizes.</summary>
    private static string Flat(GraphProto graph, params long[] sizes) => Node(graph, "Reshape", ["input.1", Shape(graph, sizes)]);

    /// <summary>The 6,144 numbers of one color.</summary>
    private static string Rows(GraphProto graph, params long[] sizes) => Node(graph, "Reshape",
        [Node(graph, "Slice", ["input.1", Shape(graph, 0), Shape(graph, 1), Shape(graph, 1)]), Shape(graph, sizes)]);

    private static string Square(GraphProto graph) => Node(graph, "Expand", [Add(graph, Scalar(0f)), Shape(graph, 1024, 1024)]);

    /// <summary>One number that the picture decides.</summary>
    private static string FromPixels(GraphProto graph) => Node(graph, "Cast", [Node(graph, "Reshape", [Node(graph, "ReduceMax", ["input.1"]), Shape(graph, 1)])], Int("to", (long)DataType.Int64));

    /// <summary>One number of many.</summary>
    private static string Sum(GraphProto graph, string value) => Node(graph, "ReduceMax", [value], Int("keepdims", 0));

    private static string Node(GraphProto graph, string operation, string[] inputs, params AttributeProto[] attributes) => Node(graph, operation, inputs, domain: "", attributes);

    private static string Node(GraphProto graph, string operation, string[] inputs, string domain, params AttributeProto[] attributes)
    {
        string output = $"evil_{graph.Node.Count}";
        graph.Node.Add(new NodeProto { OpType = operation, Name = $"node of {output}", Domain = domain, Input = { inputs }, Output = { output }, Attribute = { attributes } });
        return output;
    }

    private static AttributeProto Subgraph(string name, Func<GraphProto, string> content)
    {
        var graph = new GraphProto { Name = name };
        string output = content(graph);
        graph.Output.Add(new ValueInfoProto { Name = output });
        return new AttributeProto { Name = name, Type = AttributeType.Graph, G = graph };
    }

    private static AttributeProto Value(string name, TensorProto tensor) => new() { Name = name, Type = AttributeType.Tensor, T = tensor };

    private static AttributeProto Int(string name, long number) => new() { Name = name, Type = AttributeType.Int, I = number };

    private static AttributeProto Ints(string name, params long[] numbers) => new() { Name = name, Type = AttributeType.Ints, Ints = { numbers } };
}
