using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>What nodes without tensors of their own compute, in libtorch's terms. Every result is a tensor of its own.</summary>
internal static class TorchFunctions
{
    /// <summary>The function of a node of <see cref="Operators.OfOneValue"/>.</summary>
    public static Func<Tensor, Tensor> OfOne(NetworkNode node)
    {
        double alpha = node.Attributes.Real("alpha", 0), beta = node.Attributes.Real("beta", 0);
        double least = node.Attributes.Real("min", double.NegativeInfinity), most = node.Attributes.Real("max", double.PositiveInfinity);
        return node.Operator switch
        {
            "Abs" => static value => value.abs(),
            "Exp" => static value => value.exp(),
            "Neg" => static value => value.neg(),
            "Reciprocal" => static value => value.reciprocal(),
            "Sigmoid" => static value => value.sigmoid(),
            "Sqrt" => static value => value.sqrt(),
            "Tanh" => static value => value.tanh(),
            "HardSigmoid" => value =>
            {
                using Tensor scaled = value.Times(alpha), shifted = scaled.Plus(beta);
                return shifted.Clamped(0, 1);
            },
            Operators.Relu => static value => value.relu(),
            Operators.Clip => value => value.Clamped(LimitOf(least), LimitOf(most)),
            Operators.LeakyRelu => value => LeakyRelu(value, alpha),
            _ => throw new NotSupportedException($"No function of libtorch computes {node}."),
        };
    }

    /// <summary>The function of a node of <see cref="Operators.OfTwoValues"/>, for values of one element type.</summary>
    public static Func<Tensor, Tensor, Tensor> OfTwo(NetworkNode node) => node.Operator switch
    {
        Operators.Add => static (left, right) => left.Plus(right),
        "Div" => static (left, right) => left.div(right),
        "Max" => static (left, right) => left.maximum(right),
        "Min" => static (left, right) => left.minimum(right),
        Operators.Multiply => static (left, right) => left.mul(right),
        "Pow" => static (left, right) => left.pow(right),
        "Sub" => static (left, right) => left - right,
        _ => throw new NotSupportedException($"No function of libtorch computes {node}."),
    };

    /// <summary>The function of a node of <see cref="Operators.OfReduction"/>.</summary>
    public static Func<Tensor, Tensor> OfReduction(NetworkNode node)
    {
        long[] axes = node.Attributes.Numbers("axes");
        bool keeps = node.Attributes.Number("keepdims", 1) != 0;
        return node.Operator switch
        {
            "ReduceL1" => value => Reduced(value.abs(), sizes => sizes.sum(axes, keeps)),
            Operators.ReduceLength => value => Length(value, axes, keeps),
            "ReduceMax" => value => value.amax(axes, keeps),
            "ReduceMean" => value => value.mean(axes, keeps),
            "ReduceMin" => value => value.amin(axes, keeps),
            Operators.ReduceSum => value => value.sum(axes, keeps),
            "ReduceSumSquare" => value => Reduced(value.mul(value), squares => squares.sum(axes, keeps)),
            _ => throw new NotSupportedException($"No function of libtorch computes {node}."),
        };
    }

    /// <summary>The function of a node of <see cref="Operators.OfLayout"/>.</summary>
    /// <param name="node">The node.</param>
    /// <param name="input">The shape of what it reads first.</param>
    /// <param name="output">The shape of what it makes.</param>
    public static Func<Tensor[], Tensor> OfLayout(NetworkNode node, long[] input, long[] output)
    {
        switch (node.Operator)
        {
            case Operators.Concat:
                long axis = node.Attributes.Number("axis", 1);
                return inputs => Joined(inputs, axis);
            case Operators.Expand:
                return inputs => inputs[0].expand(WithBatch(inputs[0], output));
            case Operators.Flatten or Operators.Reshape:
                return inputs => inputs[0].reshape(WithBatch(inputs[0], output));
            case Operators.Pad:
                long[] pads = node.Attributes.Numbers("pads");
                int rank = pads.Length / 2;
                long[] around = [.. Enumerable.Range(1, rank - 1).Reverse().SelectMany(place => new[] { pads[place], pads[rank + place] })];
                double filling = node.Attributes.Real("value", 0);
                return inputs => nn.functional.pad(inputs[0], around, PaddingModes.Constant, filling);
            case Operators.Slice:
                (long[] starts, long[] axes, long[] steps) = (node.Attributes.Numbers("starts"), node.Attributes.Numbers("axes"), node.Attributes.Numbers("steps"));
                return inputs => Sliced(inputs[0], input, output, starts, axes, steps);
            case Operators.Transpose:
                long[] order = node.Attributes.Numbers("perm");
                return inputs => inputs[0].permute(order);
            default:
                throw new NotSupportedException($"No function of libtorch computes {node}.");
        }
    }

    /// <summary>A value in another element type; the tensor is the caller's.</summary>
    public static Tensor As(this Tensor value, ScalarType type) => value.dtype == type ? value.alias() : value.to(type);

    private static Tensor LeakyRelu(Tensor value, double alpha)
    {
        using Tensor slope = TensorArithmetic.Repeated(alpha, 1), matching = slope.to(value.dtype, value.device);
        return nn.functional.prelu(value, matching);
    }

    /// <summary>The root of the sum of squares, which has a slope at 0, too.</summary>
    private static Tensor Length(Tensor value, long[] axes, bool keeps)
    {
        const double leastSquare = 1e-37;
        using Tensor squares = value.mul(value), sum = squares.sum(axes, keeps), positive = sum.AtLeast(leastSquare);
        return positive.sqrt();
    }

    private static Tensor Reduced(Tensor values, Func<Tensor, Tensor> reduce)
    {
        using (values)
        {
            return reduce(values);
        }
    }

    private static Tensor Joined(Tensor[] values, long axis)
    {
        using var scope = NewDisposeScope();
        return cat([.. values.Select(value => value.As(values[0].dtype))], axis).MoveToOuterDisposeScope();
    }

    private static Tensor Sliced(Tensor value, long[] input, long[] output, long[] starts, long[] axes, long[] steps)
    {
        using var scope = NewDisposeScope();
        for (int i = 0; i < starts.Length; i++)
        {
            (long first, long step, long count) = (starts[i], steps[i], output[axes[i]]);
            if (step < 0)
            {
                value = value.flip(axes[i]);
                (first, step) = (input[axes[i]] - 1 - first, -step);
            }

            value = value.slice(axes[i], first, first + ((count - 1) * step) + 1, step);
        }

        return value.alias().MoveToOuterDisposeScope();
    }

    /// <summary>Half-precision numbers have no largest number of float32; what is no limit is an infinite one.</summary>
    private static double LimitOf(double limit) => limit <= float.MinValue ? double.NegativeInfinity : limit >= float.MaxValue ? double.PositiveInfinity : limit;

    private static long[] WithBatch(Tensor input, long[] shape) => [input.shape[0], .. shape[1..]];
}
