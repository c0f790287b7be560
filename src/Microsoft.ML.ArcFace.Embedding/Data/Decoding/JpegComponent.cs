using System.Numerics;

namespace Microsoft.ML.ArcFace.Data.Decoding;

/// <summary>One component of a JPEG, and which of its coefficients are there so far.</summary>
internal sealed class JpegComponent(byte id, int horizontal, int vertical)
{
    private readonly sbyte[] _lowestBit = [.. Enumerable.Repeat((sbyte)-1, 64)];

    public byte Id => id;

    /// <summary>Blocks beside each other in a unit that interleaves components.</summary>
    public int Horizontal => horizontal;

    /// <summary>Blocks above each other in a unit that interleaves components.</summary>
    public int Vertical => vertical;

    /// <summary>Blocks that hold pixels: those of a scan of this component alone.</summary>
    public int BlocksPerRow { get; private set; }

    public int BlockRows { get; private set; }

    /// <summary>Blocks from one row to the next, with those that only fill up a unit.</summary>
    public int Stride { get; private set; }

    /// <summary>A bit for each coefficient of each block that is not zero so far, of a progressive JPEG.</summary>
    public ulong[] NonZero { get; private set; } = [];

    /// <summary>Tells whether each bit of each coefficient has been sent.</summary>
    public bool IsComplete => Array.TrueForAll(_lowestBit, bit => bit == 0);

    /// <summary>Sets how many blocks there are; <paramref name="unitsPerRow"/> and <paramref name="unitRows"/> count interleaved units.</summary>
    public void SetSize(int blocksPerRow, int blockRows, int unitsPerRow, int unitRows, bool isProgressive)
    {
        (BlocksPerRow, BlockRows, Stride) = (blocksPerRow, blockRows, unitsPerRow * horizontal);
        NonZero = isProgressive ? new ulong[(long)Stride * unitRows * vertical] : [];
    }

    /// <summary>Notes what a scan has brought.</summary>
    public void Note(int first, int last, int lowestBit) => Array.Fill(_lowestBit, (sbyte)lowestBit, first, last - first + 1);

    /// <summary>Counts the coefficients of a block from <paramref name="first"/> to <paramref name="last"/> that are not zero so far.</summary>
    public int CountNonZero(int block, int first, int last) =>
        BitOperations.PopCount(NonZero[block] & (ulong.MaxValue << first) & (ulong.MaxValue >> (63 - last)));
}
