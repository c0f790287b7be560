using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Runtime;
using Tensor = TorchSharp.torch.Tensor;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// m ← β₁m + (1 − β₁)g, s ← β₂s + (1 − β₂)g², w ← (1 − ηλ)w − η·m̂/(√ŝ + ε) with m̂ = m/(1 − β₁ᵗ) and ŝ = s/(1 − β₂ᵗ):
/// torch.optim.AdamW with its usual constants (Loshchilov and Hutter, arXiv 1711.05101).
/// </summary>
/// <param name="weightDecay">λ.</param>
internal sealed class AdamWRule(double weightDecay) : UpdateRule("exp_avg", "exp_avg_sq")
{
    private const double FirstRate = 0.9, SecondRate = 0.999, Smallest = 1e-8;

    protected override void Update(
        Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> mean, Span<float> square, double learningRate, long step)
    {
        Span<float> term = stackalloc float[BlockLength];
        term = term[..parameter.Length];
        TensorPrimitives.Multiply(mean, (float)FirstRate, mean);
        TensorPrimitives.MultiplyAddEstimate(gradient, (float)(1 - FirstRate), mean, mean);

        TensorPrimitives.Multiply(gradient, gradient, term);
        TensorPrimitives.Multiply(square, (float)SecondRate, square);
        TensorPrimitives.MultiplyAddEstimate(term, (float)(1 - SecondRate), square, square);

        TensorPrimitives.Sqrt(square, term);
        TensorPrimitives.Multiply(term, (float)(1 / Math.Sqrt(Correction(SecondRate, step))), term);
        TensorPrimitives.Add(term, (float)Smallest, term);
        TensorPrimitives.Divide(mean, term, term);
        TensorPrimitives.Multiply(parameter, (float)(1 - (learningRate * weightDecay)), parameter);
        TensorPrimitives.MultiplyAddEstimate(term, (float)(-learningRate / Correction(FirstRate, step)), parameter, parameter);
    }

    protected override void UpdateByTorch(Tensor parameter, Tensor gradient, Tensor[] state, double learningRate, long step)
    {
        (Tensor mean, Tensor square) = (state[0], state[1]);
        mean.MultiplyInPlace(FirstRate).AddInPlace(gradient, 1 - FirstRate);
        square.MultiplyInPlace(SecondRate).AddProductInPlace(gradient, gradient, 1 - SecondRate);
        Tensor divisor = square.sqrt().MultiplyInPlace(1 / Math.Sqrt(Correction(SecondRate, step))).AddInPlace(Smallest);
        parameter.MultiplyInPlace(1 - (learningRate * weightDecay)).AddQuotientInPlace(mean, divisor, -learningRate / Correction(FirstRate, step));
    }

    /// <summary>The share of the gradients, not of the 0 of the start, in a mean after so many steps: 1 − βᵗ.</summary>
    private static double Correction(double rate, long step) => 1 - Math.Pow(rate, step);
}
