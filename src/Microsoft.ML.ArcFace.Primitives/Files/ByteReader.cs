using System.Buffers.Binary;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>Reads a part of a source from front to back through a small buffer.</summary>
internal sealed class ByteReader(ByteSource source, long position, long end)
{
    private const int BufferSize = 1 << 14;

    private readonly byte[] _buffer = new byte[BufferSize];
    private long _bufferStart;
    private int _bufferLength;

    public ByteSource Source => source;

    public long Position { get; private set; } = position;

    public long Remaining => end - Position;

    /// <exception cref="EndOfStreamException">The part ends before.</exception>
    public byte ReadByte() => Take(sizeof(byte))[0];

    /// <inheritdoc cref="ReadByte"/>
    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    /// <inheritdoc cref="ReadByte"/>
    public int ReadInt32() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

    /// <inheritdoc cref="ReadByte"/>
    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    /// <inheritdoc cref="ReadByte"/>
    public long ReadInt64() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)));

    /// <inheritdoc cref="ReadByte"/>
    public double ReadBigEndianDouble() => BinaryPrimitives.ReadDoubleBigEndian(Take(sizeof(double)));

    /// <summary>The next bytes, at most 256; valid until the next call.</summary>
    /// <exception cref="EndOfStreamException">The part ends before.</exception>
    public ReadOnlySpan<byte> Take(int count)
    {
        Require(count);
        long offset = Position - _bufferStart;
        if (offset < 0 || offset + count > _bufferLength)
        {
            (_bufferStart, _bufferLength) = (Position, (int)Math.Min(BufferSize, Remaining));
            source.Read(_bufferStart, _buffer.AsSpan(0, _bufferLength));
            offset = 0;
        }

        Position += count;
        return _buffer.AsSpan((int)offset, count);
    }

    /// <summary>Goes back by the byte that was read last.</summary>
    public void Back() => Position--;

    /// <summary>Passes over bytes without reading them.</summary>
    /// <exception cref="EndOfStreamException">The part ends before.</exception>
    public void Skip(long count)
    {
        Require(count);
        Position += count;
    }

    private void Require(long count)
    {
        if (count < 0 || count > Remaining)
        {
            throw new EndOfStreamException($"{count} bytes are due at position {Position}, but {Remaining} are left.");
        }
    }
}
