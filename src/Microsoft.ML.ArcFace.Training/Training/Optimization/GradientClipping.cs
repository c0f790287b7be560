using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Scales gradients down together, so that the norm of all of them is at most a given one: torch's clip_grad_norm_.</summary>
internal static class GradientClipping
{
    private const double Smallest = 1e-6;

    // Sums of so many squares stay in single precision; longer ones are gathered in double precision.
    private const int BlockLength = 4096;

    public static void ToNorm(IEnumerable<Parameter> parameters, double largestNorm)
    {
        if (double.IsPositiveInfinity(largestNorm))
        {
            return;
        }

        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor[] gradients = [.. parameters.Select(parameter => parameter.grad).OfType<Tensor>()];
        if (TensorMemory.AreFlat(gradients))
        {
            double factor = largestNorm / (Math.Sqrt(gradients.Sum(SumOfSquares)) + Smallest);

            // Negated: what is not a number must reach the weights, so that the run is found to have diverged.
            if (!(factor >= 1))
            {
                Array.ForEach(gradients, gradient => Scale(TensorMemory.Values<float>(gradient), (float)factor));
            }
        }
        else if (gradients.Length > 0)
        {
            // On their device: no number travels back.
            Tensor norm = stack(gradients.Select(gradient => gradient.norm())).norm();
            Tensor factor = norm.AddInPlace(Smallest).reciprocal().MultiplyInPlace(largestNorm).ClampMaxInPlace(1);
            Array.ForEach(gradients, gradient => gradient.mul_(factor));
        }
    }

    private static double SumOfSquares(Tensor gradient)
    {
        ReadOnlySpan<float> values = TensorMemory.Values<float>(gradient);
        double sum = 0;
        for (int start = 0; start < values.Length; start += BlockLength)
        {
            sum += TensorPrimitives.SumOfSquares(values.Slice(start, Math.Min(BlockLength, values.Length - start)));
        }

        return sum;
    }

    private static void Scale(Span<float> values, float factor) => TensorPrimitives.Multiply(values, factor, values);
}
