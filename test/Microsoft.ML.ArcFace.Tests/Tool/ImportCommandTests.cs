using System.IO.Compression;
using System.Text.Json;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>Recognizers of others on the command line, from the file or the pack to the model's .zip.</summary>
[TestClass]
public class ImportCommandTests
{
    private static TemporaryFolder s_folder = null!;
    private static DrawnPeople s_people = null!;
    private static string s_recognizer = "";

    private static readonly byte[] s_detector = DetectorModels.Scrfd.OneFace().ToBytes();

    [ClassInitialize]
    public static void Write(TestContext _)
    {
        s_folder = new TemporaryFolder();
        s_people = new DrawnPeople(people: 3, picturesPerPerson: 3);
        s_recognizer = s_folder.Write("recognizer.onnx", SmallRecognizers.Write());
    }

    [ClassCleanup]
    public static void Remove()
    {
        s_people.Dispose();
        s_folder.Dispose();
    }

    [TestMethod]
    public void Import_PixelsThatAreSaid_AreThoseOfTheModel()
    {
        string output = Path.Combine(s_folder.FullName, "said.zip");
        JsonElement answer = ToolProgram.Answer(0, "import", "--weights", s_recognizer, "--pixels", "bgr-imagenet", "--mirror", "--output", output);
        JsonElement file = answer.GetProperty("networkFile");
        Assert.AreEqual(("recognizer.onnx", "bgr-imagenet", "Caller"), (file.GetProperty("fileName").GetString(), file.GetProperty("pixels").GetString(), file.GetProperty("pixelsDecidedBy").GetString()));
        Assert.AreEqual((SmallRecognizers.EmbeddingSize, true), (answer.GetProperty("embeddingSize").GetInt32(), answer.GetProperty("addsMirrorImage").GetBoolean()));

        JsonElement info = ToolProgram.Answer(0, "info", output);
        Assert.AreEqual(answer.GetProperty("fingerprint").GetString(), info.GetProperty("fingerprint").GetString());
        Assert.AreEqual("recognizer.onnx", info.GetProperty("network").GetString());
        StringAssert.Contains(info.GetProperty("pixels").GetString(), "BGR, (value - (123.675, 116.28, 103.53)) / (58.395, 57.12, 57.375)");
        string photograph = s_people.AnyPicture;
        Assert.AreEqual(1, ToolProgram.Answer(0, "embed", "--model", output, photograph, "--output", Path.Combine(s_folder.FullName, "e.jsonl")).GetProperty("embedded").GetInt32());
    }

    [TestMethod]
    public void Import_FindPixelsAndCalibrate_TellWhatTheyFound()
    {
        string output = Path.Combine(s_folder.FullName, "found.zip");
        JsonElement answer = ToolProgram.Answer(0, "import", "--weights", s_recognizer, "--find-pixels", s_people.Folder, "--calibrate", s_people.Folder, "--rate", "0.5", "--output", output);
        Assert.AreEqual("Measured", answer.GetProperty("networkFile").GetProperty("pixelsDecidedBy").GetString());
        Assert.AreEqual(FacePixels.Usual.Count, answer.GetProperty("tried").GetArrayLength());
        Assert.AreEqual(0.5, answer.GetProperty("threshold").GetProperty("targetFalseMatchRate").GetDouble());
        JsonElement info = ToolProgram.Answer(0, "info", output);
        Assert.AreEqual(answer.GetProperty("threshold").GetProperty("cosine").GetDouble(), info.GetProperty("threshold").GetProperty("cosine").GetDouble());
    }

    [TestMethod]
    public void Import_FileThatNobodyKnows_WarnsOfTheGuess()
    {
        string output = Path.Combine(s_folder.FullName, "guessed.zip");
        ToolOutcome outcome = ToolProgram.Run("import", "--weights", s_recognizer, "--output", output);
        Assert.AreEqual(0, outcome.ExitCode, outcome.Error);
        StringAssert.Contains(outcome.Error, "which is a guess");
        StringAssert.Contains(outcome.Output, "Next: arcface calibrate");
    }

    [TestMethod]
    [DataRow(false), DataRow(true)]
    public void Import_Pack_TellsItsFilesApartByTheirGraphs(bool isZip)
    {
        string pack = Pack(isZip, ("w.onnx", SmallRecognizers.Write()), ("d.onnx", s_detector), ("points.onnx", SmallRecognizers.Write(size: 192)), ("broken.onnx", "no graph"u8.ToArray()), ("readme.txt", "text"u8.ToArray()));
        string output = Path.Combine(s_folder.FullName, $"pack-{isZip}.zip");
        JsonElement answer = ToolProgram.Answer(0, "import", "--pack", pack, "--pixels", "standard", "--output", output);
        Assert.AreEqual(("w.onnx", "d.onnx"), (answer.GetProperty("networkFile").GetProperty("fileName").GetString(), answer.GetProperty("detector").GetString()));
        Dictionary<string, string> leftOut = answer.GetProperty("leftOutOfPack").EnumerateArray().ToDictionary(file => file.GetProperty("file").GetString()!, file => file.GetProperty("reason").GetString()!);
        CollectionAssert.AreEquivalent(new[] { "points.onnx", "broken.onnx" }, leftOut.Keys);
        StringAssert.Contains(leftOut["points.onnx"], "reads faces of 192×192 pixels");
        Assert.AreEqual("scrfd", ToolProgram.Answer(0, "info", output).GetProperty("detector").GetProperty("network").GetString());
    }

    [TestMethod]
    public void Import_PackWithoutOneRecognizer_NamesWhatItHas()
    {
        string two = Pack(isZip: true, ("a.onnx", SmallRecognizers.Write()), ("b.onnx", SmallRecognizers.Write(outputs: 32)));
        StringAssert.Contains(Refusal(two), "2 recognizers (a.onnx, b.onnx)");
        string none = Pack(isZip: false, ("d.onnx", s_detector));
        StringAssert.Contains(Refusal(none), "no recognizers and 1 detectors (d.onnx)");
        StringAssert.Contains(Refusal(s_recognizer), "an ONNX model; give a .zip or a folder");
        string cut = s_folder.Write("cut.zip", File.ReadAllBytes(two)[..^40]);
        StringAssert.Contains(Refusal(cut), "cannot be read");

        string Refusal(string pack)
        {
            ToolOutcome outcome = ToolProgram.Run("import", "--pack", pack, "--output", Path.Combine(s_folder.FullName, "none.zip"), "--json");
            Assert.AreEqual((1, nameof(WeightsFormatException)), (outcome.ExitCode, outcome.ErrorKind));
            Assert.IsFalse(File.Exists(Path.Combine(s_folder.FullName, "none.zip")));
            return outcome.Error;
        }
    }

    private static string Pack(bool isZip, params (string Name, byte[] Bytes)[] files)
    {
        string name = Guid.NewGuid().ToString("N");
        foreach ((string file, byte[] bytes) in files)
        {
            s_folder.Write($"{name}/{file}", bytes);
        }

        string folder = Path.Combine(s_folder.FullName, name);
        if (isZip)
        {
            ZipFile.CreateFromDirectory(folder, folder + ".zip", CompressionLevel.NoCompression, includeBaseDirectory: true);
        }

        return isZip ? folder + ".zip" : folder;
    }
}
