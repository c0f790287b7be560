using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Data.InsightFace;

/// <summary>
/// Where each record starts, by its key: 12 bytes a record from the .idx file (lines of key, tab, offset); 8 bytes from a
/// pass over the prefixes of the .rec file, which numbers the records. To make it takes no more than 16.
/// </summary>
internal sealed class RecordIndex
{
    private const int RecordsBetweenReports = 1_000_000;
    private const int ChunkSize = 1 << 13;

    /// <summary>Prefix and header.</summary>
    private const int SmallestRecord = 2 * sizeof(uint) + RecordHeader.Size;

    /// <summary>Null: the keys are 0, 1, 2, …</summary>
    private readonly uint[]? _keys;
    private readonly long[] _offsets;

    private RecordIndex(uint[]? keys, long[] offsets)
    {
        _keys = keys;
        _offsets = offsets;
    }

    public int Count => _offsets.Length;

    /// <summary>The key of a record, in ascending order.</summary>
    public uint KeyAt(int index) => _keys?[index] ?? (uint)index;

    public long OffsetAt(int index) => _offsets[index];

    /// <summary>The places where the records start.</summary>
    public ReadOnlySpan<long> Offsets => _offsets;

    /// <summary>Warns where the index, as it lies in a file, does not reach from the first to the last byte of its .rec file.</summary>
    /// <exception cref="FaceDataFormatException">The last offset is not that of a record.</exception>
    public void CheckAgainst(RecordFile records, IChannel channel)
    {
        if (_keys is null)
        {
            return;
        }

        long first = _offsets.Min(), end = records.Next(_offsets.Max());
        if (first > 0 || end < records.Length)
        {
            channel.Warning($"The .idx beside '{records.Name}' names {Count} records in the bytes {first} to {end}, but the file has {records.Length}; what lies before and behind is passed over. Make the .idx anew, or delete it: the .rec file is then read through.");
        }
    }

    /// <exception cref="FaceDataFormatException">A line is no key and offset, or a key is there twice.</exception>
    public static RecordIndex FromFile(ByteSource source, string name, long recordFileLength)
    {
        int count = CountLines(source, name);

        // Short lines would make an index far greater than its file.
        if (count > recordFileLength / SmallestRecord)
        {
            throw new FaceDataFormatException($"'{name}' has more lines than a .rec file of {recordFileLength} bytes has records. Make the .idx anew, or delete it: the .rec file is then read through.");
        }

        uint[] keys = new uint[count];
        long[] offsets = new long[count];
        var reader = new ByteReader(source, 0, source.Length);
        bool isSorted = true;
        for (int i = 0; SkipLineEnds(reader); i++)
        {
            ulong key = Number(reader, name, i + 1, '\t'), offset = Number(reader, name, i + 1, '\n');
            if (key > uint.MaxValue || offset >= (ulong)recordFileLength)
            {
                throw new FaceDataFormatException($"Line {i + 1} of '{name}' has key {key} and offset {offset}; the .rec file has {recordFileLength} bytes. Make the .idx anew, or delete it: the .rec file is then read through.");
            }

            isSorted &= i == 0 || keys[i - 1] < key;
            (keys[i], offsets[i]) = ((uint)key, (long)offset);
        }

        if (!isSorted)
        {
            Array.Sort(keys, offsets);
            for (int i = 1; i < count; i++)
            {
                if (keys[i] == keys[i - 1])
                {
                    throw new FaceDataFormatException($"'{name}' has the key {keys[i]} twice. Make it anew, or delete it: the .rec file is then read through.");
                }
            }
        }

        return new RecordIndex(keys, offsets);
    }

    /// <exception cref="FaceDataFormatException">The file is damaged.</exception>
    public static RecordIndex FromRecords(RecordFile records, IChannel channel)
    {
        // In chunks, for a list that grows holds its elements up to three times.
        var chunks = new List<long[]>();
        int count = 0;
        for (long offset = 0; offset < records.Length; offset = records.Next(offset))
        {
            if (count % ChunkSize == 0)
            {
                chunks.Add(new long[ChunkSize]);
            }

            chunks[^1][count++ % ChunkSize] = offset;
            if (count % RecordsBetweenReports == 0)
            {
                channel.Info(FormattableString.Invariant($"'{records.Name}' has no .idx: {count} records found in {100.0 * offset / records.Length:0} % of the file."));
            }
        }

        long[] offsets = new long[count];
        for (int start = 0; start < count; start += ChunkSize)
        {
            chunks[start / ChunkSize].AsSpan(0, Math.Min(ChunkSize, count - start)).CopyTo(offsets.AsSpan(start));
        }

        return new RecordIndex(keys: null, offsets);
    }

    /// <summary>Lines with something in them.</summary>
    private static int CountLines(ByteSource source, string name)
    {
        byte[] buffer = new byte[1 << 14];
        long count = 0;
        bool isWithinLine = false;
        for (long at = 0; at < source.Length; at += buffer.Length)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, source.Length - at));
            source.Read(at, part);
            foreach (byte character in part)
            {
                bool isLineEnd = character is (byte)'\n' or (byte)'\r';
                count += !isLineEnd && !isWithinLine ? 1 : 0;
                isWithinLine = !isLineEnd;
            }
        }

        return count <= Array.MaxLength
            ? (int)count
            : throw new FaceDataFormatException($"'{name}' has {count} lines; at most {Array.MaxLength} records can be read.");
    }

    private static bool SkipLineEnds(ByteReader reader)
    {
        while (reader.Remaining > 0)
        {
            if (reader.ReadByte() is not ((byte)'\n' or (byte)'\r'))
            {
                reader.Back();
                return true;
            }
        }

        return false;
    }

    /// <summary>Digits up to the delimiter; a line ends at the end of the file, too.</summary>
    private static ulong Number(ByteReader reader, string name, int line, char delimiter)
    {
        ulong number = 0;
        for (int digits = 0; ; digits++)
        {
            char character = reader.Remaining > 0 ? (char)reader.ReadByte() : '\n';
            if (digits > 0 && (character == delimiter || (delimiter == '\n' && character == '\r')))
            {
                return number;
            }

            if (!char.IsAsciiDigit(character) || digits >= 19)
            {
                throw new FaceDataFormatException($"Line {line} of '{name}' is not a key, a tab and an offset. Make the .idx anew, or delete it: the .rec file is then read through.");
            }

            number = (number * 10) + (ulong)(character - '0');
        }
    }
}
