using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>An element type of feature maps. All arithmetic is in float32; eight neighbours are read or written at once.</summary>
internal unsafe interface IMapValue<TSelf>
    where TSelf : unmanaged, IMapValue<TSelf>
{
    static abstract Vector256<float> Load(TSelf* values);

    /// <summary>Rounds to the nearest value of the type.</summary>
    static abstract void Store(Vector256<float> rounded, TSelf* values);

    /// <summary>Sixteen values, on processors with AVX-512.</summary>
    static abstract Vector512<float> LoadWide(TSelf* values);

    /// <summary>The same to memory.</summary>
    static abstract void StoreWide(Vector512<float> rounded, TSelf* values);

    /// <summary>Four values, on every processor.</summary>
    static abstract Vector128<float> LoadNarrow(TSelf* values);

    /// <summary>The same to memory.</summary>
    static abstract void StoreNarrow(Vector128<float> rounded, TSelf* values);
}

/// <summary>float32.</summary>
internal readonly unsafe struct SingleValue : IMapValue<SingleValue>
{
#pragma warning disable CS0169, IDE0044, IDE0051 // The memory that it stands for; read and written through pointers.
    private readonly float _value;
#pragma warning restore CS0169, IDE0044, IDE0051

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(SingleValue* values) => Vector256.Load((float*)values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> rounded, SingleValue* values) => Vector256.Store(rounded, (float*)values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadWide(SingleValue* values) => Vector512.Load((float*)values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreWide(Vector512<float> rounded, SingleValue* values) => Vector512.Store(rounded, (float*)values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadNarrow(SingleValue* values) => Vector128.Load((float*)values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreNarrow(Vector128<float> rounded, SingleValue* values) => Vector128.Store(rounded, (float*)values);
}

/// <summary>bfloat16: the upper half of a float32.</summary>
internal readonly unsafe struct BFloat16Value : IMapValue<BFloat16Value>
{
#pragma warning disable CS0169, IDE0044, IDE0051 // As above.
    private readonly ushort _upperHalf;
#pragma warning restore CS0169, IDE0044, IDE0051

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(BFloat16Value* values) =>
        (Avx2.ConvertToVector256Int32((ushort*)values) << 16).AsSingle();

    /// <summary>Ties go to the even neighbour, as in libtorch. Not a number stays so, unless its digits are all ones, which no processor produces.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> rounded, BFloat16Value* values)
    {
        Vector256<uint> bits = rounded.AsUInt32();
        Vector256<uint> isOdd = (bits >>> 16) & Vector256<uint>.One;
        Vector256<uint> upper = (bits + Vector256.Create(0x7FFFu) + isOdd) >>> 16;
        Vector128.Store(Vector128.Narrow(upper.GetLower(), upper.GetUpper()), (ushort*)values);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadWide(BFloat16Value* values) =>
        (Avx512F.ConvertToVector512Int32(Vector256.Load((ushort*)values)) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreWide(Vector512<float> rounded, BFloat16Value* values)
    {
        Vector512<uint> bits = rounded.AsUInt32();
        Vector512<uint> isOdd = (bits >>> 16) & Vector512<uint>.One;
        Vector512<uint> upper = (bits + Vector512.Create(0x7FFFu) + isOdd) >>> 16;
        Vector256.Store(Avx512F.ConvertToVector256UInt16(upper), (ushort*)values);
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadNarrow(BFloat16Value* values) =>
        (Vector128.WidenLower(Vector64.Load((ushort*)values).ToVector128Unsafe()) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreNarrow(Vector128<float> rounded, BFloat16Value* values)
    {
        Vector128<uint> bits = rounded.AsUInt32();
        Vector128<uint> isOdd = (bits >>> 16) & Vector128<uint>.One;
        Vector128<uint> upper = (bits + Vector128.Create(0x7FFFu) + isOdd) >>> 16;
        Vector64.Store(Vector128.Narrow(upper, upper).GetLower(), (ushort*)values);
    }
}
