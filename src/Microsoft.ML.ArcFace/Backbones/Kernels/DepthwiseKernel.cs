using System.Runtime.Intrinsics;

namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>
/// The 3×3 convolution with padding 1 and groups of one or two channels over channels-last maps, and the gradient of its
/// input: both gather, for each pixel of the result, up to nine pixels times their taps.
/// </summary>
internal static unsafe class DepthwiseKernel
{
    private const int Padding = 1;
    private static readonly Vector256<int> SwapPairs = Vector256.Create(1, 0, 3, 2, 5, 4, 7, 6);

    /// <summary>Pixels of a side of the output for those of the input.</summary>
    public static int OutputSize(int inputSize, int stride) => ((inputSize - 1) / stride) + 1;

    /// <summary>Every value in the place of the other one of its pair.</summary>
    public static Vector256<float> Swap(Vector256<float> pairs) => Vector256.Shuffle(pairs, SwapPairs);

    /// <summary>Fills the output from the input.</summary>
    public static void Forward(ChannelsLastMap input, DepthwiseTaps taps, int stride, ChannelsLastMap output) =>
        Gather(input, taps, output, (result, tap, size) => InRange((result * stride) - Padding + tap, size));

    /// <summary>Fills the gradient of the input from that of the output.</summary>
    public static void InputGradient(ChannelsLastMap outputGradient, DepthwiseTaps taps, int stride, ChannelsLastMap inputGradient) =>
        Gather(outputGradient, taps, inputGradient, (result, tap, size) =>
            (result + Padding - tap) % stride == 0 ? InRange((result + Padding - tap) / stride, size) : null);

    private static int? InRange(int position, int size) => (uint)position < (uint)size ? position : null;

    /// <param name="source">What is read.</param>
    /// <param name="taps">The weights.</param>
    /// <param name="result">What is filled.</param>
    /// <param name="position">From a position of the result, a tap 0–2 and the source's size: the source's position, if there is one.</param>
    private static void Gather(ChannelsLastMap source, DepthwiseTaps taps, ChannelsLastMap result, Func<int, int, int, int?> position)
    {
        int?[,] rows = Table(result.Height, source.Height, position), columns = Table(result.Width, source.Width, position);
        int resultRows = result.Batch * result.Height, channels = result.Channels;
        ParallelSlices.Run(resultRows, ParallelSlices.Count(resultRows, result.Width * channels), (_, begin, end) =>
        {
            float** pixels = stackalloc float*[DepthwiseTaps.Count];
            int* tapStarts = stackalloc int[DepthwiseTaps.Count];
            fixed (float* own = taps.Own, cross = taps.Cross)
            {
                for (int row = begin; row < end; row++)
                {
                    (int face, int y) = Math.DivRem(row, result.Height);
                    for (int x = 0; x < result.Width; x++)
                    {
                        int count = 0;
                        for (int tap = 0; tap < DepthwiseTaps.Count; tap++)
                        {
                            if (rows[y, tap / DepthwiseTaps.Kernel] is { } sourceY && columns[x, tap % DepthwiseTaps.Kernel] is { } sourceX)
                            {
                                pixels[count] = source.Pixel((((long)face * source.Height) + sourceY) * source.Width + sourceX);
                                tapStarts[count++] = tap * channels;
                            }
                        }

                        float* sum = result.Pixel(((long)row * result.Width) + x);
                        if (cross is null)
                        {
                            Weigh(pixels, tapStarts, count, own, channels, sum);
                        }
                        else
                        {
                            WeighPairs(pixels, tapStarts, count, own, cross, channels, sum);
                        }
                    }
                }
            }
        });
    }

    private static void Weigh(float** pixels, int* tapStarts, int count, float* own, int channels, float* result)
    {
        for (int channel = 0; channel < channels; channel += ChannelsLastMap.Lanes)
        {
            Vector256<float> sum = default;
            for (int i = 0; i < count; i++)
            {
                sum = Vector256.MultiplyAddEstimate(Vector256.Load(pixels[i] + channel), Vector256.Load(own + tapStarts[i] + channel), sum);
            }

            Vector256.Store(sum, result + channel);
        }
    }

    private static void WeighPairs(float** pixels, int* tapStarts, int count, float* own, float* cross, int channels, float* result)
    {
        for (int channel = 0; channel < channels; channel += ChannelsLastMap.Lanes)
        {
            Vector256<float> sum = default, partners = default;
            for (int i = 0; i < count; i++)
            {
                Vector256<float> value = Vector256.Load(pixels[i] + channel);
                sum = Vector256.MultiplyAddEstimate(value, Vector256.Load(own + tapStarts[i] + channel), sum);
                partners = Vector256.MultiplyAddEstimate(value, Vector256.Load(cross + tapStarts[i] + channel), partners);
            }

            Vector256.Store(sum + Swap(partners), result + channel);
        }
    }

    private static int?[,] Table(int resultSize, int sourceSize, Func<int, int, int, int?> position)
    {
        var table = new int?[resultSize, DepthwiseTaps.Kernel];
        for (int result = 0; result < resultSize; result++)
        {
            for (int tap = 0; tap < DepthwiseTaps.Kernel; tap++)
            {
                table[result, tap] = position(result, tap, sourceSize);
            }
        }

        return table;
    }
}
