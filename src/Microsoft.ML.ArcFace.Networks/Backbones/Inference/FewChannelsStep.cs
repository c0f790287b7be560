namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// A convolution of single pixels among a few channels, with bias: [images,H,W,in] → [images,H,W,out], as it turns the colors of
/// faces into the numbers that a network of others reads.
/// </summary>
internal sealed unsafe class FewChannelsStep : InferenceStep
{
    /// <summary>The most channels that are read and written.</summary>
    public const int MostChannels = 4;

    private readonly float[] _weights;          // [out, in]
    private readonly float[] _bias;             // [out]

    /// <param name="input">The map that is read, in float32.</param>
    /// <param name="output">The map that is written, in float32.</param>
    /// <param name="weight">[out, in, 1, 1].</param>
    /// <param name="bias">[out].</param>
    public FewChannelsStep(FeatureMap input, FeatureMap output, float[] weight, float[] bias)
        : base(input, output, shortcut: null) => (_weights, _bias) = (weight, bias);

    // A part is a row.
    public override int PartCount(int images) => images * Output.Height;

    public override void Run(StepMemory memory, int images, int begin, int end)
    {
        int inputs = Input.Channels, outputs = Output.Channels;
        for (int part = begin; part < end; part++)
        {
            (int image, int row) = Math.DivRem(part, Output.Height);
            var values = new ReadOnlySpan<float>((float*)memory.Input.Address + Input.Offset(image, row, 0), Input.Width * inputs);
            var results = new Span<float>((float*)memory.Output.Address + Output.Offset(image, row, 0), Output.Width * outputs);
            for (int column = 0; column < Output.Width; column++)
            {
                ReadOnlySpan<float> pixel = values.Slice(column * inputs, inputs);
                for (int output = 0; output < outputs; output++)
                {
                    float sum = _bias[output];
                    for (int channel = 0; channel < inputs; channel++)
                    {
                        sum += _weights[(output * inputs) + channel] * pixel[channel];
                    }

                    results[(column * outputs) + output] = sum;
                }
            }
        }
    }

    public override void Dispose()
    {
    }
}
