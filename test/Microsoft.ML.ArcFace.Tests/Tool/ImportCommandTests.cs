using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using SkiaSharp;

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
    [DataRow("--find-pixels"), DataRow("--calibrate")]
    public void Import_PhotographsThatAreNotAligned_AreRefusedUnlessAllowed(string option)
    {
        string camera = Path.Combine(s_folder.FullName, "camera" + option);
        foreach (string photograph in Directory.EnumerateFiles(s_people.Folder, "*.jpg", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(camera, Path.GetRelativePath(s_people.Folder, photograph));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            using SKBitmap face = SKBitmap.Decode(photograph);
            using SKBitmap wide = face.Resize(new SKImageInfo(160, 120), SKFilterQuality.Medium);
            using SKData encoded = wide.Encode(SKEncodedImageFormat.Jpeg, 95);
            File.WriteAllBytes(copy, encoded.ToArray());
        }

        string output = Path.Combine(s_folder.FullName, $"camera{option}.zip");
        string[] command = ["import", "--weights", s_recognizer, option, camera, "--output", output, .. option == "--calibrate" ? (string[])["--rate", "0.5"] : []];
        ToolOutcome refused = ToolProgram.Run(command);
        Assert.AreEqual(1, refused.ExitCode, refused.Error);
        StringAssert.Contains(refused.Error, "160×120 pixels, but aligned faces of 112×112 are required");
        StringAssert.Contains(refused.Error, "--detector");
        StringAssert.Contains(refused.Error, "or give --allow-unaligned");
        Assert.DoesNotContain("--require-aligned", refused.Error);
        Assert.IsFalse(File.Exists(output));

        ToolOutcome allowed = ToolProgram.Run([.. command, "--allow-unaligned"]);
        Assert.AreEqual(0, allowed.ExitCode, allowed.Error);
        StringAssert.Contains(allowed.Error, "is no aligned face of 112×112 pixels");
    }

    [TestMethod]
    [DataRow("import", "--weights"), DataRow("import", "--detector"), DataRow("train", "--weights"), DataRow("train", "--teacher")]
    public void Output_FileThatIsReadOrNoModel_IsKept(string command, string option)
    {
        string file = s_folder.Write($"{command}{option}.onnx", option == "--detector" ? s_detector : SmallRecognizers.Write()), list = s_folder.Write("list.txt", "a list\n"u8.ToArray());
        byte[] before = File.ReadAllBytes(file);
        string[] start = [command, option, file, .. command == "train" ? (string[])["--data", s_people.Folder, "--epochs", "1"] : option == "--weights" ? [] : ["--weights", s_recognizer]];
        foreach ((string output, string what) in new[] { (file, $"which {option} reads"), (s_recognizer, "which is an ONNX model"), (list, "would be replaced by the model") })
        {
            ToolOutcome outcome = ToolProgram.Run([.. start, "--output", output]);
            Assert.AreEqual(1, outcome.ExitCode, outcome.Error);
            StringAssert.Contains(outcome.Error, output == s_recognizer && start.Contains(s_recognizer) ? "which --weights reads" : what);
        }

        CollectionAssert.AreEqual(before, File.ReadAllBytes(file));
        Assert.AreEqual("a list\n", File.ReadAllText(list));
    }

    [TestMethod]
    public void Train_FromAModelWithADetector_SaysThatItIsNotTakenOnAndThatPixelsAreTheModels()
    {
        string model = Path.Combine(s_folder.FullName, "detecting.zip"), output = Path.Combine(s_folder.FullName, "trained.zip");
        ToolProgram.Answer(0, "import", "--weights", s_recognizer, "--detector", s_folder.Write("d.onnx", s_detector), "--pixels", "standard", "--output", model);
        ToolOutcome outcome = ToolProgram.Run("train", "--data", s_people.Folder, "--weights", model, "--epochs", "1", "--output", output);
        Assert.AreEqual(0, outcome.ExitCode, outcome.Error);
        StringAssert.Contains(outcome.Error, "takes on its network alone");
        outcome = ToolProgram.Run("train", "--data", s_people.Folder, "--weights", model, "--pixels", "imagenet", "--epochs", "1", "--output", output);
        Assert.AreEqual(1, outcome.ExitCode, outcome.Error);
        StringAssert.Contains(outcome.Error, "--pixels is set, but");
        StringAssert.Contains(outcome.Error, "has its pixels in itself");
    }

    [TestMethod]
    public void Import_TooFewPairsForTheRate_AreToldBeforeThePixelsAreSearched()
    {
        string output = Path.Combine(s_folder.FullName, "few.zip");
        ToolOutcome outcome = ToolProgram.Run("import", "--weights", s_recognizer, "--find-pixels", s_people.Folder, "--calibrate", s_people.Folder, "--output", output);
        Assert.AreEqual(1, outcome.ExitCode, outcome.Error);
        StringAssert.Contains(outcome.Error, $"--calibrate '{s_people.Folder}'");
        StringAssert.Contains(outcome.Error, "it takes at least 10/rate = 10000");
        Assert.IsFalse(outcome.Error.Contains("as good as the best", StringComparison.Ordinal), outcome.Error);
    }

    [TestMethod]
    [DataRow("--allow-unaligned"), DataRow("--skip-unusable")]
    public void Import_OptionAboutPhotographsThatAreNotRead_IsAnErrorOfTheCommandLine(string option)
    {
        ToolOutcome outcome = ToolProgram.Run("import", "--weights", s_recognizer, option, "--output", Path.Combine(s_folder.FullName, "none.zip"));
        Assert.AreEqual(2, outcome.ExitCode, outcome.Error);
        StringAssert.Contains(outcome.Error, $"{option} is about photographs, and none are read");
    }

    [TestMethod]
    public void Import_AllowUnalignedBesideADetector_IsAnErrorOfTheCommandLine()
    {
        ToolOutcome outcome = ToolProgram.Run("import", "--weights", s_recognizer, "--detector", s_folder.Write("d.onnx", s_detector), "--find-pixels", s_people.Folder, "--allow-unaligned", "--output", Path.Combine(s_folder.FullName, "none.zip"));
        Assert.AreEqual(2, outcome.ExitCode, outcome.Error);
        StringAssert.Contains(outcome.Error, "give one of them");
    }

    [TestMethod]
    [DataRow("--backbone", "mbf"), DataRow("--embedding-size", "512")]
    public void Train_NetworkBesideAGraph_IsAnErrorOfTheCommandLine(string option, string value)
    {
        ToolOutcome outcome = ToolProgram.Run("train", "--data", s_people.Folder, "--weights", s_recognizer, option, value, "--output", Path.Combine(s_folder.FullName, "none.zip"));
        Assert.AreEqual(2, outcome.ExitCode, outcome.Error);
        StringAssert.Contains(outcome.Error, $"{option} is given, but --weights '{s_recognizer}' is an ONNX model, which has its network in itself. Leave {option} out.");
    }

    [TestMethod]
    [DataRow("--teacher-weight", "50"), DataRow("--teacher-relations", "5"), DataRow("--teacher-views", "2"), DataRow("--teacher-mixed", "0.5"), DataRow("--unlabeled", "")]
    public void Train_OptionOfATeacherWithoutOne_IsAnErrorOfTheCommandLine(string option, string value)
    {
        ToolOutcome outcome = ToolProgram.Run("train", "--data", s_people.Folder, option, value.Length > 0 ? value : s_people.Folder, "--output", Path.Combine(s_folder.FullName, "none.zip"));
        Assert.AreEqual(2, outcome.ExitCode, outcome.Error);
        StringAssert.Contains(outcome.Error, $"{option} is for what a model teaches");
    }

    [TestMethod]
    public void Train_UnlabeledPhotographsInNoFoldersOfPeople_AreTaught()
    {
        string anybody = Path.Combine(s_folder.FullName, "anybody"), output = Path.Combine(s_folder.FullName, "taught.zip"), checkpoints = Path.Combine(s_folder.FullName, "taught");
        Directory.CreateDirectory(Path.Combine(anybody, "deep", "deeper"));
        string[] photographs = [.. Directory.EnumerateFiles(s_people.Folder, "*.jpg", SearchOption.AllDirectories)];
        File.Copy(photographs[0], Path.Combine(anybody, "0.jpg"));
        File.Copy(photographs[1], Path.Combine(anybody, "deep", "1.jpg"));
        File.Copy(photographs[2], Path.Combine(anybody, "deep", "deeper", "2.jpg"));
        string[] command = ["train", "--data", s_people.Folder, "--teacher", s_recognizer, "--unlabeled", anybody, "--epochs", "1", "--embedding-size", "16", "--checkpoints", checkpoints, "--output", output];
        ToolOutcome taught = ToolProgram.Run([.. command, "--teacher-relations", "5", "--teacher-views", "2", "--teacher-mixed", "0.5", "--verbose"]);
        Assert.AreEqual(0, taught.ExitCode, taught.Error);
        StringAssert.Contains(taught.Error, "3 photographs without labels");

        ToolOutcome changed = ToolProgram.Run([.. command, "--teacher-relations", "6", "--teacher-views", "2", "--teacher-mixed", "0.5", "--teacher-weight", "21"]);
        Assert.AreEqual(1, changed.ExitCode, changed.Error);
        StringAssert.Contains(changed.Error, "are of another run: --teacher-weight is 21, it was 20; --teacher-relations is 6, it was 5. To go on");
        File.Delete(Path.Combine(anybody, "deep", "1.jpg"));
        ToolOutcome fewer = ToolProgram.Run([.. command, "--teacher-relations", "5", "--teacher-views", "2", "--teacher-mixed", "0.5"]);
        Assert.AreEqual(1, fewer.ExitCode, fewer.Error);
        StringAssert.Contains(fewer.Error, "are of another run: --unlabeled has other photographs");

        ToolOutcome unseen = ToolProgram.Run([.. command, "--teacher-views", "0"]);
        Assert.AreEqual(2, unseen.ExitCode, unseen.Error);
        StringAssert.Contains(unseen.Error, "--teacher-views is 0, so that nothing of --unlabeled would be seen");
        Directory.Delete(anybody, recursive: true);
        Directory.CreateDirectory(anybody);
        ToolOutcome none = ToolProgram.Run(command);
        Assert.AreEqual(1, none.ExitCode, none.Error);
        StringAssert.Contains(none.Error, $"--unlabeled is '{anybody}', which holds no photographs");
    }

    [TestMethod]
    public void Train_RenewNormsWhereThereIsNoPlace_IsRefused()
    {
        string weights = s_folder.Write("bare.onnx", SmallRecognizers.WriteWithNorm().File);
        ToolOutcome outcome = ToolProgram.Run("train", "--data", s_people.Folder, "--weights", weights, "--pixels", "standard", "--renew-norms", "--epochs", "1", "--output", Path.Combine(s_folder.FullName, "none.zip"));
        Assert.AreEqual(1, outcome.ExitCode, outcome.Error);
        StringAssert.Contains(outcome.Error, "--renew-norms is set, but");
        StringAssert.Contains(outcome.Error, "there is none to make anew");
    }

    [TestMethod]
    public void Import_Pairs_AreThoseThatAreCalibratedOn()
    {
        string[] pictures = [.. Directory.EnumerateFiles(s_people.Folder, "*.jpg", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(s_people.Folder, file)).Order(StringComparer.Ordinal)];
        string[] people = [.. pictures.Select(file => Path.GetDirectoryName(file)!).Distinct()];
        string pairs = s_folder.Write("pairs.txt", Encoding.UTF8.GetBytes($"2\t2\n{string.Concat(Enumerable.Range(0, 2).Select(_ => $"{people[0]}\t1\t2\n{people[1]}\t1\t2\n{people[0]}\t1\t{people[1]}\t1\n{people[1]}\t2\t{people[2]}\t1\n"))}"));
        string[] command = ["import", "--weights", s_recognizer, "--pairs", pairs, "--rate", "0.9", "--output", Path.Combine(s_folder.FullName, "pairs.zip")];
        Assert.AreEqual(2, ToolProgram.Run(command).ExitCode);                     // --pairs without --calibrate
        ToolOutcome outcome = ToolProgram.Run([.. command, "--calibrate", s_people.Folder]);
        Assert.AreEqual(1, outcome.ExitCode, outcome.Error);
        StringAssert.Contains(outcome.Error, "cannot be calibrated on 4 impostor pairs");
    }

    [TestMethod]
    public void Import_Calibrated_SaysWhatAGalleryAsksForAndWhatComesNext()
    {
        string output = Path.Combine(s_folder.FullName, "next.zip"), gallery = Path.Combine(s_folder.FullName, "next.db");
        ToolOutcome import = ToolProgram.Run("import", "--weights", s_recognizer, "--calibrate", s_people.Folder, "--rate", "0.5", "--output", output);
        Assert.AreEqual(0, import.ExitCode, import.Error);
        StringAssert.Contains(import.Output, "among 100 photographs");
        StringAssert.Contains(import.Output, "Next: arcface enroll --model");
        Assert.IsFalse(ToolProgram.Run("enroll", "--model", output, "--gallery", gallery, "--data", s_people.Folder).Error.Contains("no threshold", StringComparison.Ordinal));

        string without = Path.Combine(s_folder.FullName, "without.zip");
        ToolProgram.Answer(0, "import", "--weights", s_recognizer, "--output", without);
        ToolOutcome enroll = ToolProgram.Run("enroll", "--model", without, "--gallery", Path.Combine(s_folder.FullName, "without.db"), "--data", s_people.Folder);
        Assert.AreEqual(0, enroll.ExitCode, enroll.Error);
        StringAssert.Contains(enroll.Error, "has no threshold yet");
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
        StringAssert.Contains(leftOut["points.onnx"], "reads pictures of 192×192 pixels (height × width), and is taken for landmarks");
        Assert.AreEqual("scrfd", ToolProgram.Answer(0, "info", output).GetProperty("detector").GetProperty("network").GetString());
    }

    [TestMethod]
    [DataRow(160, 160), DataRow(112, 96)]
    public void Import_PackWithARecognizerOfAnotherSizeAlone_TakesIt(int height, int width)
    {
        byte[] recognizer = SmallRecognizers.Write(size: height, width: width);
        string output = Path.Combine(s_folder.FullName, $"pack-{height}-{width}.zip"), alone = Path.Combine(s_folder.FullName, $"alone-{height}-{width}.zip");
        JsonElement answer = ToolProgram.Answer(0, "import", "--pack", Pack(isZip: true, ("w.onnx", recognizer), ("d.onnx", s_detector)), "--pixels", "standard", "--output", output);
        Assert.AreEqual(("w.onnx", "d.onnx", 0), (answer.GetProperty("networkFile").GetProperty("fileName").GetString(), answer.GetProperty("detector").GetString(), answer.GetProperty("leftOutOfPack").GetArrayLength()));
        JsonElement byWeights = ToolProgram.Answer(0, "import", "--weights", s_folder.Write("other-size.onnx", recognizer), "--pixels", "standard", "--output", alone);
        Assert.AreEqual(byWeights.GetProperty("fingerprint").GetString(), answer.GetProperty("fingerprint").GetString());
    }

    [TestMethod]
    public void Import_PackWithoutOneRecognizer_NamesWhatItHas()
    {
        StringAssert.Contains(Refusal(Pack(isZip: true, ("a.onnx", SmallRecognizers.Write(size: 160)), ("b.onnx", SmallRecognizers.Write(size: 192)))), "2 recognizers (a.onnx, b.onnx)");
        StringAssert.Contains(Refusal(Pack(isZip: true, ("a.onnx", SmallRecognizers.Write(size: 480)))), "'a.onnx' reads faces of 480×480 pixels (height × width); read are faces 56 to 448 pixels high");
        string two = Pack(isZip: true, ("a.onnx", SmallRecognizers.Write()), ("b.onnx", SmallRecognizers.Write(outputs: 32)));
        StringAssert.Contains(Refusal(two), "2 recognizers (a.onnx, b.onnx)");
        string none = Pack(isZip: false, ("d.onnx", s_detector));
        StringAssert.Contains(Refusal(none), "no recognizer and 1 detector (d.onnx)");
        StringAssert.Contains(Refusal(s_recognizer), "an ONNX model; give a .zip or a folder");
        StringAssert.Contains(Refusal(Pack(isZip: true, ("readme.txt", "text"u8.ToArray()))), "has no .onnx files");
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
