using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>
/// Tensors and numbers. TorchSharp hands a number to libtorch in a <see cref="Scalar"/> that nothing keeps alive during
/// the call: its finalizer may free it while libtorch reads it, and the result is an exception or a wrong number. Its
/// operators, implicit conversions and default factors (the 1 of x + 1·y) all do so. Here the number lives until the call
/// has returned; a test (RootedScalarsTests) refuses the others in this library.
/// </summary>
internal static class TensorArithmetic
{
    /// <summary>this ← factor·this.</summary>
    public static Tensor MultiplyInPlace(this Tensor tensor, double factor)
    {
        using Scalar scalar = factor;
        return tensor.mul_(scalar);
    }

    /// <summary>this ← this + number.</summary>
    public static Tensor AddInPlace(this Tensor tensor, double number)
    {
        using Scalar scalar = number, one = 1;
        return tensor.add_(scalar, one);
    }

    /// <summary>this ← this + number, for integers too.</summary>
    public static Tensor AddInPlace(this Tensor tensor, long number)
    {
        using Scalar scalar = number, one = 1;
        return tensor.add_(scalar, one);
    }

    /// <summary>this ← this + factor·other, both of floating point.</summary>
    public static Tensor AddInPlace(this Tensor tensor, Tensor other, double factor)
    {
        using Scalar scalar = factor;
        return tensor.add_(other, scalar);
    }

    /// <summary>this ← this + factor·left·right.</summary>
    public static Tensor AddProductInPlace(this Tensor tensor, Tensor left, Tensor right, double factor)
    {
        using Scalar scalar = factor;
        return tensor.addcmul_(left, right, scalar);
    }

    /// <summary>this ← this + factor·numerator/denominator.</summary>
    public static Tensor AddQuotientInPlace(this Tensor tensor, Tensor numerator, Tensor denominator, double factor)
    {
        using Scalar scalar = factor;
        return tensor.addcdiv_(numerator, denominator, scalar);
    }

    /// <summary>this ← min(this, largest).</summary>
    public static Tensor ClampMaxInPlace(this Tensor tensor, double largest)
    {
        using Scalar scalar = largest;
        return tensor.clamp_max_(scalar);
    }
}
