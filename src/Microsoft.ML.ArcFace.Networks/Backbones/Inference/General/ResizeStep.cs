using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference.General;

/// <summary>Enlarges or shrinks a map in rows and columns: nearest neighbors, or sums of four of them.</summary>
internal sealed unsafe class ResizeStep : InferenceStep
{
    private readonly ResizePosition[] _rows;
    private readonly ResizePosition[] _columns;
    private readonly bool _isNearest;

    /// <param name="input">The map that is read.</param>
    /// <param name="output">The map that is written.</param>
    /// <param name="node">A <see cref="Operators.Resize"/>.</param>
    public ResizeStep(FeatureMap input, FeatureMap output, NetworkNode node)
        : base(input, output, shortcut: null)
    {
        (_rows, _columns) = (ResizePositions.Of(node, 0, input.Height), ResizePositions.Of(node, 1, input.Width));
        _isNearest = _rows.Concat(_columns).All(position => position.ShareOfSecond == 0);
    }

    public override int PartCount(int images) => images * Output.Height;

    public override void Run(StepMemory memory, int images, int begin, int end)
    {
        float[] between = new float[_isNearest ? 0 : Output.Channels];
        for (int line = begin; line < end; line++)
        {
            (int image, int row) = Math.DivRem(line, Output.Height);
            ResizePosition rows = _rows[row];
            for (int column = 0; column < _columns.Length; column++)
            {
                ResizePosition columns = _columns[column];
                var result = new Span<float>((float*)memory.Output.Address + Output.Offset(image, row, column), Output.Channels);
                if (_isNearest)
                {
                    Pixel(memory, image, rows.First, columns.First).CopyTo(result);
                    continue;
                }

                TensorPrimitives.Lerp(Pixel(memory, image, rows.First, columns.First), Pixel(memory, image, rows.First, columns.Second), columns.ShareOfSecond, result);
                TensorPrimitives.Lerp(Pixel(memory, image, rows.Second, columns.First), Pixel(memory, image, rows.Second, columns.Second), columns.ShareOfSecond, between);
                TensorPrimitives.Lerp(result, between, rows.ShareOfSecond, result);
            }
        }
    }

    public override void Dispose()
    {
    }

    private ReadOnlySpan<float> Pixel(StepMemory memory, int image, int row, int column) => new((float*)memory.Input.Address + Input.Offset(image, row, column), Output.Channels);
}
