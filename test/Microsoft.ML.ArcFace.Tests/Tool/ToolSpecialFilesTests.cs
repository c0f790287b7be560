using System.Text.Json;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>The commands on pipes, devices and sockets in place of photographs, lists and models: none waits, each says what is the matter.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
public class ToolSpecialFilesTests
{
    private static DrawnPeople s_people = null!;
    private static string s_model = "";

    [ClassInitialize]
    public static void SaveModel(TestContext _)
    {
        s_people = new DrawnPeople(people: 2, picturesPerPerson: 2);
        s_model = Path.Combine(s_people.Folder, "..", Path.GetFileName(s_people.Folder) + ".zip");
        var ml = new MLContext(seed: 1);
        IDataView photographs = ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        using FaceEmbeddingTransformer embedding = Embedding.FaceEmbeddingTransformerTests.Create();
        ml.Model.Save(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(photographs).Append(embedding).WithThreshold(Thresholds.Of(0.4)), photographs.Schema, s_model);
    }

    [ClassCleanup]
    public static void Remove()
    {
        File.Delete(s_model);
        s_people.Dispose();
    }

    [TestMethod]
    public void Embed_FolderWithSpecialFiles_CountsThemAndEmbedsTheRest()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Directory.EnumerateFiles(s_people.Folder, "*.jpg", SearchOption.AllDirectories).First(), Path.Combine(folder.FullName, "1.jpg"));
        SpecialFiles.Pipe(folder, "2.jpg");
        SpecialFiles.EndlessDevice(folder, "3.jpg");
        ToolOutcome outcome = SpecialFiles.WithoutWaiting(() => ToolProgram.Run("embed", "--model", s_model, folder.FullName, "--output", Path.Combine(folder.FullName, "e.csv"), "--json"));
        Assert.AreEqual(0, outcome.ExitCode, outcome.Error);
        Assert.AreEqual(1, outcome.Json.GetProperty("embedded").GetInt32());
        string[] reasons = [.. outcome.Json.GetProperty("leftOut").EnumerateArray().Select(files => files.GetProperty("reason").GetString()!)];
        CollectionAssert.AreEqual(new[] { "namedPipe", "device" }, reasons);
        Assert.Contains("1 named pipe (2.jpg)", outcome.Error);
    }

    [TestMethod]
    public void Embed_PipeAmongPhotographs_FailsOrIsLeftOut()
    {
        using var folder = new TemporaryFolder();
        string photograph = Directory.EnumerateFiles(s_people.Folder, "*.jpg", SearchOption.AllDirectories).First();
        string pipe = SpecialFiles.Pipe(folder, "pipe.jpg"), output = Path.Combine(folder.FullName, "e.csv");
        ToolOutcome failed = SpecialFiles.WithoutWaiting(() => ToolProgram.Run("embed", "--model", s_model, photograph, pipe, "--output", output, "--json"));
        Assert.AreEqual((1, nameof(FaceImageException)), (failed.ExitCode, failed.ErrorKind));
        Assert.Contains($"'{pipe}' cannot be read: it is a named pipe", failed.Error);
        Assert.IsEmpty(Directory.GetFiles(folder.FullName, "e.csv*"), "Nothing half written is left.");

        ToolOutcome skipped = SpecialFiles.WithoutWaiting(() => ToolProgram.Run("embed", "--model", s_model, photograph, pipe, "--output", output, "--skip-unusable", "--json"));
        Assert.AreEqual(0, skipped.ExitCode, skipped.Error);
        Assert.AreEqual(pipe, skipped.Json.GetProperty("unusable")[0].GetString());
    }

    [TestMethod]
    public void Embed_PipeInThePlaceOfTheList_LeavesNothing()
    {
        using var folder = new TemporaryFolder();
        string photograph = Directory.EnumerateFiles(s_people.Folder, "*.jpg", SearchOption.AllDirectories).First(), pipe = SpecialFiles.Pipe(folder, "e.txt");
        ToolOutcome failed = SpecialFiles.WithoutWaiting(() => ToolProgram.Run("embed", "--model", s_model, photograph, "--output", Path.Combine(folder.FullName, "e.npy")));
        Assert.AreEqual(1, failed.ExitCode);
        Assert.Contains($"'{pipe}' is a named pipe", failed.Error);
        Assert.AreEqual(pipe, Directory.GetFiles(folder.FullName).Single());
    }

    [TestMethod]
    [DataRow("info", "SPECIAL")]
    [DataRow("info", "--model", "SPECIAL")]
    [DataRow("verify", "--model", "SPECIAL", "PHOTOGRAPH", "PHOTOGRAPH")]
    [DataRow("verify", "--model", "MODEL", "SPECIAL", "PHOTOGRAPH")]
    [DataRow("enroll", "--model", "MODEL", "--gallery", "OUTPUT", "--person", "Ada", "SPECIAL")]
    [DataRow("enroll", "--model", "MODEL", "--gallery", "SPECIAL", "--person", "Ada", "PHOTOGRAPH")]
    [DataRow("identify", "--model", "MODEL", "--gallery", "SPECIAL", "PHOTOGRAPH")]
    [DataRow("people", "--gallery", "SPECIAL")]
    [DataRow("export", "--model", "SPECIAL", "--output", "OUTPUT.onnx")]
    [DataRow("export", "--model", "MODEL", "--output", "SPECIAL.onnx")]
    [DataRow("enroll", "--model", "MODEL", "--gallery", "OUTPUT", "--key-file", "SPECIAL", "--person", "Ada", "PHOTOGRAPH")]
    [DataRow("calibrate", "--model", "MODEL", "--data", "PEOPLE", "--pairs", "SPECIAL", "--output", "OUTPUT")]
    [DataRow("train", "--list", "SPECIAL", "--output", "OUTPUT")]
    [DataRow("train", "--records", "SPECIAL", "--output", "OUTPUT")]
    [DataRow("train", "--data", "PEOPLE", "--weights", "SPECIAL", "--output", "OUTPUT")]
    [DataRow("train", "--data", "PEOPLE", "--detector", "SPECIAL", "--output", "OUTPUT")]
    [DataRow("pack", "--data", "PEOPLE", "--pairs", "SPECIAL", "--output", "OUTPUT")]
    public void Command_SpecialFile_SaysWhatItIs(params string[] command)
    {
        using var folder = new TemporaryFolder();
        string photograph = Directory.EnumerateFiles(s_people.Folder, "*.jpg", SearchOption.AllDirectories).First();
        foreach ((string special, string kind) in new[] { (SpecialFiles.Pipe(folder, "pipe"), "a named pipe"), (SpecialFiles.EndlessDevice(folder, "zero"), "a device") })
        {
            string[] arguments = [.. command.Select(word => word switch
            {
                "SPECIAL" => special,
                "PHOTOGRAPH" => photograph,
                "MODEL" => s_model,
                "PEOPLE" => s_people.Folder,
                "OUTPUT" => Path.Combine(folder.FullName, "output"),
                "SPECIAL.onnx" => SpecialFiles.Link(folder, Path.GetFileName(special) + ".onnx", special),
                "OUTPUT.onnx" => Path.Combine(folder.FullName, "output.onnx"),
                _ => word,
            })];
            ToolOutcome outcome = SpecialFiles.WithoutWaiting(() => ToolProgram.Run(arguments));
            Assert.AreEqual(1, outcome.ExitCode, outcome.Error);
            Assert.Contains(special, outcome.Error, "A link is named by its own name, which begins alike.");
            Assert.Contains($"is {kind}", outcome.Error);
        }
    }
}
