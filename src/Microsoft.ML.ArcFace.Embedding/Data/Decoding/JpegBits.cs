using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.ArcFace.Data.Decoding;

/// <summary>
/// Reads the coded data of a JPEG up to the next marker bit by bit. Behind its end there are zeros without end, as in
/// libjpeg; <see cref="IsExhausted"/> says whether any of these were used.
/// </summary>
internal ref struct JpegBits(ReadOnlySpan<byte> file, int position)
{
    private readonly ReadOnlySpan<byte> _file = file;
    private ulong _buffer;
    private int _count;
    private int _added;

    /// <summary>The place where the next byte is read; the marker's once the data are used up.</summary>
    public int Position { get; private set; } = position;

    /// <summary>Tells whether more bits were read than there are.</summary>
    public readonly bool IsExhausted => _count < _added;

    /// <summary>Tells whether a code was met that its table does not have, or that goes beyond its block.</summary>
    public bool IsInvalid { get; private set; }

    /// <summary>Reads a code. Behind it at least sixteen bits can be read without a further look.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ReadSymbol(JpegHuffmanTable table)
    {
        if (_count < 32)
        {
            Fill();
        }

        int entry = table.Lookup[(int)(_buffer >> (_count - JpegHuffmanTable.LookupBits)) & ((1 << JpegHuffmanTable.LookupBits) - 1)];
        if (entry != 0)
        {
            _count -= entry >> 8;
            return entry & 0xFF;
        }

        return ReadLongSymbol(table);
    }

    /// <summary>Passes over bits, at most sixteen behind a code.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Skip(int bits) => _count -= bits;

    /// <summary>Reads up to sixteen bits.</summary>
    public int Read(int bits)
    {
        if (_count < 32)
        {
            Fill();
        }

        _count -= bits;
        return (int)(_buffer >> _count) & ((1 << bits) - 1);
    }

    /// <summary>Says that the codes mean something that cannot be.</summary>
    public void MarkInvalid() => IsInvalid = true;

    /// <summary>Passes over any number of bits.</summary>
    public void SkipMany(int bits)
    {
        for (; bits > 16; bits -= 16)
        {
            Read(16);
        }

        Read(bits);
    }

    /// <summary>
    /// Whether data are left before the next marker that nothing asked for: after bytes were lost the codes mean something
    /// else, and then may need fewer bytes than there are. A few bytes, or any number of equal ones, are padding.
    /// </summary>
    public bool HasSurplus()
    {
        const int padding = 4;
        int left = Math.Max(0, _count - _added) / 8, first = -1;
        bool isEqual = true;
        for (int i = left - 1; i >= 0; i--)
        {
            isEqual &= IsFirstAgain((int)(_buffer >> (_added + (8 * i))) & 0xFF, ref first);
        }

        for (int value = NextByte(); value >= 0 && (isEqual || left <= padding); value = NextByte(), left++)
        {
            isEqual &= IsFirstAgain(value, ref first);
        }

        return left > padding && !isEqual;

        static bool IsFirstAgain(int value, ref int first)
        {
            first = first < 0 ? value : first;
            return value == first;
        }
    }

    /// <summary>Drops what is left before the next marker, and passes over that if it is the restart that is due.</summary>
    public bool TryRestart(int number)
    {
        (_buffer, _count, _added) = (0, 0, 0);
        int at = NextMarker();
        if (at < 0 || _file[at] != 0xD0 + number)
        {
            return false;
        }

        Position = at + 1;
        return true;
    }

    /// <summary>Finds the byte behind the next marker's 0xFF; −1 if there is none.</summary>
    private readonly int NextMarker()
    {
        for (int at = Position; at + 1 < _file.Length; at++)
        {
            if (_file[at] == 0xFF && _file[at + 1] is not (0 or 0xFF))
            {
                return at + 1;
            }
        }

        return -1;
    }

    private int ReadLongSymbol(JpegHuffmanTable table)
    {
        if (table.TryFind((int)(_buffer >> (_count - JpegHuffmanTable.LongestCode)) & 0xFFFF, out int length, out byte symbol))
        {
            _count -= length;
            return symbol;
        }

        IsInvalid = true;
        return 0;
    }

    private void Fill()
    {
        if (Position + 4 <= _file.Length)
        {
            uint four = BinaryPrimitives.ReadUInt32BigEndian(_file[Position..]);
            bool hasMarkerByte = ((~four - 0x01010101) & four & 0x80808080) != 0;
            if (!hasMarkerByte)
            {
                _buffer = (_buffer << 32) | four;
                _count += 32;
                Position += 4;
                return;
            }
        }

        while (_count <= 48)
        {
            int value = NextByte();
            if (value < 0)
            {
                _added += 8;
                value = 0;
            }

            _buffer = (_buffer << 8) | (uint)value;
            _count += 8;
        }
    }

    /// <summary>Reads the next byte of data, −1 at a marker or at the end of the file.</summary>
    private int NextByte()
    {
        if (Position >= _file.Length)
        {
            return -1;
        }

        if (_file[Position] != 0xFF)
        {
            return _file[Position++];
        }

        int next = Position + 1;
        while (next < _file.Length && _file[next] == 0xFF)
        {
            next++;
        }

        if (next >= _file.Length || _file[next] != 0)
        {
            return -1;
        }

        Position = next + 1;
        return 0xFF;
    }
}
