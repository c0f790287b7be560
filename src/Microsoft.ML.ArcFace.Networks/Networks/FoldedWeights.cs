using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Networks;

/// <summary>Weight [out, …] and bias [out] of a convolution or a linear layer with the norms beside it folded in.</summary>
/// <param name="weight">[out, …].</param>
/// <param name="bias">[out]; null for zeros.</param>
/// <param name="before">The norm of the input of a linear layer, scale·x + shift by channels; null for none.</param>
/// <param name="behind">The norm of the output; null for none.</param>
internal sealed class FoldedWeights(StateTensor weight, StateTensor? bias, Func<(double[] Scale, double[] Shift)>? before, Func<(double[] Scale, double[] Shift)>? behind)
{
    private int Outputs => (int)weight.Shape[0];

    public float[] Weight()
    {
        float[] values = weight.ToSingles();
        int columns = values.Length / Outputs;
        double[]? scaleBefore = before?.Invoke().Scale, scaleBehind = behind?.Invoke().Scale;
        int pixels = scaleBefore is null ? 1 : columns / scaleBefore.Length;
        Parallel.For(0, Outputs, output =>
        {
            Span<float> row = values.AsSpan(output * columns, columns);
            for (int column = 0; scaleBefore is not null && column < columns; column++)
            {
                row[column] = (float)(row[column] * scaleBefore[column / pixels]);
            }

            for (int column = 0; scaleBehind is not null && column < columns; column++)
            {
                row[column] = (float)(row[column] * scaleBehind[output]);
            }
        });
        return values;
    }

    public float[] Bias()
    {
        double[] values = bias is null ? new double[Outputs] : Array.ConvertAll(bias.ToSingles(), value => (double)value);
        if (before is not null)
        {
            float[] weights = weight.ToSingles();
            double[] shiftBefore = before().Shift;
            int columns = weights.Length / Outputs, pixels = columns / shiftBefore.Length;
            Parallel.For(0, Outputs, output =>
            {
                ReadOnlySpan<float> row = weights.AsSpan(output * columns, columns);
                for (int column = 0; column < columns; column++)
                {
                    values[output] += row[column] * shiftBefore[column / pixels];
                }
            });
        }

        if (behind is null)
        {
            return Array.ConvertAll(values, value => (float)value);
        }

        (double[] scale, double[] shift) = behind();
        return [.. values.Select((value, output) => (float)((value * scale[output]) + shift[output]))];
    }
}
