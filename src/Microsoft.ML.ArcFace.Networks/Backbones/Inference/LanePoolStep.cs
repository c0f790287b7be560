using System.Runtime.CompilerServices;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>The greatest numbers of windows that lie within a map: [images,H,W,C] → [images,H′,W′,C].</summary>
/// <param name="input">The map that is read.</param>
/// <param name="output">The map that is written.</param>
/// <param name="window">The window; none reaches beyond the map.</param>
internal sealed unsafe class LanePoolStep<TLanes>(FeatureMap input, FeatureMap output, ConvolutionWindow window) : InferenceStep(input, output, shortcut: null)
    where TLanes : unmanaged, ILanes<TLanes>
{
    public override int PartCount(int images) => images * Output.Height;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(StepMemory memory, int images, int begin, int end)
    {
        nint channels = Output.Channels, step = window.ColumnStride * channels, rowStep = window.RowDilation * Input.RowStride, columnStep = window.ColumnDilation * channels;
        for (int line = begin; line < end; line++)
        {
            (int image, int row) = Math.DivRem(line, Output.Height);
            float* from = (float*)memory.Input.Address + Input.Offset(image, row * window.RowStride, 0);
            float* to = (float*)memory.Output.Address + Output.Offset(image, row, 0);
            for (int column = 0; column < Output.Width; column++, from += step, to += channels)
            {
                for (nint channel = 0; channel < channels; channel += TLanes.Count)
                {
                    float* place = from + channel;
                    TLanes greatest = TLanes.Load(place);
                    for (int i = 0; i < window.Rows; i++, place += rowStep)
                    {
                        for (int j = 0; j < window.Columns; j++)
                        {
                            greatest.Rise(TLanes.Load(place + (j * columnStep)));
                        }
                    }

                    greatest.Store((SingleValue*)(to + channel));
                }
            }
        }
    }

    public override void Dispose()
    {
    }
}
