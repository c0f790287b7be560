namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>
/// Whether training in float32 on the processor may use the kernels of this folder; otherwise libtorch computes
/// everything, with the same results to rounding.
/// </summary>
internal static class FusedKernels
{
    public static bool Enabled { get; set; } = true;
}
