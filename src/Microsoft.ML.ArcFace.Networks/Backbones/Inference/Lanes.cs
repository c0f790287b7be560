using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// Neighboring channels in registers of the processor. The kernels are written once over it; the JIT compiles them for each
/// structure that implements it. What changes is changed in place: a result that is returned costs a spill of the registers.
/// </summary>
internal unsafe interface IChannels<TSelf>
    where TSelf : unmanaged, IChannels<TSelf>
{
    /// <summary>The number of channels.</summary>
    static abstract int Count { get; }

    /// <summary>Whether one register holds them.</summary>
    static abstract bool IsOneRegister { get; }

    static abstract TSelf Load(float* values);

    /// <summary>Adds factor · values.</summary>
    void AddScaled(float factor, in TSelf values);

    /// <summary>Adds the values of a feature map.</summary>
    void Add<TValue>(TValue* values)
        where TValue : unmanaged, IMapValue<TValue>;

    /// <summary>Applies PReLU: max(0, x) + slope·min(0, x).</summary>
    void Activate(float* slopes);

    /// <summary>Keeps each number between two limits.</summary>
    void Limit(float least, float most);

    /// <summary>Writes to a feature map.</summary>
    void Store<TValue>(TValue* values)
        where TValue : unmanaged, IMapValue<TValue>;
}

/// <summary>As many channels as one register holds.</summary>
internal interface ILanes<TSelf> : IChannels<TSelf>
    where TSelf : unmanaged, ILanes<TSelf>
{
    static abstract TSelf Create(float value);

    /// <summary>Adds left · right.</summary>
    void AddProduct(in TSelf left, in TSelf right);

    /// <summary>Adds values whose channels 2i and 2i + 1 have changed places.</summary>
    void AddPartners(in TSelf values);

    /// <summary>Keeps the greater of two numbers each.</summary>
    void Rise(in TSelf values);
}

/// <summary>Sixteen channels, on processors with AVX-512.</summary>
internal unsafe struct Lanes16(Vector512<float> values) : ILanes<Lanes16>
{
    private Vector512<float> _values = values;

    public static int Count => 16;

    public static bool IsOneRegister => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Load(float* values) => new(Vector512.Load(values));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Create(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddScaled(float factor, in Lanes16 values) => AddProduct(Create(factor), values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddProduct(in Lanes16 left, in Lanes16 right) => _values = Vector512.MultiplyAddEstimate(left._values, right._values, _values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddPartners(in Lanes16 values) => _values += Avx512F.Shuffle(values._values, values._values, 0b10_11_00_01);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add<TValue>(TValue* values)
        where TValue : unmanaged, IMapValue<TValue> => _values += TValue.LoadWide(values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Activate(float* slopes) => _values = Vector512.MultiplyAddEstimate(
        Vector512.MinNative(_values, Vector512<float>.Zero), Vector512.Load(slopes), Vector512.MaxNative(_values, Vector512<float>.Zero));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Rise(in Lanes16 values) => _values = Vector512.Max(_values, values._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Limit(float least, float most) => _values = Vector512.MinNative(Vector512.MaxNative(_values, Vector512.Create(least)), Vector512.Create(most));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TValue>(TValue* values)
        where TValue : unmanaged, IMapValue<TValue> => TValue.StoreWide(_values, values);
}

/// <summary>Eight channels, on processors with AVX2 and FMA.</summary>
internal unsafe struct Lanes8(Vector256<float> values) : ILanes<Lanes8>
{
    private Vector256<float> _values = values;

    public static int Count => 8;

    public static bool IsOneRegister => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Load(float* values) => new(Vector256.Load(values));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Create(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddScaled(float factor, in Lanes8 values) => AddProduct(Create(factor), values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddProduct(in Lanes8 left, in Lanes8 right) => _values = Vector256.MultiplyAddEstimate(left._values, right._values, _values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddPartners(in Lanes8 values) => _values += Avx.Permute(values._values, 0b10_11_00_01);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add<TValue>(TValue* values)
        where TValue : unmanaged, IMapValue<TValue> => _values += TValue.Load(values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Activate(float* slopes) => _values = Vector256.MultiplyAddEstimate(
        Vector256.MinNative(_values, Vector256<float>.Zero), Vector256.Load(slopes), Vector256.MaxNative(_values, Vector256<float>.Zero));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Rise(in Lanes8 values) => _values = Vector256.Max(_values, values._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Limit(float least, float most) => _values = Vector256.MinNative(Vector256.MaxNative(_values, Vector256.Create(least)), Vector256.Create(most));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TValue>(TValue* values)
        where TValue : unmanaged, IMapValue<TValue> => TValue.Store(_values, values);
}

/// <summary>Four channels, on every processor: Arm's AdvSimd, SSE, and without any of them one by one.</summary>
internal unsafe struct Lanes4(Vector128<float> values) : ILanes<Lanes4>
{
    private Vector128<float> _values = values;

    public static int Count => 4;

    public static bool IsOneRegister => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 Load(float* values) => new(Vector128.Load(values));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 Create(float value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddScaled(float factor, in Lanes4 values) => AddProduct(Create(factor), values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddProduct(in Lanes4 left, in Lanes4 right) => _values = Vector128.MultiplyAddEstimate(left._values, right._values, _values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddPartners(in Lanes4 values) => _values += Vector128.Shuffle(values._values, Vector128.Create(1, 0, 3, 2));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add<TValue>(TValue* values)
        where TValue : unmanaged, IMapValue<TValue> => _values += TValue.LoadNarrow(values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Activate(float* slopes) => _values = Vector128.MultiplyAddEstimate(
        Vector128.MinNative(_values, Vector128<float>.Zero), Vector128.Load(slopes), Vector128.MaxNative(_values, Vector128<float>.Zero));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Rise(in Lanes4 values) => _values = Vector128.Max(_values, values._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Limit(float least, float most) => _values = Vector128.MinNative(Vector128.MaxNative(_values, Vector128.Create(least)), Vector128.Create(most));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TValue>(TValue* values)
        where TValue : unmanaged, IMapValue<TValue> => TValue.StoreNarrow(_values, values);
}
