using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Backbones.Inference;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones.BFloat16;

/// <summary>Multiplies in bfloat16 by oneDNN, within libtorch.</summary>
internal sealed class TorchArithmetic : IBFloat16Arithmetic
{
    public InferenceStep Dense<TLanes, TOutput>(FeatureMap input, FeatureMap output, FeatureMap? shortcut, LayerWeights weights, float[]? slopes, int kernel, int stride, int padding)
        where TLanes : unmanaged, ILanes<TLanes>
        where TOutput : unmanaged, IMapValue<TOutput> => new BFloat16ConvolutionStep<TLanes, TOutput>(input, output, shortcut, weights, slopes, kernel, stride, padding);

    public IMapOwner Allocate(long values) => new MapTensor(empty([values], dtype: ScalarType.BFloat16).DetachFromDisposeScope());

    public IDisposable ShareThreads(int threads) => new ThreadShare(threads);

    /// <summary>A map as a tensor of one dimension, which libtorch reads.</summary>
    internal sealed unsafe class MapTensor(Tensor values) : IMapOwner
    {
        public Tensor Values => values;

        public nint Address { get; } = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(values.bytes));

        public void Dispose() => values.Dispose();
    }

    /// <summary>
    /// libtorch's threads for the thread that runs: one, while groups are computed side by side. OpenMP counts them for each
    /// of its callers.
    /// </summary>
    private sealed class ThreadShare : IDisposable
    {
        private readonly int _before;

        public ThreadShare(int threads)
        {
            _before = get_num_threads();
            Set(threads, _before);
        }

        public void Dispose() => Set(_before, get_num_threads());

        private static void Set(int threads, int now)
        {
            if (threads != now)
            {
                set_num_threads(threads);
            }
        }
    }
}
