using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tests.Tool;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Integration;

/// <summary>Every command that writes, on a file system of 1 MiB that build/integration.sh mounts: each fails, says so, and leaves what was there.</summary>
[TestClass]
[RequiresIntegration(Disk)]
[DoNotParallelize]
public class FullDiskTests
{
    private const string Disk = "small-disk";

    private static string Folder => Path.Combine(IntegrationFiles.Folder, Disk);

    private static DrawnPeople s_people = null!;
    private static string s_model = "";

    [ClassInitialize]
    public static void SaveModel(TestContext _)
    {
        s_people = new DrawnPeople(people: 4, picturesPerPerson: 4);
        s_model = s_people.Folder + ".zip";
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

    /// <summary>The error comes with a write, with the last flush, or with none because nothing more is written.</summary>
    [TestMethod]
    [DataRow(1000, 3000)]
    [DataRow(65_536, 40)]
    [DataRow(100, 1)]
    public void WholeFile_DiskFull_LeavesTheFileBeforeAndNoPart(int size, int count)
    {
        string path = Write("file", [1]);
        Fill();
        IOException error = Assert.ThrowsExactly<IOException>(() =>
        {
            using var file = new WholeFile(path);
            byte[] bytes = new byte[size];
            for (int time = 0; time < count; time++)
            {
                file.Stream.Write(bytes);
            }

            file.Complete();
        });
        Assert.Contains("No space left", error.Message);
        AssertOnly("file", "filling");
        CollectionAssert.AreEqual(new byte[] { 1 }, File.ReadAllBytes(path));
    }

    [TestMethod]
    [DataRow("x.zip", "calibrate", "--model", "MODEL", "--data", "PEOPLE", "--rate", "0.2", "--output", "OUTPUT")]
    [DataRow("x.zip", "train", "--data", "PEOPLE", "--epochs", "1", "--batch", "8", "--embedding-size", "32", "--output", "OUTPUT")]
    [DataRow("x.csv", "embed", "--model", "MODEL", "PEOPLE", "--output", "OUTPUT")]
    [DataRow("x.jsonl", "embed", "--model", "MODEL", "PEOPLE", "--output", "OUTPUT")]
    [DataRow("x.npy", "embed", "--model", "MODEL", "PEOPLE", "--output", "OUTPUT")]
    [DataRow("x.onnx", "export", "--model", "MODEL", "--output", "OUTPUT")]
    [DataRow("x.safetensors", "export", "--model", "MODEL", "--output", "OUTPUT")]
    [DataRow("x.html", "report", "--model", "MODEL", "--data", "PEOPLE", "--output", "OUTPUT")]
    [DataRow("train.rec", "pack", "--data", "PEOPLE", "--output", "FOLDER")]
    public void Command_DiskFull_SaysSoAndLeavesWhatWasThere(string output, params string[] command)
    {
        // A file that is no model would be refused as such.
        byte[] before = output.EndsWith(".zip", StringComparison.Ordinal) ? File.ReadAllBytes(s_model) : [1];
        string path = Write(output, before);
        Fill();
        ToolOutcome outcome = ToolProgram.Run([.. command.Select(word => word switch { "MODEL" => s_model, "PEOPLE" => s_people.Folder, "OUTPUT" => path, "FOLDER" => Folder, _ => word })]);
        Assert.AreEqual(1, outcome.ExitCode, outcome.Error);
        Assert.Contains("No space left", outcome.Error);
        AssertOnly(output, "filling");
        CollectionAssert.AreEqual(before, File.ReadAllBytes(path));
    }

    /// <summary>Empties the disk and writes one file.</summary>
    private static string Write(string name, byte[] bytes)
    {
        Array.ForEach(Directory.GetFiles(Folder), File.Delete);
        string path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>Takes all blocks that are left; files without any can still be made.</summary>
    private static void Fill()
    {
        using FileStream filling = new(Path.Combine(Folder, "filling"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
            {
                filling.Write(new byte[4096]);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    private static void AssertOnly(params string[] names) =>
        CollectionAssert.AreEquivalent(names, Directory.GetFiles(Folder).Select(Path.GetFileName).ToArray());
}
