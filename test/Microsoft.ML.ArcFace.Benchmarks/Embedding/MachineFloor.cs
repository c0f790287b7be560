using System.Globalization;
using System.Numerics.Tensors;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Microsoft.ML.ArcFace.Benchmarks.Embedding;

/// <summary>What the machine can do at best with one thread: multiply-adds a second in each arithmetic, bytes read a second.</summary>
/// <param name="Float32">Billion multiply-adds of float32 a second.</param>
/// <param name="BFloat16">Billion multiply-adds of bfloat16 a second.</param>
/// <param name="ReadBandwidth">Billion bytes a second.</param>
internal sealed record MachineFloor(double Float32, double BFloat16, double ReadBandwidth)
{
    private const int Repeats = 15;

    /// <summary>The best of products of matrices (256 to 1024 rows) and of a tile of our own, and of sums over 400 MB, by processor time.</summary>
    public static MachineFloor Measure()
    {
        int threads = get_num_threads();
        set_num_threads(1);
        try
        {
            float[] values = new float[100_000_000];
            values.AsSpan().Fill(1);
            double sum = Enumerable.Range(0, Repeats).Min(_ => AlternatingRounds.Measure(() => TensorPrimitives.Sum(values)).Processor);
            var floor = new MachineFloor(Math.Max(MatrixRate(ScalarType.Float32), MultiplyAddRate.Measure()), MatrixRate(ScalarType.BFloat16), (double)values.Length * sizeof(float) / sum / 1e6);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"floor, one thread: {floor.Float32:0.0} billion multiply-adds a second in float32, {floor.BFloat16:0.0} in bfloat16; {floor.ReadBandwidth:0.0} GB/s read"));
            return floor;
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    /// <summary>Milliseconds of one thread for the multiply-adds of a face.</summary>
    public (double Float32, double BFloat16) MillisecondsOf(BackboneArchitecture backbone) =>
        (MultiplyAddsOf(backbone) / Float32 * 1e3, MultiplyAddsOf(backbone) / BFloat16 * 1e3);

    /// <summary>Billions for a face, as the enumeration documents them.</summary>
    public static double MultiplyAddsOf(BackboneArchitecture backbone) => backbone switch
    {
        BackboneArchitecture.IResNet18 => 2.61,
        BackboneArchitecture.IResNet34 => 4.46,
        BackboneArchitecture.IResNet50 => 6.31,
        BackboneArchitecture.IResNet100 => 12.09,
        BackboneArchitecture.IResNet200 => 23.4,
        BackboneArchitecture.MobileFaceNet => 0.44,
        _ => 1.82,
    };

    private static double MatrixRate(ScalarType type)
    {
        using var noGradient = no_grad();
        double best = 0;
        foreach (long size in new long[] { 256, 512, 1024 })
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor left = randn(size, size).to(type), right = randn(size, size).to(type);
            double milliseconds = Enumerable.Range(0, Repeats).Min(_ => AlternatingRounds.Measure(() => left.matmul(right).Dispose()).Processor);
            best = Math.Max(best, (double)size * size * size / milliseconds / 1e6);
        }

        return best;
    }
}
