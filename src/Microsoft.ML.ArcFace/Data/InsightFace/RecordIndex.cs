using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Data.InsightFace;

/// <summary>
/// Where each record starts, by its key: 12 bytes a record. From the .idx file (lines of key, tab, offset) or, without
/// one, from a pass over the prefixes of the .rec file, which numbers the records.
/// </summary>
internal sealed class RecordIndex
{
    private const int RecordsBetweenReports = 1_000_000;

    /// <summary>Prefix and header.</summary>
    private const int SmallestRecord = 2 * sizeof(uint) + RecordHeader.Size;

    private readonly uint[] _keys;
    private readonly long[] _offsets;

    private RecordIndex(uint[] keys, long[] offsets)
    {
        _keys = keys;
        _offsets = offsets;
    }

    public int Count => _keys.Length;

    /// <summary>The key of a record, in ascending order.</summary>
    public uint KeyAt(int index) => _keys[index];

    public long OffsetAt(int index) => _offsets[index];

    /// <summary>The place of a key in this index; below 0 if there is none.</summary>
    public int Find(uint key) => key < _keys.Length && _keys[key] == key ? (int)key : Array.BinarySearch(_keys, key);

    /// <exception cref="FaceDataFormatException">A line is no key and offset, or a key is there twice.</exception>
    public static RecordIndex FromFile(ByteSource source, string name, long recordFileLength)
    {
        var keys = new List<uint>();
        var offsets = new List<long>();
        var reader = new ByteReader(source, 0, source.Length);
        bool isSorted = true;
        while (SkipLineEnds(reader))
        {
            ulong key = Number(reader, name, keys.Count + 1, '\t'), offset = Number(reader, name, keys.Count + 1, '\n');
            if (key > uint.MaxValue || offset >= (ulong)recordFileLength)
            {
                throw new FaceDataFormatException($"Line {keys.Count + 1} of '{name}' has key {key} and offset {offset}; the .rec file has {recordFileLength} bytes. Make the .idx anew, or delete it: the .rec file is then read through.");
            }

            // Short lines would make an index far greater than its file.
            if (keys.Count >= recordFileLength / SmallestRecord)
            {
                throw new FaceDataFormatException($"'{name}' has more lines than a .rec file of {recordFileLength} bytes has records. Make the .idx anew, or delete it: the .rec file is then read through.");
            }

            isSorted &= keys.Count == 0 || keys[^1] < key;
            keys.Add((uint)key);
            offsets.Add((long)offset);
        }

        uint[] keyArray = [.. keys];
        long[] offsetArray = [.. offsets];
        if (!isSorted)
        {
            Array.Sort(keyArray, offsetArray);
            for (int i = 1; i < keyArray.Length; i++)
            {
                if (keyArray[i] == keyArray[i - 1])
                {
                    throw new FaceDataFormatException($"'{name}' has the key {keyArray[i]} twice. Make it anew, or delete it: the .rec file is then read through.");
                }
            }
        }

        return new RecordIndex(keyArray, offsetArray);
    }

    /// <exception cref="FaceDataFormatException">The file is damaged.</exception>
    public static RecordIndex FromRecords(RecordFile records, IChannel channel)
    {
        var offsets = new List<long>();
        for (long offset = 0; offset < records.Length; offset = records.Next(offset))
        {
            offsets.Add(offset);
            if (offsets.Count % RecordsBetweenReports == 0)
            {
                channel.Info($"'{records.Name}' has no .idx: {offsets.Count} records found in {100.0 * offset / records.Length:0} % of the file.");
            }
        }

        return new RecordIndex([.. Enumerable.Range(0, offsets.Count).Select(key => (uint)key)], [.. offsets]);
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
