using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>Holds a tensor that arithmetic reads and training leaves as it is: a scale, a shift, what keeps a divisor from 0.</summary>
internal sealed class ConstantTensor : nn.Module
{
    // Not readonly: moving the module to another device or type replaces it.
    private Tensor value;

    public ConstantTensor(long[] shape)
        : base(nameof(ConstantTensor))
    {
        value = zeros(shape).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>The numbers.</summary>
    public Tensor Value => value;
}
