using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Export;

/// <summary>
/// Adds the layers of a backbone to a graph by their published names. A BatchNorm behind a convolution or a linear layer
/// is folded into it: γ(Wx + b − μ)/√(σ² + ε) + β is W′x + b′, computed here in float64.
/// </summary>
internal sealed class OnnxLayers
{
    private const double Epsilon = 1e-5;

    private readonly Dictionary<string, Tensor> _state;

    public OnnxLayers(OnnxGraph graph, FaceBackbone backbone)
    {
        Graph = graph;
        _state = ModuleState.Of(backbone).ToDictionary(entry => entry.Name, entry => entry.Tensor);
    }

    public OnnxGraph Graph { get; }

    public bool Has(string layer) => _state.ContainsKey(layer + ".weight");

    /// <summary>Convolution with the BatchNorm behind it; the groups are told from the weight [out, in/groups, kernel, kernel].</summary>
    public string Convolution(string input, string convolution, string norm, long stride, long padding, long inputChannels)
    {
        using var scope = NewDisposeScope();
        Tensor weight = Double(convolution + ".weight");
        (Tensor scale, Tensor shift) = Affine(norm);
        long groups = inputChannels / weight.shape[1];
        return Graph.Node(
            "Conv",
            [input, Constant(convolution + ".weight", weight * scale.view(-1, 1, 1, 1)), Constant(convolution + ".bias", shift)],
            OnnxGraph.Numbers("kernel_shape", weight.shape[2], weight.shape[3]), OnnxGraph.Numbers("strides", stride, stride),
            OnnxGraph.Numbers("pads", padding, padding, padding, padding), OnnxGraph.Numbers("dilations", 1, 1), OnnxGraph.Number("group", groups));
    }

    /// <summary>Output channels of a convolution.</summary>
    public long ChannelsOf(string convolution) => _state[convolution + ".weight"].shape[0];

    /// <summary>A BatchNorm before a convolution, which its padding keeps apart from it.</summary>
    public string Norm(string input, string norm) => Graph.Node(
        "BatchNormalization",
        [input, .. new[] { ".weight", ".bias", ".running_mean", ".running_var" }.Select(part => Constant(norm + part, _state[norm + part]))],
        OnnxGraph.Number("epsilon", (float)Epsilon));

    public string PRelu(string input, string activation) =>
        Graph.Node("PRelu", [input, Constant(activation + ".weight", _state[activation + ".weight"].view(-1, 1, 1))]);

    public string Add(string left, string right) => Graph.Node("Add", [left, right]);

    /// <summary>Flattening and a linear layer, with the BatchNorm behind it and the one before the flattening, if any, in it.</summary>
    public string Linear(string input, string linear, string normBehind, string? normBefore = null)
    {
        using var scope = NewDisposeScope();
        Tensor weight = Double(linear + ".weight");                                          // [d, C·H·W]
        Tensor bias = _state.ContainsKey(linear + ".bias") ? Double(linear + ".bias") : zeros(weight.shape[0], dtype: ScalarType.Float64);
        if (normBefore is not null)
        {
            (Tensor scaleBefore, Tensor shiftBefore) = Affine(normBefore);                   // [C]
            long pixels = weight.shape[1] / scaleBefore.shape[0];
            bias = bias.Plus(weight.matmul(shiftBefore.repeat_interleave(pixels)));
            weight *= scaleBefore.repeat_interleave(pixels);
        }

        (Tensor scale, Tensor shift) = Affine(normBehind);                                   // [d]
        string flat = Graph.Node("Flatten", [input], OnnxGraph.Number("axis", 1L));
        return Graph.Node(
            "Gemm",
            [flat, Constant(linear + ".weight", weight * scale.view(-1, 1)), Constant(linear + ".bias", (bias * scale).Plus(shift))],
            OnnxGraph.Number("transB", 1L));
    }

    /// <summary>A BatchNorm in evaluation as scale·x + shift, in float64.</summary>
    private (Tensor Scale, Tensor Shift) Affine(string norm)
    {
        Tensor scale = Double(norm + ".weight") / Double(norm + ".running_var").Plus(Epsilon).sqrt();
        return (scale, Double(norm + ".bias") - (Double(norm + ".running_mean") * scale));
    }

    private Tensor Double(string name) => _state[name].detach().cpu().to(ScalarType.Float64);

    private string Constant(string name, Tensor tensor)
    {
        using var scope = NewDisposeScope();
        Tensor values = tensor.detach().cpu().to(ScalarType.Float32).contiguous();
        return Graph.Constant(name, values.data<float>().ToArray(), tensor.shape);
    }
}
