using Microsoft.ML.ArcFace.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>Splits work over as many threads as torch uses. The same count gives the same slices, so results repeat.</summary>
internal static class ParallelSlices
{
    /// <summary>What is not worth a second thread, in values.</summary>
    private const int SmallestSlice = 16 * 1024;

    /// <summary>The number of slices for <paramref name="items"/> of <paramref name="valuesPerItem"/> each.</summary>
    public static int Count(int items, int valuesPerItem) =>
        (int)Math.Clamp((long)items * valuesPerItem / SmallestSlice, 1, Math.Max(1, Math.Min(get_num_threads(), items)));

    /// <summary>Runs <paramref name="slice"/>(number, first item, item after the last) for every slice and waits for all.</summary>
    public static void Run(int items, int slices, Action<int, int, int> slice) =>
        ParallelLoop.Run(slices, slices, number =>
            slice(number, (int)((long)items * number / slices), (int)((long)items * (number + 1) / slices)));
}
