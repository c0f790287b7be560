using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Networks;

/// <summary>
/// Weight [out, …] and bias [out] of a convolution or a linear layer with the norms beside it folded in, output by output: no more of
/// the weights is in memory than is asked for at a time.
/// </summary>
/// <param name="weight">[out, …].</param>
/// <param name="bias">[out]; null for zeros.</param>
/// <param name="before">The norm of the input of a linear layer, scale·x + shift by channels; null for none.</param>
/// <param name="behind">The norm of the output; null for none.</param>
internal sealed class FoldedWeights(StateTensor weight, StateTensor? bias, Lazy<(double[] Scale, double[] Shift)>? before, Lazy<(double[] Scale, double[] Shift)>? behind)
{
    private readonly int _columns = checked((int)weight.RowLength);

    /// <summary>Computes rows of the weight.</summary>
    public void Weight(int first, Span<float> rows)
    {
        weight.CopyRows(first, rows);
        for (int begin = 0; begin < rows.Length; begin += _columns)
        {
            Span<float> row = rows.Slice(begin, _columns);
            if (before is not null)
            {
                double[] scales = before.Value.Scale;
                int pixels = _columns / scales.Length;
                for (int channel = 0; channel < scales.Length; channel++)
                {
                    Multiply(row.Slice(channel * pixels, pixels), scales[channel]);
                }
            }

            if (behind is not null)
            {
                Multiply(row, behind.Value.Scale[first + (begin / _columns)]);
            }
        }
    }

    /// <summary>Computes values of the bias.</summary>
    public void Bias(int first, Span<float> values)
    {
        if (bias is null)
        {
            values.Clear();
        }
        else
        {
            bias.CopyRows(first, values);
        }

        float[] row = before is null ? [] : ArrayPool<float>.Shared.Rent(_columns);
        for (int index = 0; index < values.Length; index++)
        {
            double value = values[index];
            if (before is not null)
            {
                weight.CopyRows(first + index, row.AsSpan(0, _columns));
                value = AddProducts(value, row.AsSpan(0, _columns), before.Value.Shift);
            }

            values[index] = (float)(behind is null ? value : (value * behind.Value.Scale[first + index]) + behind.Value.Shift[first + index]);
        }

        if (before is not null)
        {
            ArrayPool<float>.Shared.Return(row);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(Span<float> values, double scale)
    {
        foreach (ref float value in values)
        {
            value = (float)(value * scale);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double AddProducts(double sum, ReadOnlySpan<float> row, double[] shifts)
    {
        int pixels = row.Length / shifts.Length;
        for (int channel = 0; channel < shifts.Length; channel++)
        {
            double shift = shifts[channel];
            foreach (float value in row.Slice(channel * pixels, pixels))
            {
                sum += value * shift;
            }
        }

        return sum;
    }
}
