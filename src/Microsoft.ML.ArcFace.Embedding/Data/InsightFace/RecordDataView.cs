using System.Globalization;
using System.Text;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Views;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Data.InsightFace;

/// <summary>
/// The images of a RecordIO set as rows: ImageBytes (the encoded image), Label (a key), Labels (all numbers of a record)
/// and RecordKey. Records are read when a row is.
/// </summary>
internal sealed class RecordDataView : IndexedDataView
{
    private const int LabelColumn = 1, LabelsColumn = 2, KeyColumn = 3;
    private const string KeyColumnName = "RecordKey";

    /// <summary>Whole numbers that float32 tells apart.</summary>
    private const int MostClasses = 1 << 24;

    private const int RecordsBetweenReports = 1_000_000;

    private readonly RecordFile _records;
    private readonly RecordIndex _index;
    private readonly int _first;
    private readonly int _classes;

    /// <summary>The class that stands for each, where people have two names that differ in their Unicode form alone; null: each for itself.</summary>
    private readonly int[]? _classOf;

    private RecordDataView(RecordFile records, RecordIndex index, int first, int count, int classes, string[]? names, int[]? classOf, string imageColumnName)
        : base(CreateSchema(imageColumnName, classes, names, records.Name), count)
    {
        _records = records;
        _index = index;
        _first = first;
        _classes = classes;
        _classOf = classOf;
    }

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FaceDataFormatException">The file, its .idx or its property is damaged.</exception>
    public static IDataView Load(IHostEnvironment environment, string path, string imageColumnName, Encoding? encoding)
    {
        MissingFile.ThrowIfAbsent("The RecordIO file", path, "Give a .rec file; its .idx and its property are looked for beside it.");

        using IChannel channel = environment.Start(nameof(RecordDataView));
        string indexPath = Path.ChangeExtension(path, ".idx"), propertyPath = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, RecordSetWriter.PropertyName);
        using ByteSource? index = File.Exists(indexPath) ? ByteSource.Open(indexPath) : null;
        string namesPath = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, RecordSetWriter.IdentitiesName);
        using DecodedText? names = File.Exists(namesPath) ? DecodedText.Open(namesPath, encoding) : null;
        using DecodedText? property = File.Exists(propertyPath) ? DecodedText.Open(propertyPath, encoding) : null;
        ByteSource source = ByteSource.Open(path);
        try
        {
            if (FileUse.Records.Mismatch(FileNature.Of(source)) is { } mismatch)
            {
                throw new FaceDataFormatException($"'{path}' cannot be read as a RecordIO file. {mismatch}");
            }

            return Load(channel, source, path, index, property, names, imageColumnName);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>The same from any sources.</summary>
    public static RecordDataView Load(IChannel channel, ByteSource source, string name, ByteSource? indexSource, TextReader? property, TextReader? names, string imageColumnName)
    {
        var records = new RecordFile(source, name);
        RecordIndex index = indexSource is null
            ? RecordIndex.FromRecords(records, channel)
            : RecordIndex.FromFile(indexSource, Path.ChangeExtension(name, ".idx"), source.Length);
        if (index.Count == 0)
        {
            throw new FaceDataFormatException($"'{name}' holds no records.");
        }

        index.CheckAgainst(records, channel);

        (int first, int count, int? identities) = FindImages(records, index, channel);

        // Without a header it is a set of im2rec, and what lies beside it is not its own.
        bool hasHeader = first > 0;
        int? stated = hasHeader ? Classes(property, name) : null;
        if (stated is not null && identities is not null && stated != identities)
        {
            channel.Warning($"The file property beside '{name}' says that there are {stated} people, but the first record describes {identities}, and so many are reckoned with. Correct property, or put back the one that belongs to this set.");
        }

        int classes = identities ?? stated ?? ScanClasses(records, index, first, count, channel);
        channel.Info($"'{name}': {count} images of {classes} people in {index.Count} records.");
        string[]? people = hasHeader && names is not null ? Names(names, classes, name) : null;
        int[]? classOf = people is null ? null : ClassesByName(people, name, channel);
        return new RecordDataView(records, index, first, count, classes, people?.Select(UnicodeNames.Compose).ToArray(), classOf, imageColumnName);
    }

    protected override IIndexedRow Open(bool[] active) => new Row(this, active[0]);

    /// <summary>
    /// InsightFace's record 0 has no image and two labels, first and end: images are the keys 1 to first − 1, and keys
    /// first to end − 1 describe people. Without it every record is an image.
    /// </summary>
    private static (int First, int Count, int? Identities) FindImages(RecordFile records, RecordIndex index, IChannel channel)
    {
        if (index.KeyAt(0) != 0 || !IsSetHeader(records, index.OffsetAt(0), out float first, out float end))
        {
            // Taken for images, the records of people would be people of their own.
            return !index.Offsets.Contains(0) && IsSetHeader(records, 0, out _, out _)
                ? throw new FaceDataFormatException(
                    $"The .idx beside '{records.Name}' lacks the record at byte 0, which says what are images and what are people. Make the .idx anew, or delete it: the .rec file is then read through.")
                : (0, index.Count, null);
        }

        bool isWhole = first == MathF.Floor(first) && end == MathF.Floor(end);
        if (!isWhole || !(first >= 1 && end >= first && end <= int.MaxValue / 2))
        {
            throw records.Damaged(index.OffsetAt(0), string.Create(CultureInfo.InvariantCulture, $"the first record says that images end before key {first} and people before key {end}"));
        }

        // Keys are ascending and each once: key first − 1 stands at place first − 1 if none is missing.
        int count = (int)first - 1;
        if (count > index.Count - 1 || (count > 0 && index.KeyAt(count) != count))
        {
            throw records.Damaged(index.OffsetAt(0), $"the first record promises the keys 1 to {count}, but the index has {index.Count} keys with some of them missing");
        }

        if (index.Count < (int)end)
        {
            channel.Warning($"The first record of '{records.Name}' promises the keys 1 to {(int)end - 1}, but there are {index.Count - 1}. The images are all there; the set was cut, or the .idx is of another file.");
        }

        return (1, count, (int)end > (int)first ? (int)end - (int)first : null);
    }

    private static bool IsSetHeader(RecordFile records, long offset, out float first, out float end)
    {
        Span<byte> start = stackalloc byte[RecordHeader.Size + (2 * sizeof(float)) + 1];
        (first, end) = (0, 0);
        if (records.ReadStart(offset, start) != start.Length - 1 || RecordHeader.Read(start) is not { Flag: 2 } header)
        {
            return false;
        }

        float[] labels = header.Labels(start);
        (first, end) = (labels[0], labels[1]);
        return true;
    }

    /// <summary>The file <c>property</c>: classes, height, width.</summary>
    private static int? Classes(TextReader? property, string name)
    {
        if (property is null)
        {
            return null;
        }

        string line = new TextLines(property, (line, what) => Improper($"has a line {line} that {what}")).Next() ?? "";
        return int.TryParse(line.Split(',', 2)[0], NumberStyles.None, CultureInfo.InvariantCulture, out int classes) && classes is >= 1 and <= MostClasses
            ? classes
            : throw Improper($"begins with '{line[..Math.Min(40, line.Length)]}'");

        FaceDataFormatException Improper(string what) =>
            new($"The file property beside '{name}' {what}; it must begin with the number of people, 1 to {MostClasses}, as in '85742,112,112'.");
    }

    /// <summary>The people's names, if there is one for each; no more lines are read than there are people.</summary>
    private static string[]? Names(TextReader reader, int classes, string name)
    {
        var lines = new TextLines(reader, (line, what) => new FaceDataFormatException($"Line {line} of {RecordSetWriter.IdentitiesName} beside '{name}', which must be a person's name, {what}."));
        var names = new List<string>();
        while (lines.Next() is { } line)
        {
            if (names.Count == classes)
            {
                return null;
            }

            names.Add(line);
        }

        return names.Count == classes ? [.. names] : null;
    }

    private static int[]? ClassesByName(string[] names, string name, IChannel channel)
    {
        int[] classOf = [.. Enumerable.Range(0, names.Length)];
        int joined = 0;
        foreach (IGrouping<string, int> person in classOf.GroupBy(index => UnicodeNames.Compose(names[index]), StringComparer.Ordinal).Where(person => person.Select(index => names[index]).Distinct(StringComparer.Ordinal).Count() > 1).ToArray())
        {
            joined++;
            foreach (int index in person)
            {
                classOf[index] = person.First();
            }
        }

        if (joined > 0)
        {
            channel.Warning($"{RecordSetWriter.IdentitiesName} beside '{name}': {joined} people have two names that differ in their Unicode form alone (é is one character, or e and an accent); each is taken for one person.");
        }

        return joined > 0 ? classOf : null;
    }

    private static int ScanClasses(RecordFile records, RecordIndex index, int first, int count, IChannel channel)
    {
        int classes = 0;
        byte[] start = new byte[RecordHeader.Size + sizeof(float)];
        for (int row = first; row < first + count; row++)
        {
            int length = records.ReadStart(index.OffsetAt(row), start);
            classes = Math.Max(classes, 1 + ClassOf(records, index.OffsetAt(row), start.AsSpan(0, length), MostClasses));
            if ((row - first + 1) % RecordsBetweenReports == 0)
            {
                channel.Info($"'{records.Name}' does not say how many people it shows: the labels of {row - first + 1} of {count} images were read, {classes} people so far.");
            }
        }

        return classes;
    }

    private static int ClassOf(RecordFile records, long offset, ReadOnlySpan<byte> start, int classes)
    {
        float label = Header(records, offset, start, start.Length >= RecordHeader.Size + sizeof(float)).PersonLabel(start);
        return label >= 0 && label < classes && label == MathF.Floor(label)
            ? (int)label
            : throw records.Damaged(offset, string.Create(CultureInfo.InvariantCulture, $"the label is {label}; it must be a whole number from 0 to {classes - 1}, as the number of people in property or in the first record has it"));
    }

    private static RecordHeader Header(RecordFile records, long offset, ReadOnlySpan<byte> start, bool hasLabel)
    {
        if (start.Length < RecordHeader.Size)
        {
            throw records.Damaged(offset, $"the record has {start.Length} bytes; its header takes {RecordHeader.Size}");
        }

        RecordHeader header = RecordHeader.Read(start);
        return header.Flag == 0 || (hasLabel && header.Flag <= RecordHeader.MostLabels)
            ? header
            : throw records.Damaged(offset, $"the record promises {header.Flag} labels, which it does not have (at most {RecordHeader.MostLabels} are allowed)");
    }

    private static DataViewSchema CreateSchema(string imageColumnName, int classes, string[]? names, string file)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn(imageColumnName, new VectorDataViewType(NumberDataViewType.Byte), ImageOrigin.Annotate(file, KeyColumnName));
        var annotations = new DataViewSchema.Annotations.Builder();
        if (names is not null)
        {
            annotations.AddKeyValues(classes, TextDataViewType.Instance, (ref VBuffer<ReadOnlyMemory<char>> value) =>
                value = new VBuffer<ReadOnlyMemory<char>>(names.Length, [.. names.Select(name => name.AsMemory())]));
        }

        builder.AddColumn("Label", new KeyDataViewType(typeof(uint), classes), annotations.ToAnnotations());
        builder.AddColumn("Labels", new VectorDataViewType(NumberDataViewType.Single));
        builder.AddColumn(KeyColumnName, NumberDataViewType.UInt32);
        return builder.ToSchema();
    }

    /// <summary>Reads the record once a row: as a whole if images are asked for, otherwise its start.</summary>
    private sealed class Row(RecordDataView view, bool readsImages) : IIndexedRow
    {
        private byte[] _bytes = [];
        private int _index;
        private bool _isRead;

        private long Offset => view._index.OffsetAt(_index);

        public void MoveTo(int row) => (_index, _isRead) = (view._first + row, false);

        public Delegate CreateGetter(int column) => column switch
        {
            LabelColumn => (ValueGetter<uint>)((ref uint value) =>
            {
                int number = ClassOf(view._records, Offset, Record(), view._classes);
                value = (uint)(view._classOf?[number] ?? number) + 1;
            }),
            LabelsColumn => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
            {
                (RecordHeader header, byte[] bytes) = HeaderWithLabels();
                float[] labels = header.Labels(bytes);
                VBufferEditor<float> editor = VBufferEditor.Create(ref value, labels.Length);
                labels.CopyTo(editor.Values);
                value = editor.Commit();
            }),
            KeyColumn => (ValueGetter<uint>)((ref uint value) => value = view._index.KeyAt(_index)),
            _ => (ValueGetter<VBuffer<byte>>)((ref VBuffer<byte> value) =>
            {
                (RecordHeader header, byte[] bytes) = HeaderWithLabels();
                ReadOnlySpan<byte> image = bytes.AsSpan(header.SizeWithLabels);
                VBufferEditor<byte> editor = VBufferEditor.Create(ref value, image.Length);
                image.CopyTo(editor.Values);
                value = editor.Commit();
            }),
        };

        private (RecordHeader Header, byte[] Bytes) HeaderWithLabels()
        {
            byte[] bytes = Record();
            RecordHeader header = Header(view._records, Offset, bytes, hasLabel: true);
            if (header.SizeWithLabels > bytes.Length && !readsImages)
            {
                bytes = _bytes = view._records.Read(Offset);
            }

            return header.SizeWithLabels <= bytes.Length
                ? (header, bytes)
                : throw view._records.Damaged(Offset, $"the record promises {header.Flag} labels, but has {bytes.Length} bytes");
        }

        private byte[] Record()
        {
            if (!_isRead)
            {
                if (readsImages)
                {
                    _bytes = view._records.Read(Offset);
                }
                else
                {
                    byte[] start = new byte[RecordHeader.Size + sizeof(float)];
                    _bytes = start[..view._records.ReadStart(Offset, start)];
                }

                _isRead = true;
            }

            return _bytes;
        }
    }
}
