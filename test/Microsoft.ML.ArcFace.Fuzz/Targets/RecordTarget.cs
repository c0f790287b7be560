using System.Text;
using Microsoft.ML.ArcFace.Data.InsightFace;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>
/// RecordIO: a .rec, and beside it an .idx, a property and identities.txt. A file here is all of them: lengths of the
/// first three (u32 each), then the four.
/// </summary>
internal sealed class RecordTarget(bool damagesIndex) : FuzzTarget(damagesIndex ? "idx" : "rec")
{
    private static readonly MLContext Ml = new(seed: 1);

    private readonly Parts[] _seeds = [Set(images: 5), Set(images: 40), Plain(images: 6, labels: 0), Plain(images: 4, labels: 9), Split()];

    public override IReadOnlyList<byte[]> Seeds => [.. _seeds.Select(seed => seed.Join()), .. _seeds.Select(seed => (seed with { Index = [] }).Join())];

    public override IReadOnlyList<byte[]> Tokens => damagesIndex
        ? Texts("\t", "\n", "\r\n", "0\t0\n", "4294967295\t", "18446744073709551616", "9223372036854775807", "-1", "2\t", " ")
        : [[0x0a, 0x23, 0xd7, 0xce], [0x0a, 0x23, 0xd7, 0xce, 0, 0, 0, 0x20], [0x0a, 0x23, 0xd7, 0xce, 0, 0, 0, 0x40], [0x0a, 0x23, 0xd7, 0xce, 4, 0, 0, 0x60], [2, 0, 0, 0], [0, 0, 0xc0, 0x7f], [0, 0, 0x80, 0x7f]];

    public override IEnumerable<(string What, byte[] File)> Attacks =>
    [
        ("an index of short lines", (_seeds[0] with { Index = [.. Enumerable.Repeat("0\t0\n"u8.ToArray(), 1 << 18).SelectMany(line => line)] }).Join()),
        ("an index of many keys", (_seeds[0] with { Index = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 100_000).Select(key => $"{key}\t0\n"))) }).Join()),
        ("a record of many empty parts", new Parts([.. Part(1, 0), .. Enumerable.Repeat(Part(2, 0), 1 << 17).SelectMany(part => part), .. Part(3, 0)], [], "", "").Join()),
        ("many empty records", new Parts([.. Enumerable.Repeat(Part(0, 0), 1 << 17).SelectMany(part => part)], [], "", "").Join()),
        ("names of one letter", (_seeds[0] with { Names = string.Concat(Enumerable.Repeat("a\n", 1 << 18)) }).Join()),
        ("a name of a megabyte", (_seeds[0] with { Names = new string('a', 1 << 20) }).Join()),
        ("a property of a megabyte", (_seeds[0] with { Property = new string('1', 1 << 20) }).Join()),
        ("a property of 16 million people", (_seeds[0] with { Property = "16777216,112,112" }).Join()),
        ("a first record of two billion images", Header(2e9f, 2e9f)),
        ("a first record that is no number", Header(float.NaN, 4)),
    ];

    public override bool IsRefusal(Exception exception) => exception is FaceDataFormatException;

    public override byte[] Mutate(Random random)
    {
        Parts seed = _seeds[random.Next(_seeds.Length)], other = _seeds[random.Next(_seeds.Length)];
        byte[] Damaged(byte[] file, byte[] another) => FileMutator.Mutate(random, file, another, Tokens);
        if (damagesIndex)
        {
            return random.Next(5) switch
            {
                0 => seed with { Property = Encoding.UTF8.GetString(Damaged("3,112,112\n"u8.ToArray(), [])) },
                1 => seed with { Names = Encoding.UTF8.GetString(Damaged("Ada\nBob\nCy\n"u8.ToArray(), [])) },
                _ => seed with { Index = Damaged(seed.Index, other.Index) },
            } is var files ? files.Join() : [];
        }

        return (seed with { Records = Damaged(seed.Records, other.Records), Index = random.Next(2) == 0 ? [] : seed.Index, Property = random.Next(3) == 0 ? "" : seed.Property }).Join();
    }

    public override void Read(byte[] file, AllocationMeter meter)
    {
        Parts parts = Parts.Split(file);
        using IChannel channel = ((IHostEnvironment)Ml).Start("Fuzz");
        RecordDataView view = RecordDataView.Load(
            channel, new CountedSource(parts.Records), "set.rec", parts.Index.Length == 0 ? null : new CountedSource(parts.Index),
            parts.Property.Length == 0 ? null : new StringReader(parts.Property), parts.Names.Length == 0 ? null : new StringReader(parts.Names), "ImageBytes");
        meter.Next();
        long rows = view.GetRowCount()!.Value;
        Require(rows <= parts.Records.Length / 8, $"{rows} rows");
        ulong people = ((KeyDataViewType)view.Schema["Label"].Type).Count;
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        ValueGetter<VBuffer<byte>> getImage = cursor.GetGetter<VBuffer<byte>>(view.Schema["ImageBytes"]);
        ValueGetter<VBuffer<float>> getLabels = cursor.GetGetter<VBuffer<float>>(view.Schema["Labels"]);
        ValueGetter<uint> getLabel = cursor.GetGetter<uint>(view.Schema["Label"]);
        VBuffer<byte> image = default;
        VBuffer<float> labels = default;
        uint label = 0;
        int found = 0;
        for (; cursor.MoveNext(); found++, meter.Next())
        {
            getImage(ref image);
            getLabels(ref labels);
            getLabel(ref label);
            Require(image.Length + (labels.Length * sizeof(float)) <= parts.Records.Length + sizeof(float), "a record longer than its file");
            Require(label >= 1 && label <= people, $"label {label} of {people}");
        }

        Require(found == rows, $"{found} of {rows} rows");
    }

    private static byte[] Part(uint kind, uint length) => [.. BitConverter.GetBytes(0xced7230au), .. BitConverter.GetBytes((kind << 29) | length)];

    private static byte[] Header(float first, float end) => Write(writer => writer.Write(0, [first, end], 0, [])).Join();

    /// <summary>As InsightFace has it: a header, images of three people in turn, and a record for each person.</summary>
    private static Parts Set(int images) => Write(writer =>
    {
        writer.Write(0, [images + 1, images + 4], 0, []);
        for (int key = 1; key <= images; key++)
        {
            writer.Write(key, [], key % 3, [(byte)key, 1, 2]);
        }

        for (int person = 0; person < 3; person++)
        {
            writer.Write(images + 1 + person, [1, 2], person, []);
        }
    }) with { Property = "3,112,112\n", Names = "Ada\nBob\nCy\n" };

    /// <summary>As im2rec writes it.</summary>
    private static Parts Plain(int images, int labels) => Write(writer =>
    {
        for (int key = 0; key < images; key++)
        {
            writer.Write(key, [.. Enumerable.Repeat(key % 3f, labels)], key % 3, [9, 8, 7, 6, (byte)key]);
        }
    });

    /// <summary>Records that hold the magic, and so are split in parts.</summary>
    private static Parts Split() => Write(writer =>
    {
        byte[] magic = BitConverter.GetBytes(0xced7230au);
        writer.Write(0, [], 0, [1, 2, 3, 4, .. magic, 5, 6, 7, 8]);
        writer.Write(1, [1, 2], 1, [.. magic, .. magic, 1]);
    });

    private static Parts Write(Action<RecordWriter> write)
    {
        using MemoryStream records = new(), index = new();
        write(new RecordWriter(records, index));
        return new Parts(records.ToArray(), index.ToArray(), "", "");
    }

    private sealed record Parts(byte[] Records, byte[] Index, string Property, string Names)
    {
        public byte[] Join()
        {
            byte[] property = Encoding.UTF8.GetBytes(Property), names = Encoding.UTF8.GetBytes(Names);
            return [.. BitConverter.GetBytes(Records.Length), .. BitConverter.GetBytes(Index.Length), .. BitConverter.GetBytes(property.Length), .. Records, .. Index, .. property, .. names];
        }

        public static Parts Split(byte[] file)
        {
            int records = BitConverter.ToInt32(file), index = BitConverter.ToInt32(file, 4), property = BitConverter.ToInt32(file, 8), at = 12;
            return new Parts(file[at..(at += records)], file[at..(at += index)], Encoding.UTF8.GetString(file[at..(at += property)]), Encoding.UTF8.GetString(file[at..]));
        }
    }
}
