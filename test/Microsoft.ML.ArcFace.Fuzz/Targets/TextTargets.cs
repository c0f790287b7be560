using System.Text;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Data.Lists;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>Lists: lines of text.</summary>
internal abstract class TextTarget(string name, string[] seeds, string[] tokens) : FuzzTarget(name)
{
    /// <summary>What a line becomes: at most this many bytes for each, garbage included, beside four a byte of the file.</summary>
    private const int BytesPerLine = 1500;

    public override IReadOnlyList<byte[]> Seeds { get; } = Texts(seeds);

    public override IReadOnlyList<byte[]> Tokens { get; } = Texts([.. tokens, "\n", "\r\n", "\t", " ", "\0", "\ufeff", "é", "\ud83d\ude00", "-1", "2147483648", "99999999999999999999", "NaN", "1e400"]);

    public override IEnumerable<(string What, byte[] File)> Attacks =>
    [
        ("a line of four megabytes", Encoding.UTF8.GetBytes(new string('x', 1 << 22))),
        ("a million empty lines", Encoding.UTF8.GetBytes(new string('\n', 1 << 20))),
        ("zeros", new byte[1 << 20]),
        ("bytes that are no text", [.. Enumerable.Repeat((byte)0xff, 1 << 20)]),
        ("UTF-16", Encoding.Unicode.GetPreamble()),
        .. seeds.Select(seed => ("separators alone", Encoding.UTF8.GetBytes(seed + new string('\t', 1 << 14) + "\n" + new string(',', 1 << 14) + "\n"))),
    ];

    public override bool IsRefusal(Exception exception) => exception is FaceDataFormatException;

    public override void Read(byte[] file, AllocationMeter meter)
    {
        meter.Allow((long)BytesPerLine * file.Count(value => value == '\n'));
        using var reader = new DecodedText(new MemoryStream(file), encoding: null);
        Read(reader);
    }

    protected abstract void Read(TextReader reader);
}

/// <summary>LFW's pairs.txt.</summary>
internal sealed class PairsTarget() : TextTarget(
    "pairs", ["2\t1\nAda_Byron\t1\t12\nAda_Byron\t3\tBob\t10000\nCy\t1\t2\nCy\t2\tBob\t4\n", "1\nAda\t1\t2\nAda\t1\tBob\t1\n"], ["10000\t10000000\n", "Ada\t", "\t1\t2\n"])
{
    public override bool IsRefusal(Exception exception) => exception is PairsFileException;

    protected override void Read(TextReader reader)
    {
        IReadOnlyList<FacePair> pairs = PairsFile.Read(reader);
        Require(pairs.Count > 0 && pairs.Count % 2 == 0 && pairs.Count(pair => pair.IsSamePerson) == pairs.Count / 2, $"{pairs.Count} pairs");
        Require(pairs.All(pair => pair.First != pair.Second), "a picture compared with itself");
    }
}

/// <summary>Lists of paths and labels.</summary>
internal sealed class ListTarget(bool isCsv) : TextTarget(
    isCsv ? "csv" : "tsv",
    isCsv ? ["a/1.jpg;Ada\nb/1.jpg;Bob\n", "path,label\n\"a/1.jpg\",Ada\nb/2.jpg,\"B \"\"o\"\" b\"\n", "a/1.jpg,Ada\nb/1.jpg,Bob,0.9\n"] : ["1\ta/1.jpg\t0\n1\tb\\1.jpg\t1\n", "0\t0.000000\ta/1.jpg\n1\t1.000000\tb/1.jpg\n", "a/1.jpg\tAda\r\nb/1.jpg\tBob", "label\tpath\nAda\ta/1.jpg\n"],
    ["path", "label", "\"", "\"\"", ",", "../", "/etc/x", "\\"])
{
    protected override void Read(TextReader reader)
    {
        FaceFile[] files = FaceList.Read(reader, "list", new ListedPaths("root"), out _);
        Require(files.Length > 0 && files.All(file => file.ImagePath.Length > 0 && file.Label.Length > 0 && !file.ImagePath.Contains('\0')), "a row without path or label");
    }
}

/// <summary>IJB's list of pictures, their landmarks and subjects. A file here is the three with form feeds between them.</summary>
internal sealed class TemplateListTarget() : TextTarget(
    "templates",
    ["1.jpg 1 69544\n2.jpg 1 69544\n3.jpg 20 7\n\f1.jpg 1 2 3 4 5 6 7 8 9 10 0.5\n2.jpg 1.5 2 3 4 5 6 7 8 9 -10 0.25\n3.jpg 0 0 0 0 0 0 0 0 0 0 1\n\fT,S\n1,s1\n1,s1\n20,s2\n", "1.jpg 1 1\n\f\f"],
    ["\f", "1.jpg 1 69544\n", "1,s1\n", " 1e38 "])
{
    // The three files are cut from one text, before a reader of lines can say where it is not UTF-8.
    public override bool IsRefusal(Exception exception) => base.IsRefusal(exception) || exception is UndecodableTextException;

    protected override void Read(TextReader reader)
    {
        string[] parts = reader.ReadToEnd().Split('\f', 3);
        TextReader? Part(int index) => parts.Length > index && parts[index].Length > 0 ? new StringReader(parts[index]) : null;
        Dictionary<string, string>? subjects = Part(2) is { } third ? TemplateList.ReadSubjects(third, "subjects") : null;
        List<TemplateFile> files = TemplateList.Read(Part(0) ?? new StringReader(""), "list", Part(1), "points", subjects, new ListedPaths("root"));
        Require(files.Count > 0 && files.All(file => file.ImagePath.Length > 0 && file.TemplateId.Length > 0 && file.MediaId.Length > 0), "a row without path, template or medium");
        Require(files.All(file => Part(1) is null ? file.Landmarks.Length == 0 : file.Landmarks.Length == 10 && Array.TrueForAll(file.Landmarks, float.IsFinite) && file.Quality >= 0), "landmarks");
        Require(subjects is null || files.All(file => subjects[file.TemplateId] == file.Label), "a subject");
    }
}

/// <summary>IJB's pairs of templates.</summary>
internal sealed class TemplatePairsTarget() : TextTarget("template-pairs", ["1 2 1\n3 4 1\n1 3 0\n1 4 0\n", "10\t20\t1\n30,40,0\n1 2 0\n5 6 1\n"], [" 1\n", " 0\n", "1 2 1\n"])
{
    protected override void Read(TextReader reader)
    {
        TemplatePairs pairs = TemplatePairs.Read(reader, "pairs", folds: 2);
        Require(pairs.Count >= 4 && pairs.All(pair => pair.First != pair.Second && pair.Fold is 0 or 1), "a pair");
        Require(pairs.GroupBy(pair => (pair.IsSamePerson, pair.Fold)).Count() == 4, "a fold without one kind");
    }
}
