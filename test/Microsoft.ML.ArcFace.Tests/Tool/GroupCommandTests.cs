using System.Text.Json;
using Microsoft.ML.ArcFace.Samples.Drawing;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>arcface group: what it writes, what it leaves alone, and what it refuses.</summary>
[TestClass]
public class GroupCommandTests
{
    private static TemporaryFolder s_folder = null!;
    private static string s_model = "", s_photographs = "", s_broken = "";

    private static string In(string name) => Path.Combine(s_folder.FullName, name);

    [ClassInitialize]
    public static void Prepare(TestContext _)
    {
        s_folder = new TemporaryFolder();
        s_model = In("faces.zip");
        s_photographs = In("photographs");

        // The same photograph in two folders under one name, and another one.
        byte[][] drawn = Draw();
        s_folder.Write("photographs/2024/face.jpg", drawn[0]);
        s_folder.Write("photographs/2025/face.jpg", drawn[0]);
        s_folder.Write("photographs/2025/other.jpg", drawn[1]);
        s_broken = s_folder.Write("broken/broken.jpg", "no photograph"u8.ToArray());
        var ml = new MLContext(seed: 1);
        IDataView photographs = ml.FaceRecognition().LoadFromFolder(s_photographs);
        using FaceEmbeddingTransformer embedding = Embedding.FaceEmbeddingTransformerTests.Create();
        ml.Model.Save(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(photographs).Append(embedding).WithThreshold(Thresholds.Of(0.9)), photographs.Schema, s_model);
    }

    [ClassCleanup]
    public static void Remove() => s_folder.Dispose();

    [TestMethod]
    public void Group_WithoutOutput_AnswersAndWritesNothing()
    {
        string[] before = Everything();
        JsonElement answer = ToolProgram.Answer(0, "group", "--model", s_model, s_photographs, s_broken, "--skip-unusable", "--cosine", "0.9999");
        string documented = Docs.CommandLineTests.Lines("docs/command-line.md").Single(line => line.StartsWith("| group |", StringComparison.Ordinal));
        Assert.AreEqual($"| group | {string.Join(", ", answer.EnumerateObject().Select(field => field.Name == "people" ? "people (each: name, faces (each: path, cosine, box))" : field.Name))} |", documented);
        Assert.AreEqual("person-0001: face.jpg face.jpg; person-0002: other.jpg", People(answer));
        Assert.AreEqual(1, answer.GetProperty("people")[0].GetProperty("faces")[0].GetProperty("cosine").GetDouble(), 1e-5);
        Assert.AreEqual(JsonValueKind.Null, answer.GetProperty("people")[1].GetProperty("faces")[0].GetProperty("cosine").ValueKind);
        Assert.AreEqual(s_broken, answer.GetProperty("unusable").EnumerateArray().Single().GetString());
        Assert.AreEqual((0, 0.9999), (answer.GetProperty("withoutFace").GetArrayLength(), answer.GetProperty("threshold").GetDouble()));
        CollectionAssert.AreEqual(before, Everything());

        ToolOutcome text = ToolProgram.Run("group", "--model", s_model, s_photographs, "--cosine", "0.9999");
        StringAssert.Contains(text.Output, "person-0001  2 faces  ");
        StringAssert.Contains(text.Output, "person-0002  alone    ");
        StringAssert.Contains(text.Output, "3 faces: 1 person on several photographs, 1 face alone; 0 photographs without a face. Two faces were joined at a cosine over 0.9999.");
        Assert.AreEqual((1, nameof(FaceImageException)), KindOf(ToolProgram.Run("group", "--model", s_model, s_photographs, s_broken, "--json")), "Without --skip-unusable.");
    }

    [TestMethod]
    public void Group_FilesThatAreLeftOut_AreToldInLinesOfTheirOwn()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a/face.jpg", Draw()[0]);
        folder.Write("a/.hidden.jpg", [1]);
        ToolOutcome outcome = ToolProgram.Run("group", "--model", s_model, folder.FullName, "--cosine", "0.9999");
        string[] told = outcome.Error.Split(Environment.NewLine);
        CollectionAssert.Contains(told, $"'{folder.FullName}': 1 file or folder is left out:", outcome.Error);
        Assert.IsTrue(told.Any(line => line.StartsWith("  1 hidden (a/.hidden.jpg): ", StringComparison.Ordinal)), outcome.Error);
        StringAssert.Contains(outcome.Output, "1 face: 0 people on several photographs, 1 face alone; 0 photographs without a face.");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Group_Output_IsATrainingSetAndLeavesPhotographsWhereTheyAre(bool links)
    {
        string output = In($"sorted-{links}");
        Directory.CreateDirectory(output);
        string[] options = links ? ["--links"] : [];
        JsonElement answer = ToolProgram.Answer(0, ["group", "--model", s_model, s_photographs, "--cosine", "0.9999", "--output", output, .. options]);
        Assert.AreEqual(output, answer.GetProperty("output").GetString());
        CollectionAssert.AreEqual(
            new[] { "person-0001/face-2.jpg", "person-0001/face.jpg", "person-0002/other.jpg" },
            Directory.EnumerateFiles(output, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(output, file).Replace('\\', '/')).Order(StringComparer.Ordinal).ToArray());
        Assert.HasCount(3, Directory.GetFiles(s_photographs, "*", SearchOption.AllDirectories));
        foreach (string copy in Directory.EnumerateFiles(output, "*", SearchOption.AllDirectories))
        {
            Assert.AreEqual(links, File.ResolveLinkTarget(copy, returnFinalTarget: false) is not null);
            CollectionAssert.AreEqual(File.ReadAllBytes(Path.Combine(s_photographs, "2025", Path.GetFileName(copy).Replace("-2", "", StringComparison.Ordinal))), File.ReadAllBytes(copy));
        }

        // What arcface train --data and evaluate take.
        IDataView people = new MLContext().FaceRecognition().LoadFromFolder(output);
        Assert.AreEqual(3, people.GetRowCount());

        // Nothing is overwritten, and no part stays behind.
        StringAssert.Contains(ToolProgram.Run("group", "--model", s_model, s_photographs, "--output", output).Error, "holds something already; nothing is overwritten");
        Assert.IsEmpty(Directory.GetFileSystemEntries(s_folder.FullName, "*.part"));
    }

    [TestMethod]
    public void Group_Least_LeavesOutPeopleWithFewerFaces()
    {
        string output = In("least");
        ToolProgram.Answer(0, "group", "--model", s_model, s_photographs, "--cosine", "0.9999", "--output", output, "--least", "2");
        CollectionAssert.AreEqual(new[] { "person-0001" }, Directory.GetDirectories(output).Select(Path.GetFileName).ToArray());
    }

    [TestMethod]
    public void Group_PlacesThatDoNotFit_AreRefusedBeforeWork()
    {
        string[] group = ["group", "--model", s_model, s_photographs];
        StringAssert.Contains(ToolProgram.Run([.. group, "--output", s_model]).Error, "is a file; nothing is overwritten");
        StringAssert.Contains(ToolProgram.Run([.. group, "--output", Path.Combine(s_photographs, "sorted")]).Error, "the next time the copies would be among them");
        Assert.IsFalse(Directory.Exists(Path.Combine(s_photographs, "sorted")));
        StringAssert.Contains(ToolProgram.Run([.. group, "--output", s_photographs]).Error, "holds something already");
        foreach ((string[] options, string message) in new (string[], string)[]
        {
            (["--links"], "--links says how --output is written"),
            (["--least", "2"], "--least says how --output is written"),
            (["--cosine", "0.5", "--false-share", "0.1"], "leave one of them out"),
            (["--false-share", "1"], "over 0, below 1"),
        })
        {
            ToolOutcome wrong = ToolProgram.Run([.. group, .. options]);
            Assert.AreEqual(2, wrong.ExitCode, message);
            StringAssert.Contains(wrong.Error, message);
        }
    }

    [TestMethod]
    public void Group_ThresholdOfTheModel_IsAskedForAndUsed()
    {
        VerificationThreshold threshold = Thresholds.Of(0.9);
        double usual = CosineOf("0.02"), strict = CosineOf("0.0001");
        Assert.AreEqual(ToolProgram.Answer(0, "group", "--model", s_model, s_photographs).GetProperty("threshold").GetDouble(), usual);
        Assert.IsTrue(threshold.FalseMatchRateAt(usual) * 3 <= 0.02 * 3 && usual > threshold.Cosine, $"{usual}: of three pairs.");
        Assert.IsLessThan(strict, usual);

        string bare = In("bare.zip");
        var ml = new MLContext(seed: 1);
        IDataView photographs = ml.FaceRecognition().LoadFromFolder(s_photographs);
        using FaceEmbeddingTransformer embedding = Embedding.FaceEmbeddingTransformerTests.Create();
        ml.Model.Save(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(photographs).Append(embedding), photographs.Schema, bare);
        StringAssert.Contains(ToolProgram.Run("group", "--model", bare, s_photographs).Error, "has no threshold to answer by");

        static double CosineOf(string share) => ToolProgram.Answer(0, "group", "--model", s_model, s_photographs, "--false-share", share).GetProperty("threshold").GetDouble();
    }

    [TestMethod]
    [RequiresYuNet]
    [RequiresFaceData("lfw_raw")]
    public void Group_PhotographWithoutAFace_IsListed()
    {
        using var folder = new TemporaryFolder();
        string model = Path.Combine(folder.FullName, "faces.zip"), blank = folder.Write("blank.png", EncodedImages.Gradient(250, 250, SKEncodedImageFormat.Png));
        string face = Directory.EnumerateFiles(TestData.PathOf("lfw_raw"), "*.jpg").Order(StringComparer.Ordinal).First();
        ToolProgram.Answer(0, "import", "--weights", folder.Write("recognizer.onnx", SmallRecognizers.Write()), "--detector", DetectorModels.YuNet, "--pixels", "standard", "--output", model);
        string[] group = ["group", "--model", model, "--cosine", "0.5", "--main-face", blank];
        JsonElement answer = ToolProgram.Answer(0, [.. group, face]);
        Assert.AreEqual(blank, answer.GetProperty("withoutFace").EnumerateArray().Single().GetString());
        Assert.AreEqual(0, answer.GetProperty("unusable").GetArrayLength());
        Assert.AreEqual($"person-0001: {Path.GetFileName(face)}", People(answer));
        ToolOutcome text = ToolProgram.Run([.. group, face]);
        StringAssert.Contains(text.Output, $"no face      {blank}");
        StringAssert.Contains(text.Output, "1 photograph without a face");
        StringAssert.Contains(ToolProgram.Run(group).Error, "None of the 1 photographs could be used");
    }

    [TestMethod]
    public void Group_PhotographOfTwo_IsInTheFoldersOfBoth()
    {
        using var folder = new TemporaryFolder();
        string model = MarkedFaces.Save(folder, "both", MarkedFaces.Both()), photograph = folder.Write("photographs/two.png", MarkedFaces.Photograph), sorted = Path.Combine(folder.FullName, "sorted");
        string[] group = ["group", "--model", model, "--cosine", "-1", photograph];
        JsonElement answer = ToolProgram.Answer(0, [.. group, "--output", sorted]);
        Assert.AreEqual("person-0001: two.png; person-0002: two.png", People(answer), "At a cosine that joins everybody: nobody is on a photograph twice.");
        Assert.IsTrue(File.Exists(Path.Combine(sorted, "person-0001", "two.png")) && File.Exists(Path.Combine(sorted, "person-0002", "two.png")));
        using var embedder = new FaceEmbedder(model);
        FaceBox[] boxes = [.. embedder.EmbedAll(FacePhotograph.FromFile(photograph)).Select(face => face.Box!)];
        CollectionAssert.AreEqual(boxes, answer.GetProperty("people").EnumerateArray().Select(person => person.GetProperty("faces")[0].GetProperty("box"))
            .Select(box => new FaceBox(box.GetProperty("x").GetSingle(), box.GetProperty("y").GetSingle(), box.GetProperty("width").GetSingle(), box.GetProperty("height").GetSingle())).ToArray());
        Assert.AreEqual("person-0001: two.png", People(ToolProgram.Answer(0, [.. group, "--main-face"])));
    }

    [TestMethod]
    public void Group_Stopped_WritesNothing()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        string output = In("stopped");
        ToolOutcome stopped = ToolProgram.Run(stop.Token, "group", "--model", s_model, s_photographs, "--output", output);
        Assert.AreEqual(130, stopped.ExitCode);
        StringAssert.Contains(stopped.Error, "the photographs are where they were");
        Assert.IsFalse(Directory.Exists(output));
        Assert.IsEmpty(Directory.GetFileSystemEntries(s_folder.FullName, "*.part"));
    }

    private static byte[][] Draw()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 1);
        return [.. Directory.EnumerateFiles(people.Folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
    }

    private static string[] Everything() => [.. Directory.EnumerateFileSystemEntries(s_photographs, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private static (int ExitCode, string Kind) KindOf(ToolOutcome outcome) => (outcome.ExitCode, outcome.ErrorKind);

    private static string People(JsonElement answer) => string.Join("; ", answer.GetProperty("people").EnumerateArray().Select(person =>
        $"{person.GetProperty("name").GetString()}: {string.Join(' ', person.GetProperty("faces").EnumerateArray().Select(face => Path.GetFileName(face.GetProperty("path").GetString())))}"));
}
