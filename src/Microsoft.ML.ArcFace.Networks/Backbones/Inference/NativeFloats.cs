using System.Runtime.InteropServices;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>Numbers outside of the managed heap, at the begin of a cache line, freed with their last user.</summary>
internal sealed unsafe class NativeFloats : SafeHandle
{
    /// <summary>Numbers of a cache line.</summary>
    public const int PerCacheLine = CacheLine / sizeof(float);

    private const int CacheLine = 64;

    public NativeFloats(long length)
        : base(0, ownsHandle: true)
    {
        SetHandle((nint)NativeMemory.AlignedAlloc((nuint)(length * sizeof(float)), CacheLine));
        GC.AddMemoryPressure(length * sizeof(float));
        Length = length;
    }

    public NativeFloats(ReadOnlySpan<float> values)
        : this(values.Length) => values.CopyTo(new Span<float>(Data, values.Length));

    public long Length { get; }

    public float* Data => (float*)handle;

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        GC.RemoveMemoryPressure(Length * sizeof(float));
        return true;
    }
}
