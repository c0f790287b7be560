using System.Runtime.CompilerServices;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Backbones.Kernels;

namespace Microsoft.ML.ArcFace.Benchmarks.Embedding;

/// <summary>How many multiply-adds of float32 one thread makes in the widest registers that this process sees.</summary>
internal static class MultiplyAddRate
{
    private const int Repeats = 15;

    /// <summary>Billions a second: the better of a tile of a convolution from the nearest cache, and of registers alone.</summary>
    public static double Measure() => VectorWidths.Best switch
    {
        VectorWidth.Bits512 => Measure<Lanes16, LaneQuad<Lanes16>>(),
        VectorWidth.Bits256 => Measure<Lanes8, LanePair<Lanes8>>(),
        _ => Measure<Lanes4, LanePair<Lanes4>>(),
    };

    private static double Measure<TLanes, TPanel>()
        where TLanes : unmanaged, ILanes<TLanes>
        where TPanel : unmanaged, IChannels<TPanel> => Math.Max(OfRegisters<TLanes>(), OfTiles<TPanel>());

    private static unsafe double OfTiles<TPanel>()
        where TPanel : unmanaged, IChannels<TPanel>
    {
        const int length = 64, tiles = 20_000;
        using var inputs = new NativeFloats(new float[length]);
        using var weights = new NativeFloats(new float[length * TPanel.Count]);
        using var bias = new NativeFloats(new float[TPanel.Count]);
        using var outputs = new NativeFloats(new float[TPanel.Count]);
        double milliseconds = Enumerable.Range(0, Repeats).Min(_ => AlternatingRounds.Measure(Run).Processor);
        return (double)tiles * length * ConvolutionTile.Pixels * TPanel.Count / milliseconds / 1e6;

        void Run()
        {
            nint tap = 0;
            float** from = stackalloc float*[ConvolutionTile.Pixels];
            SingleValue** to = stackalloc SingleValue*[ConvolutionTile.Pixels];
            for (int pixel = 0; pixel < ConvolutionTile.Pixels; pixel++)
            {
                from[pixel] = inputs.Data;
                to[pixel] = (SingleValue*)outputs.Data;
            }

            var finish = new TileFinish<SingleValue> { Bias = bias.Data, Outputs = to };
            for (int tile = 0; tile < tiles; tile++)
            {
                ConvolutionTile.Run<TPanel, SingleValue>(from, &tap, 1, length, weights.Data, finish, channel: 0);
            }
        }
    }

    private static double OfRegisters<TLanes>()
        where TLanes : unmanaged, ILanes<TLanes>
    {
        const int steps = 1_000_000, sums = 12;
        double milliseconds = Enumerable.Range(0, Repeats).Min(_ => AlternatingRounds.Measure(() => AddProducts<TLanes>(steps)).Processor);
        return (double)steps * sums * TLanes.Count / milliseconds / 1e6;
    }

    /// <summary>Twelve chains, enough for two units of a latency of five.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static TLanes AddProducts<TLanes>(int steps)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes left = TLanes.Create(0.5f), right = TLanes.Create(1e-6f);
        TLanes sum0 = left, sum1 = left, sum2 = left, sum3 = left, sum4 = left, sum5 = left, sum6 = left, sum7 = left, sum8 = left, sum9 = left, sum10 = left, sum11 = left;
        for (int step = 0; step < steps; step++)
        {
            sum0.AddProduct(left, right);
            sum1.AddProduct(left, right);
            sum2.AddProduct(left, right);
            sum3.AddProduct(left, right);
            sum4.AddProduct(left, right);
            sum5.AddProduct(left, right);
            sum6.AddProduct(left, right);
            sum7.AddProduct(left, right);
            sum8.AddProduct(left, right);
            sum9.AddProduct(left, right);
            sum10.AddProduct(left, right);
            sum11.AddProduct(left, right);
        }

        // All of them count, or else they would not be computed.
        sum0.AddProduct(sum1, sum2);
        sum0.AddProduct(sum3, sum4);
        sum0.AddProduct(sum5, sum6);
        sum0.AddProduct(sum7, sum8);
        sum0.AddProduct(sum9, sum10);
        sum0.AddProduct(sum11, left);
        return sum0;
    }
}
