using System.Numerics.Tensors;

namespace Microsoft.ML.ArcFace.Backbones.Inference.General;

/// <summary>Pools windows of a map: the greatest number, or the average.</summary>
/// <param name="input">The map that is read.</param>
/// <param name="output">The map that is written.</param>
/// <param name="window">The window; what lies outside of the map is passed over.</param>
/// <param name="isAverage">Whether it takes averages; else the greatest numbers.</param>
/// <param name="countsPadding">Whether places of the padding are divided by, too.</param>
internal sealed unsafe class WindowStep(FeatureMap input, FeatureMap output, ConvolutionWindow window, bool isAverage, bool countsPadding) : InferenceStep(input, output, shortcut: null)
{
    public override int PartCount(int images) => images * Output.Height;

    public override void Run(StepMemory memory, int images, int begin, int end)
    {
        for (int line = begin; line < end; line++)
        {
            (int image, int row) = Math.DivRem(line, Output.Height);
            for (int column = 0; column < Output.Width; column++)
            {
                Pool(memory, image, row, column);
            }
        }
    }

    public override void Dispose()
    {
    }

    private void Pool(StepMemory memory, int image, int row, int column)
    {
        int top = (row * window.RowStride) - window.Top, left = (column * window.ColumnStride) - window.Left, known = 0, padded = 0;
        var results = new Span<float>((float*)memory.Output.Address + Output.Offset(image, row, column), Output.Channels);
        results.Fill(isAverage ? 0 : float.NegativeInfinity);
        for (int i = 0; i < window.Rows; i++)
        {
            int y = top + (i * window.RowDilation);
            for (int j = 0; j < window.Columns; j++)
            {
                int x = left + (j * window.ColumnDilation);
                padded += y < Input.Height + window.Bottom && x < Input.Width + window.Right ? 1 : 0;
                if (y < 0 || y >= Input.Height || x < 0 || x >= Input.Width)
                {
                    continue;
                }

                known++;
                var values = new ReadOnlySpan<float>((float*)memory.Input.Address + Input.Offset(image, y, x), Output.Channels);
                if (isAverage)
                {
                    TensorPrimitives.Add(results, values, results);
                }
                else
                {
                    TensorPrimitives.Max(results, values, results);
                }
            }
        }

        if (isAverage)
        {
            TensorPrimitives.Divide(results, countsPadding ? padded : known, results);
        }
    }
}
