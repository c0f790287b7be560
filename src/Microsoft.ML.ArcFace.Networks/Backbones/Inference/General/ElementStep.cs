using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference.General;

/// <summary>Computes each pixel of a map for itself: an operator of one number, a norm, a PReLU, a copy.</summary>
/// <param name="input">The map that is read.</param>
/// <param name="output">The map that is written, of the same sizes.</param>
/// <param name="function">Makes the channels of a pixel of those of another, which are as many as are used.</param>
internal sealed unsafe class ElementStep(FeatureMap input, FeatureMap output, ElementFunction function) : InferenceStep(input, output, shortcut: null)
{
    public override int PartCount(int images) => images * Output.Height;

    public override void Run(StepMemory memory, int images, int begin, int end)
    {
        for (int line = begin; line < end; line++)
        {
            (int image, int row) = Math.DivRem(line, Output.Height);
            for (int column = 0; column < Output.Width; column++)
            {
                var values = new ReadOnlySpan<float>((float*)memory.Input.Address + Input.Offset(image, row, column), Input.UsedChannels);
                var results = new Span<float>((float*)memory.Output.Address + Output.Offset(image, row, column), Output.Channels);
                function(values, results[..Output.UsedChannels]);
                results[Output.UsedChannels..].Clear();
            }
        }
    }

    public override void Dispose()
    {
    }
}
