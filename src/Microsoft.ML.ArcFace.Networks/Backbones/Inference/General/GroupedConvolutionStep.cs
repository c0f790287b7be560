using System.Numerics.Tensors;

namespace Microsoft.ML.ArcFace.Backbones.Inference.General;

/// <summary>A convolution in any groups with any window: [images,H,W,in] → [images,H′,W′,out], for which there is no faster step.</summary>
internal sealed unsafe class GroupedConvolutionStep : InferenceStep
{
    private readonly ConvolutionWindow _window;
    private readonly LayerActivation _activation;
    private readonly int _inputsOfGroup;
    private readonly int _outputsOfGroup;
    private readonly float[] _weights;      // [rows, columns, out] of single channels; else [out, rows, columns, in/group]
    private readonly float[] _bias;

    /// <param name="input">The map that is read, with the border that <paramref name="window"/> needs.</param>
    /// <param name="output">The map that is written.</param>
    /// <param name="shortcut">What is added, of the shape of the output.</param>
    /// <param name="weights">[out, in/group, rows, columns] and [out].</param>
    /// <param name="activation">What is done with the sums.</param>
    /// <param name="window">The kernel.</param>
    /// <param name="groups">Groups of channels.</param>
    public GroupedConvolutionStep(FeatureMap input, FeatureMap output, FeatureMap? shortcut, (float[] Weight, float[] Bias) weights, LayerActivation activation, ConvolutionWindow window, int groups)
        : base(input, output, shortcut)
    {
        (float[] weight, float[] bias) = weights;
        (_window, _activation, _bias) = (window, activation, bias);
        (_inputsOfGroup, _outputsOfGroup) = (input.UsedChannels / groups, bias.Length / groups);
        int area = window.Rows * window.Columns;
        _weights = new float[weight.Length];
        for (int index = 0; index < weight.Length; index++)
        {
            (int row, int position) = Math.DivRem(index, area);
            (int result, int channel) = Math.DivRem(row, _inputsOfGroup);
            _weights[IsDepthwise ? (position * bias.Length) + result : (((result * area) + position) * _inputsOfGroup) + channel] = weight[index];
        }
    }

    private bool IsDepthwise => _inputsOfGroup == 1 && _outputsOfGroup == 1;

    public override int PartCount(int images) => images * Output.Height;

    public override void Run(StepMemory memory, int images, int begin, int end)
    {
        int channels = _bias.Length;
        for (int line = begin; line < end; line++)
        {
            (int image, int row) = Math.DivRem(line, Output.Height);
            for (int column = 0; column < Output.Width; column++)
            {
                float* window = (float*)memory.Input.Address + Input.Offset(image, (row * _window.RowStride) - _window.Top, (column * _window.ColumnStride) - _window.Left);
                var results = new Span<float>((float*)memory.Output.Address + Output.Offset(image, row, column), Output.Channels);
                results[channels..].Clear();
                results = results[..channels];
                _bias.CopyTo(results);
                Convolve(window, results);
                Finish(results, Shortcut is null ? null : (float*)memory.Shortcut.Address + Shortcut.Offset(image, row, column));
            }
        }
    }

    public override void Dispose()
    {
    }

    private void Convolve(float* window, Span<float> sums)
    {
        int area = _window.Rows * _window.Columns;
        for (int position = 0; position < area; position++)
        {
            (int row, int column) = Math.DivRem(position, _window.Columns);
            float* pixel = window + ((nint)row * _window.RowDilation * Input.RowStride) + ((nint)column * _window.ColumnDilation * Input.Channels);
            if (IsDepthwise)
            {
                TensorPrimitives.MultiplyAdd(new ReadOnlySpan<float>(pixel, sums.Length), _weights.AsSpan(position * sums.Length, sums.Length), sums, sums);
                continue;
            }

            for (int result = 0; result < sums.Length; result++)
            {
                var values = new ReadOnlySpan<float>(pixel + (result / _outputsOfGroup * _inputsOfGroup), _inputsOfGroup);
                sums[result] += TensorPrimitives.Dot(values, _weights.AsSpan(((result * area) + position) * _inputsOfGroup, _inputsOfGroup));
            }
        }
    }

    private void Finish(Span<float> sums, float* shortcut)
    {
        if (_activation.Slopes is { } slopes)
        {
            for (int channel = 0; channel < sums.Length; channel++)
            {
                sums[channel] = Math.Max(sums[channel], 0) + (slopes[channel] * Math.Min(sums[channel], 0));
            }
        }

        if (_activation.IsLimited)
        {
            TensorPrimitives.Max(sums, _activation.Least, sums);
            TensorPrimitives.Min(sums, _activation.Most, sums);
        }

        if (shortcut != null)
        {
            TensorPrimitives.Add(sums, new ReadOnlySpan<float>(shortcut, sums.Length), sums);
        }
    }
}
