using System.Numerics.Tensors;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// A convolution of every channel for itself whose kernel covers the whole map, with bias: [images,H,W,C] → [images,1,1,C].
/// </summary>
internal sealed unsafe class PoolingConvolutionStep : InferenceStep
{
    private readonly float[] _weights;          // [H·W, C]
    private readonly float[] _bias;             // [C]

    /// <param name="input">The map that is read.</param>
    /// <param name="output">The map that is written.</param>
    /// <param name="weights">[C, 1, H, W] and [C].</param>
    public PoolingConvolutionStep(FeatureMap input, FeatureMap output, (float[] Weight, float[] Bias) weights)
        : base(input, output, shortcut: null)
    {
        (float[] weight, float[] bias) = weights;
        int pixels = weight.Length / bias.Length;
        _bias = bias;
        _weights = new float[weight.Length];
        for (int index = 0; index < weight.Length; index++)
        {
            (int channel, int pixel) = Math.DivRem(index, pixels);
            _weights[(pixel * bias.Length) + channel] = weight[index];
        }
    }

    public override int PartCount(int images) => images;

    public override void Run(StepMemory memory, int images, int begin, int end)
    {
        int channels = Input.Channels;
        for (int image = begin; image < end; image++)
        {
            var sums = new Span<float>((float*)memory.Output.Address + Output.Offset(image, 0, 0), channels);
            _bias.CopyTo(sums);
            for (int pixel = 0; pixel < Input.Height * Input.Width; pixel++)
            {
                var values = new ReadOnlySpan<float>((float*)memory.Input.Address + Input.Offset(image, pixel / Input.Width, pixel % Input.Width), channels);
                TensorPrimitives.MultiplyAdd(values, _weights.AsSpan(pixel * channels, channels), sums, sums);
            }
        }
    }

    public override void Dispose()
    {
    }
}
