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
    /// <summary>this + other.</summary>
    public static Tensor Plus(this Tensor tensor, Tensor other)
    {
        using Scalar one = 1;
        return tensor.add(other, one);
    }

    /// <summary>this + number.</summary>
    public static Tensor Plus(this Tensor tensor, double number)
    {
        using Scalar scalar = number, one = 1;
        return tensor.add(scalar, one);
    }

    /// <summary>this + number; whole numbers stay so.</summary>
    public static Tensor Plus(this Tensor tensor, long number)
    {
        using Scalar scalar = number, one = 1;
        return tensor.add(scalar, one);
    }

    /// <summary>this − number.</summary>
    public static Tensor Minus(this Tensor tensor, double number) => tensor.Plus(-number);

    /// <summary>this·factor.</summary>
    public static Tensor Times(this Tensor tensor, double factor)
    {
        using Scalar scalar = factor;
        return tensor.mul(scalar);
    }

    /// <summary>this·factor; whole numbers stay so.</summary>
    public static Tensor Times(this Tensor tensor, long factor)
    {
        using Scalar scalar = factor;
        return tensor.mul(scalar);
    }

    /// <summary>this/divisor.</summary>
    public static Tensor DividedBy(this Tensor tensor, double divisor)
    {
        using Scalar scalar = divisor;
        return tensor.div(scalar);
    }

    /// <summary>The remainder, from 0 to the divisor.</summary>
    public static Tensor Modulo(this Tensor tensor, double divisor)
    {
        using Scalar scalar = divisor;
        return tensor.remainder(scalar);
    }

    /// <summary>this, and the bounds for what lies beyond them.</summary>
    public static Tensor Clamped(this Tensor tensor, double smallest, double largest)
    {
        using Scalar min = smallest, max = largest;
        return tensor.clamp(min, max);
    }

    /// <summary>max(this, smallest).</summary>
    public static Tensor AtLeast(this Tensor tensor, double smallest)
    {
        using Scalar scalar = smallest;
        return tensor.clamp_min(scalar);
    }

    /// <summary>max(this, smallest); whole numbers stay so.</summary>
    public static Tensor AtLeast(this Tensor tensor, long smallest)
    {
        using Scalar scalar = smallest;
        return tensor.clamp_min(scalar);
    }

    /// <summary>Whether this is greater than the number.</summary>
    public static Tensor IsAbove(this Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.gt(scalar);
    }

    /// <summary>Whether this is the number or greater.</summary>
    public static Tensor IsAtLeast(this Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.ge(scalar);
    }

    /// <summary>Whether this is less than the number.</summary>
    public static Tensor IsBelow(this Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.lt(scalar);
    }

    /// <summary>A tensor of the same shape, type and device that holds one number.</summary>
    public static Tensor FilledWith(this Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return full_like(tensor, scalar);
    }

    /// <summary>The number, so many times, in float32 on the processor.</summary>
    public static Tensor Repeated(double number, long count)
    {
        using Scalar scalar = number;
        return full(count, scalar);
    }

    /// <summary>0, 1, …, count − 1, int64.</summary>
    public static Tensor Indices(long count, Device device)
    {
        using Scalar start = 0, stop = count, step = 1;
        return arange(start, stop, step, ScalarType.Int64, device);
    }

    /// <summary>this ← this·factor.</summary>
    public static Tensor MultiplyInPlace(this Tensor tensor, double factor)
    {
        using Scalar scalar = factor;
        return tensor.mul_(scalar);
    }

    /// <summary>this ← this/divisor.</summary>
    public static Tensor DivideInPlace(this Tensor tensor, double divisor)
    {
        using Scalar scalar = divisor;
        return tensor.div_(scalar);
    }

    /// <summary>this ← this + number.</summary>
    public static Tensor AddInPlace(this Tensor tensor, double number)
    {
        using Scalar scalar = number, one = 1;
        return tensor.add_(scalar, one);
    }

    /// <summary>this ← this + number, whole numbers too.</summary>
    public static Tensor AddInPlace(this Tensor tensor, long number)
    {
        using Scalar scalar = number, one = 1;
        return tensor.add_(scalar, one);
    }

    /// <summary>this ← this + other.</summary>
    public static Tensor AddInPlace(this Tensor tensor, Tensor other)
    {
        using Scalar one = 1;
        return tensor.add_(other, one);
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

    /// <summary>Row indices[i] of this ← itself + factor·row i of the other, of floating point.</summary>
    public static Tensor AddRowsInPlace(this Tensor tensor, Tensor indices, Tensor rows, double factor)
    {
        using Scalar scalar = factor;
        return tensor.index_add_(0, indices, rows, scalar);
    }

    /// <summary>Row indices[i] of this ← itself + row i of the other.</summary>
    public static Tensor AddRowsInPlace(this Tensor tensor, Tensor indices, Tensor rows)
    {
        using Scalar one = 1;
        return tensor.index_add_(0, indices, rows, one);
    }

    /// <summary>Entries indices[i] of this ← number.</summary>
    public static Tensor FillRowsInPlace(this Tensor tensor, Tensor indices, double number)
    {
        using Scalar scalar = number;
        return tensor.index_fill_(0, indices, scalar);
    }

    /// <summary>this ← min(this, largest).</summary>
    public static Tensor ClampMaxInPlace(this Tensor tensor, double largest)
    {
        using Scalar scalar = largest;
        return tensor.clamp_max_(scalar);
    }
}
