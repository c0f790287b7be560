using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference.General;

/// <summary>Has a runtime compute a whole graph, picture by picture.</summary>
/// <param name="input">The pictures.</param>
/// <param name="output">The embeddings, one pixel each.</param>
/// <param name="graph">The graph; the step owns it.</param>
internal sealed unsafe class RuntimeStep(FeatureMap input, FeatureMap output, IPictureGraph graph) : InferenceStep(input, output, shortcut: null)
{
    public override int PartCount(int images) => images;

    public override void Run(StepMemory memory, int images, int begin, int end)
    {
        float[] picture = new float[FaceInput.Channels * Input.Height * Input.Width];
        for (int image = begin; image < end; image++)
        {
            CopyPicture((float*)memory.Input.Address, image, picture);
            float[] numbers = Compute(picture);
            var results = new Span<float>((float*)memory.Output.Address + Output.Offset(image, 0, 0), Output.Channels);
            numbers.CopyTo(results);
            results[numbers.Length..].Clear();
        }
    }

    public override void Dispose() => graph.Dispose();

    private float[] Compute(float[] picture)
    {
        try
        {
            float[] numbers = graph.Run(picture, Input.Width, Input.Height)[0];
            return numbers.Length == Output.UsedChannels ? numbers : throw new WeightsFormatException($"The graph gives {numbers.Length} numbers of a picture, where it says {Output.UsedChannels}.");
        }
        catch (GraphRuntimeException error)
        {
            throw new WeightsFormatException($"ONNX Runtime cannot compute the recognizer's graph: {error.Message.TrimEnd('.')}.", error);
        }
    }

    /// <summary>Puts the channels of a picture in the graph's order.</summary>
    private void CopyPicture(float* pictures, int image, float[] picture)
    {
        int area = Input.Height * Input.Width;
        for (int row = 0, pixel = 0; row < Input.Height; row++)
        {
            for (int column = 0; column < Input.Width; column++, pixel++)
            {
                float* colors = pictures + Input.Offset(image, row, column);
                for (int channel = 0; channel < FaceInput.Channels; channel++)
                {
                    picture[graph.IsInterleaved ? (pixel * FaceInput.Channels) + channel : (channel * area) + pixel] = colors[channel];
                }
            }
        }
    }
}
