namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>Random numbers that depend on the given numbers alone: the same on every machine and in every order of drawing.</summary>
internal sealed class SeededRandom
{
    private ulong _state;

    /// <summary>Starts a stream for, say, (seed, person, picture); streams of other numbers are unrelated.</summary>
    public SeededRandom(params ReadOnlySpan<int> stream)
    {
        foreach (int part in stream)
        {
            _state = NextBits() ^ (uint)part;
        }
    }

    /// <summary>A number in [0, 1).</summary>
    public float Unit() => (NextBits() >> 40) * (1f / (1 << 24));

    /// <summary>A number evenly spread over [<paramref name="low"/>, <paramref name="high"/>).</summary>
    public float Range(float low, float high) => low + ((high - low) * Unit());

    /// <summary>A whole number in [0, <paramref name="count"/>).</summary>
    public int Below(int count) => (int)(NextBits() % (uint)count);

    /// <summary>True in <paramref name="probability"/> of the calls.</summary>
    public bool Chance(float probability) => Unit() < probability;

    /// <summary>A normal deviate of mean 0 (Box and Muller, 1958).</summary>
    public float Normal(float deviation) =>
        deviation * MathF.Sqrt(-2 * MathF.Log(1 - Unit())) * MathF.Cos(2 * MathF.PI * Unit());

    /// <summary>SplitMix64 (Steele, Lea and Flood, 2014).</summary>
    private ulong NextBits()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong bits = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        return bits ^ (bits >> 31);
    }
}
