using System.Runtime.CompilerServices;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>Two registers of channels: six pixels of them take 12 of 16 registers.</summary>
internal unsafe struct LanePair<T>(T first, T second) : IChannels<LanePair<T>>
    where T : unmanaged, ILanes<T>
{
    private T _first = first;
    private T _second = second;

    public static int Count => 2 * T.Count;

    public static bool IsOneRegister => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> Load(float* values) => new(T.Load(values), T.Load(values + T.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddScaled(float factor, in LanePair<T> values)
    {
        T factors = T.Create(factor);
        _first.AddProduct(factors, values._first);
        _second.AddProduct(factors, values._second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add<TValue>(TValue* values)
        where TValue : unmanaged, IMapValue<TValue>
    {
        _first.Add(values);
        _second.Add(values + T.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Activate(float* slopes)
    {
        _first.Activate(slopes);
        _second.Activate(slopes + T.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Limit(float least, float most)
    {
        _first.Limit(least, most);
        _second.Limit(least, most);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TValue>(TValue* values)
        where TValue : unmanaged, IMapValue<TValue>
    {
        _first.Store(values);
        _second.Store(values + T.Count);
    }
}

/// <summary>Four registers of channels: six pixels of them take 24 of 32 registers.</summary>
internal unsafe struct LaneQuad<T>(T first, T second, T third, T fourth) : IChannels<LaneQuad<T>>
    where T : unmanaged, ILanes<T>
{
    private T _first = first;
    private T _second = second;
    private T _third = third;
    private T _fourth = fourth;

    public static int Count => 4 * T.Count;

    public static bool IsOneRegister => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LaneQuad<T> Load(float* values) => new(T.Load(values), T.Load(values + T.Count), T.Load(values + (2 * T.Count)), T.Load(values + (3 * T.Count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddScaled(float factor, in LaneQuad<T> values)
    {
        T factors = T.Create(factor);
        _first.AddProduct(factors, values._first);
        _second.AddProduct(factors, values._second);
        _third.AddProduct(factors, values._third);
        _fourth.AddProduct(factors, values._fourth);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add<TValue>(TValue* values)
        where TValue : unmanaged, IMapValue<TValue>
    {
        _first.Add(values);
        _second.Add(values + T.Count);
        _third.Add(values + (2 * T.Count));
        _fourth.Add(values + (3 * T.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Activate(float* slopes)
    {
        _first.Activate(slopes);
        _second.Activate(slopes + T.Count);
        _third.Activate(slopes + (2 * T.Count));
        _fourth.Activate(slopes + (3 * T.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Limit(float least, float most)
    {
        _first.Limit(least, most);
        _second.Limit(least, most);
        _third.Limit(least, most);
        _fourth.Limit(least, most);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TValue>(TValue* values)
        where TValue : unmanaged, IMapValue<TValue>
    {
        _first.Store(values);
        _second.Store(values + T.Count);
        _third.Store(values + (2 * T.Count));
        _fourth.Store(values + (3 * T.Count));
    }
}
