using Microsoft.ML.ArcFace.Data.InsightFace;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>.bin of verification pairs: a pickle with nothing around it.</summary>
internal sealed class VerificationTarget() : FuzzTarget("bin")
{
    // What the values of a pickle may take: 16 MiB by their rough sizes, and as much again for what collections leave behind when they grow.
    public override long FixedAllowance => 40 << 20;

    public override IReadOnlyList<byte[]> Seeds { get; } = [Pairs(2, Plain), Pairs(3, Plain), Pairs(2, Latin1), Pairs(4, NumPy), Pairs(5, FromBuffer), Pairs(4, Plain, Latin1, NumPy, FromBuffer)];

    public override IReadOnlyList<byte[]> Tokens => PickleTokens.All;

    public override IEnumerable<(string What, byte[] File)> Attacks =>
    [
        .. PickleTokens.Attacks,
        ("a million pairs of one image", PickleWriter.Start(4).Op('C').Raw(1, 7).Raw(0x94).Op(']').Repeat(20, list => list.Op('(').Repeat(50_000, p => p.Op('h').Raw(0)).Op('e'))
            .Op(']').Repeat(10, list => list.Op('(').Repeat(50_000, p => p.Raw(0x88)).Op('e')).Raw(0x86).Raw((byte)'q', 1).Op('(').Op('h').Raw(1).Raw(0x85).Stop()),
        ("half a million pairs of one image", PickleWriter.Start(4).Op(']').Op('(').Op('C').Raw(1, 7).Raw(0x94).Op('e').Repeat(10, list => list.Op('(').Repeat(50_000, p => p.Op('h').Raw(0)).Op('e'))
            .Op('(').Op('h').Raw(0).Op('e').Op(']').Repeat(5, list => list.Op('(').Repeat(50_000, p => p.Raw(0x88)).Op('e')).Op('(').Raw(0x88).Op('e').Raw(0x86).Stop()),
    ];

    public override bool IsRefusal(Exception exception) => exception is FaceDataFormatException;

    public override void Read(byte[] file, AllocationMeter meter)
    {
        var opened = new VerificationFile(new CountedSource(file), "x.bin");
        var view = new VerificationDataView(opened, "ImageBytes", folds: Math.Min(10, opened.IsSamePerson.Length));
        Require(opened.ImageCount == 2 * opened.IsSamePerson.Length && view.Pairs.Count == opened.IsSamePerson.Length, "images and pairs differ");
        Require(view.GetRowCount() == opened.ImageCount, "rows and images differ");
        meter.Next();
        for (int image = 0; image < Math.Min(opened.ImageCount, 100); image++, meter.Next())
        {
            Require(opened.Image(image).Length <= file.Length, "an image longer than its file");
        }
    }

    private static byte[] Pairs(byte protocol, params Action<PickleWriter, byte[]>[] kinds)
    {
        PickleWriter pickle = PickleWriter.Start(protocol).Op(']').Op('(');
        for (byte i = 0; i < 4; i++)
        {
            kinds[i % kinds.Length](pickle, [0xff, 0xd8, i, 0x80]);
        }

        return pickle.Op('e').Op(']').Op('(').Bool(true).Bool(false).Op('e').Raw(0x86).Stop();
    }

    private static void Plain(PickleWriter pickle, byte[] image) => pickle.Op('B').UInt32((uint)image.Length).Raw(image);

    private static void Latin1(PickleWriter pickle, byte[] image) =>
        pickle.Global("_codecs", "encode").Text(string.Concat(image.Select(value => (char)value))).Text("latin1").Raw(0x86).Op('R');

    private static void NumPy(PickleWriter pickle, byte[] image)
    {
        pickle.Global("numpy.core.multiarray", "_reconstruct").Global("numpy", "ndarray").Numbers(0).Raw((byte)'C', 1, (byte)'b').Raw(0x87).Op('R')
            .Op('(').Long(1).Numbers(image.Length);
        Type(pickle).Bool(false);
        Plain(pickle, image);
        pickle.Op('t').Op('b');
    }

    private static void FromBuffer(PickleWriter pickle, byte[] image)
    {
        pickle.Global("numpy.core.numeric", "_frombuffer").Op('(');
        Plain(pickle, image);
        Type(pickle).Numbers(image.Length).Text("C").Op('t').Op('R');
    }

    private static PickleWriter Type(PickleWriter pickle) => pickle.Global("numpy", "dtype").Text("u1").Bool(false).Bool(true).Raw(0x87).Op('R')
        .Op('(').Long(3).Text("|").Op('N').Op('N').Op('N').Long(-1).Long(-1).Long(0).Op('t').Op('b');
}
