using System.Text.Json;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Samples.Drawing;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>What --skip-unusable leaves out of evaluations and packed sets, and what it says of it.</summary>
[TestClass]
public class ToolSkipUnusableTests
{
    private static DrawnPeople s_people = null!;
    private static TemporaryFolder s_folder = null!;
    private static string s_model = "", s_bad = "", s_pairs = "";

    [ClassInitialize]
    public static void Prepare(TestContext _)
    {
        s_people = new DrawnPeople(people: 4, picturesPerPerson: 3);
        s_folder = new TemporaryFolder();
        s_model = Path.Combine(s_folder.FullName, "faces.zip");
        var ml = new MLContext(seed: 1);
        IDataView photographs = ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        using FaceEmbeddingTransformer embedding = Embedding.FaceEmbeddingTransformerTests.Create();
        ml.Model.Save(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(photographs).Append(embedding).WithThreshold(Thresholds.Of(0.4)), photographs.Schema, s_model);

        s_pairs = Path.Combine(s_folder.FullName, "pairs.txt");
        DrawnFaces.WritePairs(s_pairs, people: 4, picturesPerPerson: 3, folds: 2, pairsPerKind: 4, seed: 1);
        s_bad = photographs.GetColumn<string>("ImagePath").First();
        File.WriteAllText(s_bad, "no photograph");
    }

    [ClassCleanup]
    public static void Remove()
    {
        s_people.Dispose();
        s_folder.Dispose();
    }

    [TestMethod]
    [DataRow("evaluate", 10, 45)]
    [DataRow("calibrate", 10, 45)]
    [DataRow("report", 10, 45)]
    public void Command_UnreadablePhotograph_IsAnErrorOrLeftOut(string command, int genuine, int impostor)
    {
        string[] arguments = [command, "--model", s_model, "--data", s_people.Folder, .. Options(command)];
        ToolOutcome failed = ToolProgram.Run([.. arguments, "--json"]);
        Assert.AreEqual((1, nameof(FaceImageException)), (failed.ExitCode, failed.ErrorKind), failed.Error);

        JsonElement answer = ToolProgram.Answer(0, [.. arguments, "--skip-unusable"]);
        Assert.AreEqual(s_bad, answer.GetProperty("unusable").EnumerateArray().Single().GetString());
        Assert.AreEqual((genuine, impostor), (answer.GetProperty("genuinePairs").GetInt32(), answer.GetProperty("impostorPairs").GetInt32()));
        Assert.Contains($"left out: '{s_bad}'", ToolProgram.Run([.. arguments, "--skip-unusable"]).Error);
    }

    [TestMethod]
    public void Pack_UnreadablePhotograph_IsAnErrorOrLeftOut()
    {
        string[] arguments = ["pack", "--data", s_people.Folder, "--output", Path.Combine(s_folder.FullName, "packed")];
        Assert.AreEqual((1, nameof(FaceImageException)), (ToolProgram.Run([.. arguments, "--json"]).ExitCode, ToolProgram.Run([.. arguments, "--json"]).ErrorKind));
        JsonElement answer = ToolProgram.Answer(0, [.. arguments, "--skip-unusable"]);
        Assert.AreEqual((11, s_bad), (answer.GetProperty("photographs").GetInt32(), answer.GetProperty("unusable")[0].GetString()));
    }

    [TestMethod]
    public void Command_PairsOfAnUnreadablePhotograph_AreLeftOutAndCounted()
    {
        IReadOnlyList<FacePair> all = new MLContext().FaceRecognition().LoadPairs(s_pairs);
        FacePair[] kept = [.. all.Where(pair => !IsBad(pair.First) && !IsBad(pair.Second))];
        Assert.IsLessThan(all.Count, kept.Length, "Some pair names it.");
        JsonElement evaluated = ToolProgram.Answer(0, "evaluate", "--model", s_model, "--data", s_people.Folder, "--pairs", s_pairs, "--skip-unusable");
        Assert.AreEqual((kept.Count(pair => pair.IsSamePerson), kept.Count(pair => !pair.IsSamePerson)), (evaluated.GetProperty("genuinePairs").GetInt32(), evaluated.GetProperty("impostorPairs").GetInt32()));
        ToolOutcome packed = ToolProgram.Run("pack", "--data", s_people.Folder, "--pairs", s_pairs, "--output", Path.Combine(s_folder.FullName, "packed"), "--skip-unusable", "--json");
        Assert.AreEqual((0, kept.Length), (packed.ExitCode, packed.Json.GetProperty("pairs").GetInt32()), packed.Error);
        Assert.Contains($"{all.Count - kept.Length} of the {all.Count} pairs name photographs that were left out", packed.Error);

        static bool IsBad(string picture) => Path.GetFileNameWithoutExtension(picture) == Path.GetFileNameWithoutExtension(s_bad) && picture.StartsWith(Path.GetFileName(Path.GetDirectoryName(s_bad)!), StringComparison.Ordinal);
    }

    [TestMethod]
    public void Evaluate_NothingUsable_IsAnError()
    {
        using var folder = new TemporaryFolder();
        folder.Write("Ada/1.jpg", [1]);
        folder.Write("Max/1.jpg", [1]);
        Assert.Contains("None of the 2 photographs could be used", ToolProgram.Run("evaluate", "--model", s_model, "--data", folder.FullName, "--skip-unusable").Error);
    }

    [TestMethod]
    public void Enroll_BlanksAroundThePerson_AreNoOtherPerson()
    {
        string gallery = Path.Combine(s_folder.FullName, "people.db");
        string[] photographs = [.. Directory.GetFiles(Path.GetDirectoryName(s_bad)!).Where(file => file != s_bad).Order(StringComparer.Ordinal)];
        ToolProgram.Answer(0, "enroll", "--model", s_model, "--gallery", gallery, "--person", "Alec", photographs[0]);
        ToolOutcome outcome = ToolProgram.Run("enroll", "--model", s_model, "--gallery", gallery, "--person", "  Alec ", photographs[1], "--json");
        Assert.AreEqual((0, 1, "Alec"), (outcome.ExitCode, outcome.Json.GetProperty("people").GetInt32(), outcome.Json.GetProperty("results")[0].GetProperty("person").GetString()));
        Assert.Contains("--person is '  Alec '; it is taken as 'Alec'", outcome.Error);
        Assert.AreEqual(1, ToolProgram.Answer(0, "remove", "--model", s_model, "--gallery", gallery, "--person", "Alec ").GetProperty("removedPeople").GetInt32());
    }

    private static string[] Options(string command) => command switch
    {
        "calibrate" => ["--rate", "0.5", "--output", Path.Combine(s_folder.FullName, "calibrated.zip")],
        "report" => ["--output", Path.Combine(s_folder.FullName, "report.html")],
        _ => [],
    };
}
