using System.Buffers.Binary;

namespace Microsoft.ML.ArcFace.Data.Decoding;

/// <summary>Goes through the marker segments of a JPEG. Behind a start of scan its coded data have to be passed over by <see cref="Position"/>.</summary>
internal ref struct JpegSegments(ReadOnlySpan<byte> file)
{
    public const byte App1 = 0xE1;
    public const byte StartOfScan = 0xDA;
    public const byte EndOfImage = 0xD9;

    private readonly ReadOnlySpan<byte> _file = file;

    /// <summary>The whole marker that a JPEG ends with.</summary>
    public static ReadOnlySpan<byte> End => [0xFF, EndOfImage];

    /// <summary>The second byte of the marker.</summary>
    public byte Marker { get; private set; }

    /// <summary>The segment without marker and length.</summary>
    public ReadOnlySpan<byte> Content { get; private set; }

    /// <summary>The place from which the next marker is looked for; at first behind the start of the image.</summary>
    public int Position { get; set; } = 2;

    /// <summary>Goes to the next segment; false where the file ends before it or within it.</summary>
    public bool MoveNext()
    {
        Content = default;
        while (Position + 1 < _file.Length)
        {
            // Bytes between segments are passed over, as libjpeg does; several 0xFF before a marker are allowed.
            if (_file[Position] != 0xFF || _file[Position + 1] is 0 or 0xFF)
            {
                Position++;
                continue;
            }

            Marker = _file[Position + 1];
            Position += 2;
            if (Marker == EndOfImage)
            {
                return true;
            }

            if (Marker is (>= 0xD0 and <= 0xD8) or 1)
            {
                continue;
            }

            int length = Position + 1 < _file.Length ? BinaryPrimitives.ReadUInt16BigEndian(_file[Position..]) : 0;
            if (length < 2 || Position + length > _file.Length)
            {
                return false;
            }

            Content = _file.Slice(Position + 2, length - 2);
            Position += length;
            return true;
        }

        return false;
    }
}
