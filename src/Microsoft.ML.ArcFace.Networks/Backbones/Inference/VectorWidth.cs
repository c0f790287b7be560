using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>Bits of the registers that an <see cref="InferenceNetwork"/> computes with.</summary>
internal enum VectorWidth
{
    /// <summary>Arm's AdvSimd, SSE, or no such registers at all.</summary>
    Bits128 = 128,

    /// <summary>AVX2 with FMA.</summary>
    Bits256 = 256,

    /// <summary>AVX-512.</summary>
    Bits512 = 512,
}

/// <summary>Tells what the processor can do.</summary>
internal static class VectorWidths
{
    /// <summary>The widths that this processor has, the widest first. <c>DOTNET_EnableAVX512=0</c> hides the first.</summary>
    public static IReadOnlyList<VectorWidth> Available { get; } =
    [
        .. Avx512F.IsSupported ? [VectorWidth.Bits512] : Array.Empty<VectorWidth>(),
        .. Avx2.IsSupported && Fma.IsSupported ? [VectorWidth.Bits256] : Array.Empty<VectorWidth>(),
        VectorWidth.Bits128,
    ];

    /// <summary>The widest.</summary>
    public static VectorWidth Best => Available[0];

    /// <summary>Whether there are 32 registers of a width, instead of 16.</summary>
    public static bool HasManyRegisters(VectorWidth width) => width == VectorWidth.Bits512 || AdvSimd.Arm64.IsSupported;
}
