using System.Text;
using System.Text.Json;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Samples.Drawing;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>The way of a new user, on drawn faces: from folders to a recogniser. Each answer has the fields that docs/command-line.md promises.</summary>
[TestClass]
public partial class ToolWalkTests
{
    private static readonly Dictionary<string, string[]> Promised = FieldsOfTheDocs();
    private static DrawnPeople s_train = null!;
    private static DrawnPeople s_test = null!;
    private static string s_model = "";

    /// <summary>A network with random weights: three steps of training make all faces one, and these keep every photograph apart.</summary>
    private static string s_apart = "";
    private static string[] s_pictures = [];

    private static string[] Training => ["train", "--data", s_train.Folder, "--output", s_model, "--epochs", "1", "--batch", "8", "--embedding-size", "32", "--checkpoints", In("run"), "--tensorboard", In("events")];

    [ClassInitialize]
    public static void TrainAndCalibrate(TestContext _)
    {
        s_train = new DrawnPeople(people: 4, picturesPerPerson: 6);
        s_test = new DrawnPeople(people: 10, picturesPerPerson: 3, seed: 2);
        s_model = In("faces.zip");
        s_pictures = [.. Directory.EnumerateFiles(s_test.Folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

        s_apart = In("apart.zip");
        var ml = new MLContext(seed: 1);
        IDataView photographs = ml.FaceRecognition().LoadFromFolder(s_test.Folder);
        using (FaceEmbeddingTransformer embedding = Embedding.FaceEmbeddingTransformerTests.Create())
        {
            ml.Model.Save(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(photographs).Append(embedding).WithThreshold(Thresholds.Of(0.4)), photographs.Schema, s_apart);
        }

        JsonElement trained = Ask(0, Training);
        Assert.AreEqual(("mbf", "arcface", 4, 3), (trained.GetProperty("backbone").GetString(), trained.GetProperty("loss").GetString(), trained.GetProperty("people").GetInt32(), trained.GetProperty("steps").GetInt32()));
        Assert.IsNotEmpty(Directory.GetFiles(In("run")));
        Assert.IsNotEmpty(Directory.GetFiles(In("events")));

        // Nothing can be answered without a threshold; the message says how to get one.
        ToolOutcome tooEarly = ToolProgram.Run("verify", "--model", s_model, s_pictures[0], s_pictures[1], "--json");
        Assert.AreEqual((1, "InvalidOperationException"), (tooEarly.ExitCode, tooEarly.ErrorKind));
        StringAssert.Contains(tooEarly.Error, "arcface calibrate");

        JsonElement calibrated = Ask(0, "calibrate", "--model", s_model, "--data", s_test.Folder, "--rate", "0.1");
        Assert.AreEqual((30, 405, 10), (calibrated.GetProperty("genuinePairs").GetInt32(), calibrated.GetProperty("impostorPairs").GetInt32(), calibrated.GetProperty("people").GetInt32()));
        Assert.IsLessThanOrEqualTo(0.1, calibrated.GetProperty("falseMatchRate").GetDouble());
    }

    [ClassCleanup]
    public static void Remove()
    {
        s_train.Dispose();
        s_test.Dispose();
    }

    [TestMethod]
    public void Train_FinishedBefore_GivesTheSameModelWithoutAStep()
    {
        string other = In("again.zip");
        JsonElement first = Ask(0, "export", "--model", s_model, "--output", In("first.safetensors"));
        JsonElement again = Ask(0, [.. Training[..4], other, .. Training[5..]]);
        Assert.AreEqual(first.GetProperty("fingerprint").GetString(), again.GetProperty("fingerprint").GetString());
        Assert.AreEqual(JsonValueKind.Null, again.GetProperty("steps").ValueKind);
    }

    [TestMethod]
    public void Evaluate_OtherPeople_TellsRates()
    {
        JsonElement metrics = Ask(0, "evaluate", "--model", s_model, "--data", s_test.Folder);
        Assert.IsTrue(metrics.GetProperty("accuracy").GetDouble() is > 0.4 and <= 1);
        Assert.AreEqual(435, metrics.GetProperty("genuinePairs").GetInt32() + metrics.GetProperty("impostorPairs").GetInt32());
        Assert.AreEqual(JsonValueKind.Null, metrics.GetProperty("trueAcceptRates").GetProperty("0.0001").ValueKind, "405 pairs cannot tell.");
    }

    [TestMethod]
    public void PeopleOfTheTraining_AreRefusedByCalibrateAndWarnedOf()
    {
        // The test's people have the same names.
        string model = In("learned.zip"), calibrated = In("learned-calibrated.zip");
        string[] people = [.. Directory.EnumerateDirectories(s_train.Folder).Select(folder => Path.GetFileName(folder)!).Where(name => name.StartsWith("person", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        Assert.HasCount(4, people);
        SaveModelThatKnows(people, model);

        string[] calibrate = ["calibrate", "--model", model, "--output", calibrated, "--rate", "0.1"];
        ToolOutcome refused = ToolProgram.Run([.. calibrate, "--data", s_train.Folder, "--json"]);
        Assert.AreEqual((1, false), (refused.ExitCode, File.Exists(calibrated)), refused.Error);
        StringAssert.Contains(refused.Error, $"The model was trained on 4 of the 4 people: {string.Join(", ", people)}.");
        StringAssert.Contains(refused.Error, "--allow-training-people");
        JsonElement allowed = Ask(0, [.. calibrate, "--data", s_train.Folder, "--allow-training-people"]);
        CollectionAssert.AreEqual(people, Names(allowed));

        ToolOutcome evaluated = ToolProgram.Run("evaluate", "--model", model, "--data", s_train.Folder);
        StringAssert.Contains(evaluated.Error, "The model was trained on 4 of these people");
        StringAssert.Contains(evaluated.Output, "would be refused at a false accept rate of");
        CollectionAssert.AreEqual(people, Names(Ask(0, "evaluate", "--model", model, "--data", s_train.Folder)));
        CollectionAssert.AreEqual(people, Names(Ask(0, "report", "--model", model, "--data", s_train.Folder, "--output", In("learned.html"))));
        StringAssert.Contains(File.ReadAllText(In("learned.html")), "The model was trained on 4 of these people");

        // Other people under the same names.
        CollectionAssert.IsSubsetOf(people, Directory.EnumerateDirectories(s_test.Folder).Select(folder => Path.GetFileName(folder)).ToArray());
        Assert.IsEmpty(Names(Ask(0, "evaluate", "--model", model, "--data", s_test.Folder)));
        Assert.IsEmpty(Names(Ask(0, [.. calibrate, "--data", s_test.Folder])));

        static string[] Names(JsonElement answer) => [.. answer.GetProperty("trainedOnPeople").EnumerateArray().Select(name => name.GetString()!)];
    }

    /// <summary>What a long training comes to: each class center is near to its person's photographs, and at right angles to all others.</summary>
    private static void SaveModelThatKnows(string[] people, string path)
    {
        const int size = 64;
        using var scope = torch.NewDisposeScope();
        var ml = new MLContext(seed: 1);
        IDataView photographs = ml.FaceRecognition().LoadFromFolder(s_train.Folder);
        var loader = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(photographs);
        var columns = new EmbeddingColumns("Image", "Embedding", PredictedLabel: null, Score: null, Cosine: null);
        FaceEmbeddingTransformer Embedding(torch.Tensor centers)
        {
            torch.manual_seed(11);
            FaceBackbone backbone = FaceBackbone.Create(BackboneArchitecture.MobileFaceNet, size);
            return new(ml, FaceEmbeddingModel.Of(backbone, centers, people), columns, addMirrorImage: false, batchSize: 32);
        }

        IDataView embedded = Embedding(torch.randn(people.Length, size)).Transform(loader.Transform(photographs));
        double[] values = [.. embedded.GetColumn<float[]>("Embedding").SelectMany(vector => vector).Select(value => (double)value)];
        string[] labels = [.. embedded.GetColumn<string>("Label")];
        double[] wanted = [.. labels.SelectMany(label => people.Select(person => person == label ? 1.0 : 0))];
        torch.Tensor centers = torch.linalg.pinv(torch.tensor(values).view(-1, size)).matmul(torch.tensor(wanted).view(-1, people.Length)).t().to_type(torch.ScalarType.Float32);
        using FaceEmbeddingTransformer learned = Embedding(centers);
        ml.Model.Save(loader.Append(learned), photographs.Schema, path);
    }

    [TestMethod]
    public void Report_OtherPeople_IsOnePageWithItsCommand()
    {
        JsonElement answer = Ask(0, "report", "--model", s_model, "--data", s_test.Folder, "--output", In("report.html"), "--title", "People <of> the test");
        Assert.AreEqual(Ask(0, "evaluate", "--model", s_model, "--data", s_test.Folder).GetProperty("areaUnderRocCurve").GetDouble(), answer.GetProperty("areaUnderRocCurve").GetDouble());
        string page = File.ReadAllText(In("report.html"));
        StringAssert.Contains(page, "People &lt;of&gt; the test");
        StringAssert.Contains(page, "arcface report --model");
        StringAssert.Contains(page, "data:image/jpeg");
        Ask(0, "report", "--model", s_model, "--data", s_test.Folder, "--output", In("report.html"), "--without-photographs");
        Assert.IsFalse(File.ReadAllText(In("report.html")).Contains("data:image/jpeg", StringComparison.Ordinal));
    }

    [TestMethod]
    public void Verify_SameAndOther_AnswersByExitCode()
    {
        JsonElement same = Ask(0, "verify", "--model", s_apart, s_pictures[0], s_pictures[0]);
        Assert.IsTrue(same.GetProperty("samePerson").GetBoolean());
        Assert.AreEqual(1, same.GetProperty("score").GetDouble(), 1e-5);
        JsonElement other = Ask(3, "verify", "--model", s_apart, s_pictures[0], s_pictures[29], "--cosine", "1");
        Assert.IsFalse(other.GetProperty("samePerson").GetBoolean());
        StringAssert.StartsWith(ToolProgram.Run("verify", "--model", s_apart, s_pictures[0], s_pictures[0]).Output, "same person");
    }

    [TestMethod]
    public void Gallery_EnrollIdentifyRemove()
    {
        string gallery = In("people.db");
        JsonElement enrolled = Ask(0, "enroll", "--model", s_apart, "--gallery", gallery, "--person", "Ada Lovelace", s_pictures[0], s_pictures[1]);
        Assert.AreEqual((1, 2), (enrolled.GetProperty("enrolledPeople").GetInt32(), enrolled.GetProperty("photographs").GetInt32()));
        JsonElement known = Ask(0, "identify", "--model", s_apart, "--gallery", gallery, s_pictures[0]).GetProperty("photographs")[0];
        Assert.AreEqual(("match", "Ada Lovelace"), (known.GetProperty("outcome").GetString(), known.GetProperty("person").GetString()));
        JsonElement stranger = Ask(3, "identify", "--model", s_apart, "--gallery", gallery, "--cosine", "1", s_pictures[29]).GetProperty("photographs")[0];
        Assert.AreEqual(("unknown", JsonValueKind.Null), (stranger.GetProperty("outcome").GetString(), stranger.GetProperty("person").ValueKind));

        Assert.AreEqual(11, Ask(0, "enroll", "--model", s_apart, "--gallery", gallery, "--data", s_test.Folder).GetProperty("people").GetInt32());
        Assert.AreEqual(10, Ask(0, "remove", "--model", s_apart, "--gallery", gallery, "--person", "Ada Lovelace").GetProperty("people").GetInt32());
        Ask(3, "remove", "--model", s_apart, "--gallery", gallery, "--person", "Ada Lovelace");
    }

    [TestMethod]
    public void Gallery_EnrolledTwice_StaysAsItIs()
    {
        string gallery = In("new/folders/twice.db"), photograph = In("image.jpg");
        string[] enroll = ["--model", s_apart, "--gallery", gallery, "--person", "Ada", photograph];
        File.Copy(s_pictures[0], photograph, overwrite: true);
        Assert.AreEqual((1, 0, 1), CountsOf(Ask(0, ["enroll", .. enroll])));
        JsonElement again = ToolProgram.Answer(0, ["enrol", .. enroll]);
        Assert.AreEqual((0, 1, 1), CountsOf(again), "The older spelling works, too.");
        Assert.AreEqual("alreadyThere", again.GetProperty("results")[0].GetProperty("outcome").GetString());
        StringAssert.Contains(ToolProgram.Run(["enroll", .. enroll]).Output, "1 already there");

        // Another picture of that name: told, and kept beside the first; in its place when asked.
        File.Copy(s_pictures[3], photograph, overwrite: true);
        ToolOutcome other = ToolProgram.Run(["enroll", .. enroll, "--json"]);
        StringAssert.Contains(other.Error, "--replace");
        Assert.AreEqual((1, 0, 2), CountsOf(other.Json));
        Assert.AreEqual(1, other.Json.GetProperty("sameSource").GetInt32());
        File.Copy(s_pictures[6], photograph, overwrite: true);
        JsonElement replaced = Ask(0, ["enroll", .. enroll, "--replace"]);
        Assert.AreEqual((0, 0, 1), CountsOf(replaced));
        Assert.AreEqual((1, "replaced"), (replaced.GetProperty("replaced").GetInt32(), replaced.GetProperty("results")[0].GetProperty("outcome").GetString()));

        JsonElement listed = Ask(0, "people", "--gallery", gallery);
        JsonElement ada = listed.GetProperty("people")[0];
        Assert.AreEqual(("Ada", photograph, false), (ada.GetProperty("id").GetString(), ada.GetProperty("photographs")[0].GetProperty("source").GetString(), listed.GetProperty("encrypted").GetBoolean()));
        StringAssert.Contains(ToolProgram.Run("people", "--gallery", gallery).Output, photograph);

        static (int New, int AlreadyThere, int Photographs) CountsOf(JsonElement answer) =>
            (answer.GetProperty("enrolledPhotographs").GetInt32(), answer.GetProperty("alreadyThere").GetInt32(), answer.GetProperty("photographs").GetInt32());
    }

    [TestMethod]
    public void Work_WithNothingToWorkOn_FailsWithAReason()
    {
        string gallery = In("nobody.db"), nothing = In("nothing");
        Directory.CreateDirectory(nothing);
        Ask(0, "enroll", "--model", s_model, "--gallery", gallery, "--person", "Ada", s_pictures[0]);
        Ask(0, "remove", "--model", s_model, "--gallery", gallery, "--person", "Ada");
        FailsBecause("is empty, so nobody can be identified", "identify", "--gallery", gallery, s_pictures[0]);
        FailsBecause("no photographs in", "identify", "--gallery", gallery, nothing);
        FailsBecause("no photographs in", "enroll", "--gallery", gallery, "--person", "Ada", nothing);
        FailsBecause("no photographs in", "embed", "--output", In("none.csv"), nothing);
        FailsBecause("None of the 1 photographs could be used", "enroll", "--gallery", gallery, "--person", "Ada", s_model, "--skip-unusable");
        FailsBecause("None of the 1 photographs could be used", "embed", "--output", In("none.csv"), s_model, "--skip-unusable");
        FailsBecause("no detector", "enroll", "--gallery", gallery, "--person", "Ada", s_pictures[0], "--one-face");
        Assert.IsFalse(File.Exists(In("none.csv")));
        Assert.AreEqual(0, Ask(0, "people", "--gallery", gallery).GetProperty("people").GetArrayLength());
        StringAssert.Contains(ToolProgram.Run("people", "--gallery", gallery).Output, "is empty");

        static void FailsBecause(string reason, params string[] command)
        {
            ToolOutcome outcome = ToolProgram.Run([.. command, "--model", s_model, "--json"]);
            Assert.AreEqual(1, outcome.ExitCode, string.Join(' ', command));
            StringAssert.Contains(outcome.Json.GetProperty("error").GetProperty("message").GetString(), reason);
        }
    }

    [TestMethod]
    public void Photographs_WithSeveralFaces_AreToldAndRefusedWhenAsked()
    {
        using var folder = new TemporaryFolder();
        byte[] photograph = EncodedImages.Gradient(90, 60, SkiaSharp.SKEncodedImageFormat.Png);
        string model = Serving.FaceEmbedderTests.Detecting(folder, "two", DetectorModels.Scrfd.TwoFaces().ToBytes(), photograph).Zip;
        string picture = folder.Write("two.png", photograph), gallery = Path.Combine(folder.FullName, "g.db");
        string[] enroll = ["enroll", "--model", model, "--gallery", gallery, "--person", "Ada", picture];
        ToolOutcome refused = ToolProgram.Run([.. enroll, "--one-face", "--json"]);
        Assert.AreEqual((1, "SeveralFacesException"), KindOf(refused));
        StringAssert.Contains(refused.Error, picture);
        Assert.AreEqual(1, ToolProgram.Run([.. enroll, "--one-face", "--skip-unusable"]).ExitCode, "Nothing is left to enroll.");

        ToolOutcome enrolled = ToolProgram.Run([.. enroll, "--json"]);
        Assert.AreEqual((0, 1), (enrolled.ExitCode, enrolled.Json.GetProperty("severalFaces").GetInt32()));
        Assert.AreEqual(2, enrolled.Json.GetProperty("results")[0].GetProperty("faces").GetInt32());
        StringAssert.Contains(enrolled.Error, "shows 2 faces");
        JsonElement identified = Ask(0, "identify", "--model", model, "--gallery", gallery, "--cosine", "0.5", picture).GetProperty("photographs")[0];
        Assert.AreEqual((2, JsonValueKind.Object), (identified.GetProperty("faces").GetInt32(), identified.GetProperty("passedOver").ValueKind));
        Assert.AreEqual(2, Ask(0, "embed", "--model", model, "--output", Path.Combine(folder.FullName, "e.csv"), picture).GetProperty("photographs")[0].GetProperty("faces").GetInt32());
        CollectionAssert.AreEqual(new[] { 2, 2 }, Ask(0, "verify", "--model", model, "--cosine", "0.5", picture, picture).GetProperty("faces").EnumerateArray().Select(count => count.GetInt32()).ToArray());
    }

    [TestMethod]
    public void Gallery_WithAKey_FailsWithoutIt()
    {
        string gallery = In("sealed.db"), key = In("gallery.key");
        File.WriteAllBytes(key, [.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
        Ask(0, "enroll", "--model", s_apart, "--gallery", gallery, "--key-file", key, "--person", "Ada", s_pictures[0]);
        Assert.IsFalse(Encoding.Latin1.GetString(File.ReadAllBytes(gallery)).Contains("Ada", StringComparison.Ordinal));
        Assert.AreEqual((1, "FaceGalleryException"), KindOf(ToolProgram.Run("identify", "--model", s_apart, "--gallery", gallery, s_pictures[0], "--json")));
        Ask(0, "identify", "--model", s_apart, "--gallery", gallery, "--key-file", key, s_pictures[0]);
        ToolOutcome listed = ToolProgram.Run("people", "--gallery", gallery, "--json");
        Assert.AreEqual((1, "FaceGalleryException"), KindOf(listed));
        StringAssert.Contains(listed.Error, "--key-file");
        Assert.AreEqual("Ada", Ask(0, "people", "--gallery", gallery, "--key-file", key).GetProperty("people")[0].GetProperty("name").GetString());
        StringAssert.Contains(ToolProgram.Run("people", "--gallery", gallery, "--key-file", s_pictures[0]).Error, "a key has 32");
    }

    [TestMethod]
    public void Embed_EachFormat_HoldsTheSameNumbers()
    {
        string unreadable = In("unreadable.jpg");
        File.WriteAllText(unreadable, "no image");
        foreach (string ending in new[] { "csv", "jsonl", "npy" })
        {
            JsonElement answer = Ask(0, "embed", "--model", s_model, s_pictures[0], unreadable, s_pictures[3], "--skip-unusable", "--output", In($"embeddings.{ending}"));
            Assert.AreEqual((2, 32, unreadable), (answer.GetProperty("embedded").GetInt32(), answer.GetProperty("embeddingSize").GetInt32(), answer.GetProperty("unusable")[0].GetString()));
        }

        float[][] lines = [.. File.ReadLines(In("embeddings.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle()).ToArray())];
        string[][] cells = [.. File.ReadLines(In("embeddings.csv")).Select(line => line.Split(','))];
        CollectionAssert.AreEqual(new[] { "path", "e0", "e1" }, cells[0][..3]);
        byte[] numpy = File.ReadAllBytes(In("embeddings.npy"));
        Assert.HasCount(128 + (2 * 32 * sizeof(float)), numpy);
        StringAssert.StartsWith(Encoding.Latin1.GetString(numpy, 1, 127), "NUMPY\u0001\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (2, 32), }");
        Assert.AreEqual((byte)'\n', numpy[127]);
        CollectionAssert.AreEqual(new[] { s_pictures[0], s_pictures[3] }, File.ReadAllLines(In("embeddings.txt")));
        for (int i = 0; i < 2; i++)
        {
            CollectionAssert.AreEqual(lines[i], cells[i + 1][1..].Select(float.Parse).ToArray());
            CollectionAssert.AreEqual(lines[i], Enumerable.Range(0, 32).Select(k => BitConverter.ToSingle(numpy, 128 + (((32 * i) + k) * sizeof(float)))).ToArray());
        }

        Assert.AreEqual((1, "FaceImageException"), KindOf(ToolProgram.Run("embed", "--model", s_model, s_pictures[0], unreadable, "--output", In("all.csv"), "--json")));
        Assert.IsEmpty(Directory.GetFiles(s_train.Folder, "all.csv*"), "No part of a file is left.");
    }

    [TestMethod]
    public void Export_BothFormats_AreWritten()
    {
        foreach (string ending in new[] { "onnx", "safetensors" })
        {
            JsonElement exported = Ask(0, "export", "--model", s_model, "--output", In($"faces.{ending}"));
            Assert.AreEqual((ending, new FileInfo(In($"faces.{ending}")).Length), (exported.GetProperty("format").GetString(), exported.GetProperty("bytes").GetInt64()));
        }
    }

    [TestMethod]
    public void Records_PackedAndTrainedOn_GiveAModelForPhotographs()
    {
        string records = Ask(0, "pack", "--data", s_train.Folder, "--output", In("packed")).GetProperty("output").GetString()!;
        string model = In("records.zip");
        Ask(0, "train", "--records", records, "--output", model, "--epochs", "1", "--batch", "8", "--embedding-size", "16");
        Assert.AreEqual(30, Ask(0, "calibrate", "--model", model, "--data", s_test.Folder, "--rate", "0.1").GetProperty("genuinePairs").GetInt32());
        Ask(0, "verify", "--model", model, s_pictures[0], s_pictures[0], "--cosine", "0.5");

        string pairs = In("pairs.txt");
        DrawnFaces.WritePairs(pairs, people: 10, picturesPerPerson: 3, folds: 2, pairsPerKind: 4, seed: 2);
        Assert.AreEqual(16, ToolProgram.Answer(0, "pack", "--data", s_test.Folder, "--pairs", pairs, "--output", In("packed")).GetProperty("pairs").GetInt32());
    }

    [TestMethod]
    public void Gpu_Absent_IsNotPassedOverInSilence()
    {
        if (TorchSharp.torch.cuda.is_available())
        {
            Assert.Inconclusive("This machine has the GPU that the test must not find.");
        }

        foreach (string[] command in new[] { new[] { "evaluate", "--data", s_test.Folder }, ["embed", s_pictures[0], "--output", In("gpu.csv")], ["verify", s_pictures[0], s_pictures[1], "--cosine", "0"] })
        {
            ToolOutcome outcome = ToolProgram.Run([.. command, "--model", s_model, "--gpu", "0", "--json"]);
            Assert.AreEqual(1, outcome.ExitCode, command[0]);
            StringAssert.Contains(outcome.Error, "GPU", command[0]);
        }
    }

    [TestMethod]
    [RequiresYuNet]
    [RequiresFaceData("lfw_raw")]
    public void Train_WithADetector_TakesPhotographsAsACameraMakesThem()
    {
        using var folder = new TemporaryFolder();
        string[] photographs = [.. Directory.EnumerateFiles(TestData.PathOf("lfw_raw"), "*.jpg").Order(StringComparer.Ordinal).Take(8)];
        foreach ((int index, string photograph) in photographs.Index())
        {
            string person = Path.Combine(folder.FullName, "people", $"{index / 2}");
            Directory.CreateDirectory(person);
            File.Copy(photograph, Path.Combine(person, Path.GetFileName(photograph)));
        }

        string people = Path.Combine(folder.FullName, "people"), model = Path.Combine(folder.FullName, "faces.zip"), blank = folder.Write("blank.png", EncodedImages.Gradient(250, 250, SkiaSharp.SKEncodedImageFormat.Png));
        JsonElement trained = Ask(0, "train", "--data", people, "--detector", DetectorModels.YuNet, "--output", model, "--epochs", "1", "--batch", "4", "--embedding-size", "16");
        Assert.AreEqual(4, trained.GetProperty("people").GetInt32());
        Assert.AreEqual(1, Ask(0, "verify", "--model", model, photographs[0], photographs[0], "--cosine", "0.5").GetProperty("score").GetDouble(), 1e-5);
        Assert.AreEqual((1, "FaceNotFoundException"), KindOf(ToolProgram.Run("verify", "--model", model, photographs[0], blank, "--cosine", "0.5", "--json")));
    }

    private static string In(string name) => Path.Combine(s_train.Folder, name);

    private static (int ExitCode, string Kind) KindOf(ToolOutcome outcome) => (outcome.ExitCode, outcome.ErrorKind);

    private static JsonElement Ask(int exitCode, params string[] arguments)
    {
        JsonElement answer = ToolProgram.Answer(exitCode, arguments);
        CollectionAssert.AreEqual(Promised[arguments[0]], answer.EnumerateObject().Select(field => field.Name).ToArray(), arguments[0]);
        return answer;
    }

    private static Dictionary<string, string[]> FieldsOfTheDocs() =>
        Docs.CommandLineTests.Lines("docs/command-line.md").SkipWhile(line => line != "| command | fields |").Skip(2).TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .ToDictionary(cells => cells[1], cells => (string[])[.. WithoutDetails().Replace(cells[2], "").Replace("photographs or pairs", "photographs", StringComparison.Ordinal).Split(',', StringSplitOptions.TrimEntries)]);

    [System.Text.RegularExpressions.GeneratedRegex(@" \([^)]*\)")]
    private static partial System.Text.RegularExpressions.Regex WithoutDetails();
}
