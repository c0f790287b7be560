using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Graphs;

namespace Microsoft.ML.ArcFace.Export;

/// <summary>
/// Adds the layers of a backbone to a graph by their published names. Each BatchNorm behind a convolution or beside a
/// linear layer is folded into it; the one before a padded convolution stays, because the padding comes after it.
/// </summary>
internal sealed class OnnxLayers(OnnxGraph graph, BackboneState state) : IFoldedLayers<string>
{
    public string Convolution(string input, FoldedConvolution convolution, string? shortcut)
    {
        string value = convolution.NormBefore is { } norm ? Norm(input, norm) : input;
        (float[] weight, float[] bias) = state.Fold(convolution);
        long[] shape = state.ShapeOf(convolution.Name + ".weight");                          // [out, in/groups, k, k]
        long stride = convolution.Stride, padding = convolution.Padding, groups = convolution.InputChannels / shape[1];
        value = graph.Node(
            "Conv",
            [value, graph.Constant(convolution.Name + ".weight", weight, shape), graph.Constant(convolution.Name + ".bias", bias, [bias.Length])],
            OnnxGraph.Numbers("kernel_shape", shape[2], shape[3]), OnnxGraph.Numbers("strides", stride, stride),
            OnnxGraph.Numbers("pads", padding, padding, padding, padding), OnnxGraph.Numbers("dilations", 1, 1), OnnxGraph.Number("group", groups));
        if (convolution.Activation is { } activation)
        {
            float[] slope = state.Values(activation + ".weight");
            value = graph.Node("PRelu", [value, graph.Constant(activation + ".weight", slope, [slope.Length, 1, 1])]);
        }

        return shortcut is null ? value : graph.Node("Add", [value, shortcut]);
    }

    public string Linear(string input, FoldedLinear linear)
    {
        (float[] weight, float[] bias) = state.Fold(linear);
        string flat = graph.Node("Flatten", [input], OnnxGraph.Number("axis", 1L));
        return graph.Node(
            "Gemm",
            [flat, graph.Constant(linear.Name + ".weight", weight, state.ShapeOf(linear.Name + ".weight")), graph.Constant(linear.Name + ".bias", bias, [bias.Length])],
            OnnxGraph.Number("transB", 1L));
    }

    private string Norm(string input, string norm) => graph.Node(
        "BatchNormalization",
        [input, .. new[] { ".weight", ".bias", ".running_mean", ".running_var" }.Select(part => graph.Constant(norm + part, state.Values(norm + part), state.ShapeOf(norm + part)))],
        OnnxGraph.Number("epsilon", (float)BatchNormalization.Epsilon));
}
