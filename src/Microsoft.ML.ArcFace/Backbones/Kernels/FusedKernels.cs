namespace Microsoft.ML.ArcFace.Backbones.Kernels;

/// <summary>
/// Whether training in float32 on the processor may use the code of this folder. Otherwise libtorch computes everything,
/// with the same results to rounding, in one and a half times the time for MobileFaceNet.
/// </summary>
internal static class FusedKernels
{
    /// <summary>True unless a test or a measurement compares the two.</summary>
    public static bool Enabled { get; set; } = true;
}
