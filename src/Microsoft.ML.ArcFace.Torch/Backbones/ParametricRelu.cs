using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>
/// PReLU with one slope a channel, starting at 0.25, which computes in the element type of its input
/// (see <see cref="Convolution"/>).
/// </summary>
internal sealed class ParametricRelu : nn.Module<Tensor, Tensor>
{
    private const double InitialSlope = 0.25;

    // Not readonly: moving the module to another device or type replaces it. Its name is the published one.
    private Parameter weight;

    public ParametricRelu(long channels)
        : base(nameof(ParametricRelu))
    {
        weight = new Parameter(TensorArithmetic.Repeated(InitialSlope, channels));
        weight.DetachFromDisposeScope();
        RegisterComponents();
    }

    internal Parameter Weight => weight;

    public override Tensor forward(Tensor input)
    {
        using var matching = weight.to(input.dtype);
        return nn.functional.prelu(input, matching);
    }
}
