using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

// Operators of networks whose numbers have eight bits.
internal static partial class GraphOperators
{
    private static IEnumerable<KeyValuePair<string, Func<GraphNode, GraphStep>>> Quantized =>
    [
        new("ConvInteger", node => Convolution(node, node.In(0), node.In(1), DataType.Int32)),
        new("MatMulInteger", node => MatrixProduct(node.In(0), node.In(1), DataType.Int32)),
        new("QLinearConv", node => Convolution(node, node.In(0), node.In(3), node.TypeOf(7, node.In(0).Type))),
        new("QLinearMatMul", node => MatrixProduct(node.In(0), node.In(3), node.TypeOf(7, node.In(0).Type))),
        new("QuantizeLinear", Quantize),
        new("DequantizeLinear", Dequantize),
        new("DynamicQuantizeLinear", static node => new GraphStep(
            [new GraphValue(DataType.Uint8, node.In(0).Shape), new GraphValue(DataType.Float, []), new GraphValue(DataType.Uint8, [])], CostOfFunction * node.In(0).Count)),
    ];

    /// <summary>Inputs are triples of a value, its scale and its zero point.</summary>
    private static IEnumerable<KeyValuePair<string, Func<GraphNode, GraphStep>>> MicrosoftQuantized =>
    [
        new("QuantizeLinear", Quantize),
        new("DequantizeLinear", Dequantize),
        .. Each(static node => QuantizedSum(node), "QLinearAdd", "QLinearMul"),
        .. Each(node => Same(node), "QLinearLeakyRelu", "QLinearSigmoid", "QLinearSoftmax"),
        new("QLinearConcat", static node => Concatenation(node, [.. Enumerable.Range(0, Math.Max(0, (node.InputCount - 2) / 3)).Select(i => node.In(2 + (3 * i)))], node.TypeOf(1, DataType.Uint8))),
        new("QLinearAveragePool", static node => ChannelsFirst(node, Pool)),
        new("QLinearGlobalAveragePool", static node => ChannelsFirst(node, pool => Pooled(pool.In(0)))),
        new("QGemm", static node => Product(node, node.In(0), node.In(3), node.TypeOf(8, DataType.Float), bias: null)),
    ];

    private static GraphStep Quantize(GraphNode node)
    {
        DataType stated = (DataType)node.Int("output_dtype", 0);
        return new GraphStep([new GraphValue(node.TypeOf(2, stated == DataType.Undefined ? DataType.Uint8 : stated), node.In(0).Shape)], CostOfFunction * node.In(0).Count);
    }

    private static GraphStep Dequantize(GraphNode node) => new([new GraphValue(node.In(1).Type, node.In(0).Shape)], CostOfFunction * node.In(0).Count);

    private static GraphStep QuantizedSum(GraphNode node)
    {
        var output = new GraphValue(node.In(0).Type, BroadcastShape(node.In(0).Shape, node.In(3).Shape));
        return new GraphStep([output], CostOfFunction * output.Count);
    }

    private static GraphStep ChannelsFirst(GraphNode node, Func<GraphNode, GraphStep> rule)
    {
        Require(node.Int("channels_last", 0) == 0, "its channels come last; export it with channels first");
        return rule(node);
    }
}
