namespace Microsoft.ML.ArcFace.Files;

/// <summary>The checksum of zip entries (ISO 3309), over bytes that come in pieces.</summary>
internal struct Crc32()
{
    private const uint ReversedPolynomial = 0xEDB88320;

    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(value => Enumerable.Range(0, 8).Aggregate((uint)value, (crc, _) => Shift(crc)))];

    private uint _state = uint.MaxValue;

    /// <summary>The checksum of what was added so far.</summary>
    public readonly uint Value => ~_state;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        uint state = _state;
        foreach (byte value in bytes)
        {
            state = Table[(byte)(state ^ value)] ^ (state >> 8);
        }

        _state = state;
    }

    private static uint Shift(uint crc) => (crc & 1) == 1 ? (crc >> 1) ^ ReversedPolynomial : crc >> 1;
}
