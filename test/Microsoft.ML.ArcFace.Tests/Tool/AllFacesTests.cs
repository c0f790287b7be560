using System.Globalization;
using System.Text.Json;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tool;

namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>The commands with --all-faces, on a photograph of two people.</summary>
[TestClass]
public class AllFacesTests
{
    private static TemporaryFolder s_folder = null!;
    private static string s_both = "", s_main = "", s_picture = "", s_same = "";
    private static int s_galleries, s_blinds;

    [ClassInitialize]
    public static void Save(TestContext _)
    {
        s_folder = new TemporaryFolder();
        s_both = MarkedFaces.Save(s_folder, "both", MarkedFaces.Both());
        s_main = MarkedFaces.Save(s_folder, "main", MarkedFaces.MainAlone());
        s_picture = s_folder.Write("party.png", MarkedFaces.Photograph);
        s_same = s_folder.Write("again.png", MarkedFaces.Photograph);
    }

    [ClassCleanup]
    public static void Remove() => s_folder.Dispose();

    [TestMethod]
    [DataRow("enroll", "--model", "faces.zip", "--gallery", "people.db", "--person", "ada", "ada.jpg", "--face", "abc")]
    [DataRow("enroll", "--model", "faces.zip", "--gallery", "people.db", "--person", "ada", "ada.jpg", "--face", "0")]
    [DataRow("train", "--data", "faces", "--output", "faces.zip", "--patience", "abc")]
    public void Command_NoNumberWhereAnotherOptionAsksForIt_IsAWrongCommandLine(params string[] arguments)
    {
        ToolOutcome outcome = ToolProgram.Run(arguments);
        Assert.AreEqual(ExitCode.WrongCommandLine, outcome.ExitCode, outcome.Error);
        StringAssert.Contains(outcome.Error, arguments[^2]);
    }

    [TestMethod]
    public void Embed_AllFaces_WritesALineOfEachInEveryFormat()
    {
        string csv = In("faces.csv"), lines = In("faces.jsonl"), numbers = In("faces.npy");
        JsonElement answer = ToolProgram.Answer(0, "embed", "--model", s_both, "--all-faces", "--output", csv, s_picture);
        Assert.AreEqual((2, 2), (answer.GetProperty("embedded").GetInt32(), answer.GetProperty("photographs")[0].GetProperty("faces").GetInt32()));
        string[][] rows = [.. File.ReadAllLines(csv).Select(line => line.Split(','))];
        CollectionAssert.AreEqual(new[] { "path", "face", "x", "y", "width", "height", "detection_score", "e0" }, rows[0][..8]);
        CollectionAssert.AreEqual(new[] { s_picture, "1", "32", "12", "24", "28", "0.75" }, rows[1][..7]);
        CollectionAssert.AreEqual(new[] { s_picture, "2", "0", "0", "24", "28", "0.5625" }, rows[2][..7]);

        ToolProgram.Answer(0, "embed", "--model", s_both, "--all-faces", "--output", lines, s_picture);
        JsonElement second = JsonDocument.Parse(File.ReadAllLines(lines)[1]).RootElement;
        Assert.AreEqual((2, 24f), (second.GetProperty("face").GetInt32(), second.GetProperty("box").GetProperty("width").GetSingle()));
        float[] embedding = [.. second.GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle())];
        CollectionAssert.AreEqual(rows[2][7..].Select(value => float.Parse(value, CultureInfo.InvariantCulture)).ToArray(), embedding);

        ToolProgram.Answer(0, "embed", "--model", s_both, "--all-faces", "--output", numbers, s_picture);
        CollectionAssert.AreEqual(new[] { $"{s_picture}\t1", $"{s_picture}\t2" }, File.ReadAllLines(In("faces.txt")));
        Assert.AreEqual(128 + (2 * 16 * sizeof(float)), new FileInfo(numbers).Length);
    }

    [TestMethod]
    public void Identify_AllFaces_AnswersForEach()
    {
        string gallery = NewGallery();
        using (var both = new FaceEmbedder(s_both))
        using (var people = FaceGallery.Open(gallery, both.GetGalleryModel()))
        {
            IReadOnlyList<EmbeddedFace> faces = both.EmbedAll(s_picture);
            people.Enroll("Main", faces[0].Embedding);
            people.Enroll("Corner", faces[1].Embedding);
        }

        JsonElement[] answers = [.. Identified(gallery, 0)];
        CollectionAssert.AreEqual(new[] { 1, 2 }, answers.Select(answer => answer.GetProperty("face").GetInt32()).ToArray());
        CollectionAssert.AreEqual(new[] { "Main", "Corner" }, answers.Select(answer => answer.GetProperty("nearest").GetProperty("personId").GetString()).ToArray());
        Assert.AreEqual(32f, answers[0].GetProperty("box").GetProperty("x").GetSingle());

        // With one of them in the gallery, both faces are nearest to that one, and the better keeps the name.
        ToolProgram.Answer(0, "remove", "--model", s_both, "--gallery", gallery, "--person", "Corner");
        answers = [.. Identified(gallery, 3)];
        CollectionAssert.AreEqual(new[] { "match", "ambiguous" }, answers.Select(answer => answer.GetProperty("outcome").GetString()).ToArray());
        Assert.AreEqual((JsonValueKind.Null, 1), (answers[0].GetProperty("nearerFace").ValueKind, answers[1].GetProperty("nearerFace").GetInt32()));
        StringAssert.Contains(ToolProgram.Run("identify", "--model", s_both, "--gallery", gallery, "--cosine", "0.5", "--all-faces", s_picture).Output, "(face 2 of 2, 24×28 pixels at 0, 0)");

        static IEnumerable<JsonElement> Identified(string gallery, int exitCode) => ToolProgram.Answer(exitCode, "identify", "--model", s_both, "--gallery", gallery, "--cosine", "0.5", "--all-faces", s_picture).GetProperty("photographs").EnumerateArray();
    }

    [TestMethod]
    public void Enroll_FaceByNumber_TakesThatFace()
    {
        string gallery = NewGallery();
        string[] enroll = ["enroll", "--model", s_both, "--gallery", gallery, "--person", "Ada", s_picture];
        JsonElement result = ToolProgram.Answer(0, [.. enroll, "--face", "2"]).GetProperty("results")[0];
        Assert.AreEqual(0f, result.GetProperty("box").GetProperty("x").GetSingle());
        StringAssert.Contains(Message(ToolProgram.Run([.. enroll, "--face", "3", "--json"])), "there is no face 3");
        Assert.AreEqual(2, ToolProgram.Run([.. enroll, s_same, "--face", "2"]).ExitCode, "A face of which photograph?");
        Assert.AreEqual(2, ToolProgram.Run([.. enroll, "--all-faces", "--one-face"]).ExitCode);
    }

    [TestMethod]
    public void Enroll_NobodyToAsk_IsRefusedWithHowToChoose()
    {
        string gallery = NewGallery();
        string message = Message(ToolProgram.Run("enroll", "--model", s_both, "--gallery", gallery, "--person", "Ada", "--all-faces", s_picture, "--json"));
        foreach (string part in new[] { s_picture, "shows 2 faces", "face 1 of 24×28 pixels at 32, 12", "face 2 of 24×28 pixels at 0, 0", "no other photograph of Ada", "--face N" })
        {
            StringAssert.Contains(message, part);
        }

        Assert.AreEqual(0, ToolProgram.Answer(0, "people", "--gallery", gallery).GetProperty("people").GetArrayLength());
        StringAssert.Contains(Message(ToolProgram.Run("enroll", "--model", s_both, "--gallery", gallery, "--person", "Ada", "--all-faces", "--skip-unusable", s_picture, "--json")), "None of the 1 photographs");
    }

    [TestMethod]
    public void Enroll_AtATerminal_AsksWhichFaceItIs()
    {
        Assert.AreEqual(0f, Enrolled("2\n"));
        Assert.AreEqual(32f, Enrolled("1\n"));
        Assert.IsNull(Enrolled("\n"));
        Assert.IsNull(Enrolled("7\n"));
        Assert.IsNull(Enrolled(""));

        static float? Enrolled(string answer)
        {
            string gallery = NewGallery();
            using StringWriter output = new(), error = new();
            int exitCode = ArcFaceCommand.InvokeAsync(["enroll", "--model", s_both, "--gallery", gallery, "--person", "Ada", "--all-faces", s_picture], output, error, answers: new StringReader(answer)).GetAwaiter().GetResult();
            StringAssert.Contains(error.ToString(), "Which of them is Ada? 1 to 2");
            if (exitCode != 0)
            {
                return null;
            }

            // The enrolled face is the one that is found again with a cosine of 1.
            using var both = new FaceEmbedder(s_both);
            using var people = FaceGallery.Open(gallery, both.GetGalleryModel());
            return both.EmbedAll(s_picture).MaxBy(face => people.Search(face.Embedding, 1)[0].Score)!.Box!.X;
        }
    }

    [TestMethod]
    public void Enroll_OtherPhotographsOfThePerson_ChooseTheNearestFace()
    {
        string gallery = NewGallery();
        ToolProgram.Answer(0, "enroll", "--model", s_both, "--gallery", gallery, "--person", "Ada", s_picture, "--face", "2");
        ToolOutcome outcome = ToolProgram.Run("enroll", "--model", s_both, "--gallery", gallery, "--person", "Ada", "--all-faces", s_same, "--json");
        Assert.AreEqual(0, outcome.ExitCode, outcome.Error);
        Assert.AreEqual(0f, outcome.Json.GetProperty("results")[0].GetProperty("box").GetProperty("x").GetSingle());
        StringAssert.Contains(outcome.Error, "face 2 of 24×28 pixels at 0, 0 is nearest to the other photographs of Ada");

        // With the other face in the gallery under the same name, both are as near, and nobody may guess.
        ToolProgram.Answer(0, "enroll", "--model", s_both, "--gallery", gallery, "--person", "Ada", s_picture, "--face", "1");
        StringAssert.Contains(Message(ToolProgram.Run("enroll", "--model", s_both, "--gallery", gallery, "--person", "Ada", "--all-faces", s_same, "--json")), "Two of them are about as near");
    }

    [TestMethod]
    public void Enroll_Review_RefusesOrLeavesOutWhatIsTooPoor()
    {
        // The face has 24×28 pixels and a score of 0.75; the gradient has no detail at all.
        string gallery = NewGallery();
        string[] enroll = ["enroll", "--model", s_main, "--gallery", gallery, "--person", "Ada", s_picture, "--json"];
        ToolOutcome refused = ToolProgram.Run([.. enroll, "--review", "standard"]);
        Assert.AreEqual((1, "EnrollmentRefusedException"), (refused.ExitCode, refused.ErrorKind));
        StringAssert.Contains(Message(refused), "it is blurred: its sharpness is 0.0");
        StringAssert.Contains(Message(refused), "--review");
        Assert.AreEqual(1, ToolProgram.Run([.. enroll, "--review", "strict", "--skip-unusable"]).ExitCode, "Nothing is left to enroll.");
        Assert.AreEqual(2, ToolProgram.Run([.. enroll, "--review", "severe"]).ExitCode);
        Assert.AreEqual(0, ToolProgram.Answer(0, "people", "--gallery", gallery).GetProperty("people").GetArrayLength());
        Assert.AreEqual(0, ToolProgram.Run([.. enroll, "--review", "off"]).ExitCode);
    }

    [TestMethod]
    public void Enroll_NoFaceAtAll_IsRefused()
    {
        string[] enroll = ["enroll", "--model", Blind(), "--gallery", NewGallery(), "--person", "Ada", "--all-faces", s_picture, "--json"];
        StringAssert.Contains(Message(ToolProgram.Run(enroll)), "shows no face");
        StringAssert.Contains(Message(ToolProgram.Run([.. enroll, "--skip-unusable"])), "None of the 1 photographs");
    }

    [TestMethod]
    [DataRow("csv", false)]
    [DataRow("csv", true)]
    [DataRow("jsonl", false)]
    [DataRow("npy", false)]
    public void Embed_AllFacesOfPhotographsWithoutAny_TellsSoAndGoesOn(string ending, bool skipUnusable)
    {
        string blind = Blind(), output = In($"none-{skipUnusable}.{ending}");
        string[] embed = ["embed", "--model", blind, "--all-faces", "--output", output, s_picture, s_same, .. skipUnusable ? ["--skip-unusable"] : Array.Empty<string>()];
        JsonElement answer = ToolProgram.Answer(0, embed);
        Assert.AreEqual((0, 0), (answer.GetProperty("embedded").GetInt32(), answer.GetProperty("unusable").GetArrayLength()));
        CollectionAssert.AreEqual(new[] { $"{s_picture} 0", $"{s_same} 0" }, answer.GetProperty("photographs").EnumerateArray().Select(photograph => $"{photograph.GetProperty("path")} {photograph.GetProperty("faces")}").ToArray());
        Assert.AreEqual(ending switch { "csv" => 1, "jsonl" => 0, _ => 1 }, File.ReadAllLines(output, System.Text.Encoding.Latin1).Length, "Of a .npy the header alone.");

        ToolOutcome outcome = ToolProgram.Run(embed);
        StringAssert.Contains(outcome.Error, $"no face: '{s_picture}'");
        StringAssert.Contains(outcome.Output, "0 embeddings of 16 numbers; 2 photographs without a face");

        // The main face of a photograph without one is an error, as before.
        StringAssert.Contains(Message(ToolProgram.Run("embed", "--model", blind, "--output", output, s_picture, "--json")), "shows no face");
    }

    [TestMethod]
    public void Identify_AllFacesOfPhotographsWithoutAny_TellsSoAndGoesOn()
    {
        string gallery = NewGallery(), blind = Blind();
        using (var model = new FaceEmbedder(s_both))
        using (var people = FaceGallery.Open(gallery, model.GetGalleryModel()))
        {
            people.Enroll("Main", model.Embed(s_picture));
        }

        // The models differ in their detector alone.
        string[] identify = ["identify", "--model", blind, "--gallery", gallery, "--cosine", "0.5", s_picture, s_same];
        JsonElement answer = ToolProgram.Answer(3, [.. identify, "--all-faces"]);
        Assert.AreEqual(0, answer.GetProperty("unusable").GetArrayLength());
        JsonElement[] photographs = [.. answer.GetProperty("photographs").EnumerateArray()];
        CollectionAssert.AreEqual(new[] { s_picture, s_same }, photographs.Select(photograph => photograph.GetProperty("path").GetString()).ToArray());
        foreach (JsonElement photograph in photographs)
        {
            Assert.AreEqual((0, JsonValueKind.Null, JsonValueKind.Null), (photograph.GetProperty("faces").GetInt32(), photograph.GetProperty("outcome").ValueKind, photograph.GetProperty("threshold").ValueKind));
        }

        StringAssert.Contains(ToolProgram.Run([.. identify, "--all-faces"]).Output, $"{s_same}  no face");
        StringAssert.Contains(Message(ToolProgram.Run([.. identify, "--json"])), "shows no face");
    }

    private static string Blind() => MarkedFaces.Save(s_folder, $"blind{Interlocked.Increment(ref s_blinds)}", new DetectorModels.Scrfd(96, 64).ToBytes());

    private static string Message(ToolOutcome outcome)
    {
        Assert.AreEqual(1, outcome.ExitCode, outcome.Error);
        return outcome.Json.GetProperty("error").GetProperty("message").GetString()!;
    }

    private static string In(string name) => Path.Combine(s_folder.FullName, name);

    private static string NewGallery() => In($"gallery{Interlocked.Increment(ref s_galleries)}.db");
}
