using System.IO.Compression;
using System.Text;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

[TestClass]
public class LoadModelTests
{
    private static readonly MLContext Ml = new(seed: 1);
    private static DrawnPeople s_people = null!;
    private static IDataView s_data = null!;
    private static string s_zip = "";

    [ClassInitialize]
    public static void Save(TestContext _)
    {
        s_people = new DrawnPeople(people: 2, picturesPerPerson: 2);
        s_data = Ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        s_zip = Path.Combine(s_people.Folder, "faces.zip");
        using FaceEmbeddingTransformer transformer = FaceEmbeddingTransformerTests.Create();
        Ml.Model.Save(Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(s_data).Append(transformer), s_data.Schema, s_zip);
    }

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestMethod]
    public void LoadModel_NoFolderForTemporaryFiles_EmbedsAsMLNetsLoadDoes()
    {
        ITransformer expected = Ml.Model.Load(s_zip, out DataViewSchema expectedSchema);
        var ml = new MLContext { TempFilePath = FileInPlaceOfFolder() };
        Assert.Throws<Exception>(() => ml.Model.Load(s_zip, out _), "ML.NET's own needs the folder.");
        ITransformer loaded = ml.FaceRecognition().LoadModel(s_zip, out DataViewSchema? schema);
        CollectionAssert.AreEqual(expectedSchema.Select(column => column.Name).ToArray(), schema!.Select(column => column.Name).ToArray());
        CollectionAssert.AreEqual(Embeddings(expected), Embeddings(loaded));
        ((IDisposable)expected).Dispose();
        ((IDisposable)loaded).Dispose();
    }

    [TestMethod]
    public void Load_TooLargeForMemory_TakesTemporaryFilesOrNamesTheFolder()
    {
        var ml = new MLContext { TempFilePath = FileInPlaceOfFolder() };
        IOException error = Assert.Throws<IOException>(() => FaceModelFile.Load(ml, s_zip, out _, mostBytesInMemory: 1000));
        StringAssert.StartsWith(error.Message, $"The model '{s_zip}' is too large to be unpacked in memory, and the folder for temporary files, '{ml.TempFilePath}', cannot be written to (");
        foreach (string remedy in new[] { "TMPDIR", "--temp", "FaceEmbedder.Options.TemporaryFolder", "MLContext.TempFilePath" })
        {
            StringAssert.Contains(error.Message, remedy);
        }

        using var folder = new TemporaryFolder();
        ml.TempFilePath = folder.FullName;
        ITransformer loaded = FaceModelFile.Load(ml, s_zip, out _, mostBytesInMemory: 1000);
        Assert.HasCount(16 * 4, Embeddings(loaded));
        ((IDisposable)loaded).Dispose();
        Assert.IsEmpty(Directory.GetFileSystemEntries(folder.FullName));
    }

    [TestMethod]
    public void LoadModel_AssemblyThatTheProgramDoesNotBring_IsNamed()
    {
        const string present = "Microsoft.ML.ArcFace.Embedding", absent = "Microsoft.ML.ArcFace.Elsewhere";
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.FullName, "faces.zip");
        using (ZipArchive source = ZipFile.OpenRead(s_zip))
        using (var target = new ZipArchive(File.Create(path), ZipArchiveMode.Create))
        {
            foreach (ZipArchiveEntry entry in source.Entries)
            {
                using var bytes = new MemoryStream();
                using (Stream stream = entry.Open())
                {
                    stream.CopyTo(bytes);
                }

                // The name of the loader's assembly stands in the header in UTF-16; Latin-1 keeps each byte.
                string text = Encoding.Latin1.GetString(bytes.ToArray()).Replace(Utf16(present), Utf16(absent), StringComparison.Ordinal);
                using Stream copy = target.CreateEntry(entry.FullName).Open();
                copy.Write(Encoding.Latin1.GetBytes(text));
            }
        }

        string message = Assert.ThrowsExactly<InvalidOperationException>(() => Ml.FaceRecognition().LoadModel(path, out _)).Message;
        Assert.Contains(path, message);
        Assert.Contains($"it needs the assembly {absent}, which this program does not bring", message);

        static string Utf16(string text) => Encoding.Latin1.GetString(Encoding.Unicode.GetBytes(text));
    }

    [TestMethod]
    public void SaveModel_NoFolderForTemporaryFiles_WritesWhatMLNetLoads()
    {
        using var folder = new TemporaryFolder();
        string zip = Path.Combine(folder.FullName, "saved.zip");
        var ml = new MLContext { TempFilePath = FileInPlaceOfFolder() };
        ITransformer model = ml.FaceRecognition().LoadModel(s_zip, out DataViewSchema? schema);
        ml.FaceRecognition().SaveModel(model, schema, zip);
        ml.FaceRecognition().SaveModel(model, schema, zip);
        ITransformer loaded = Ml.Model.Load(zip, out DataViewSchema loadedSchema);
        CollectionAssert.AreEqual(schema!.Select(column => column.Name).ToArray(), loadedSchema.Select(column => column.Name).ToArray());
        CollectionAssert.AreEqual(Embeddings(model), Embeddings(loaded));
        CollectionAssert.AreEqual(new[] { zip }, Directory.GetFileSystemEntries(folder.FullName), "Nothing is left beside it.");
        ((IDisposable)model).Dispose();
        ((IDisposable)loaded).Dispose();
    }

    [TestMethod]
    [DataRow("half.zip", "a .zip that is not whole", "copied or downloaded in part")]
    [DataRow("empty.zip", "empty (0 bytes)", "Copy or download it again")]
    [DataRow("page.zip", "a web page (HTML)", "download the file itself")]
    [DataRow("people.db", "an SQLite database", "--gallery")]
    [DataRow("other.zip", "an ML.NET model (.zip) without a face embedding", "ml.Model.Load loads others")]
    public void LoadModel_FileOfAnotherKind_NamesItAndTheRemedy(string name, string what, string remedy)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write(name, name switch
        {
            "half.zip" => File.ReadAllBytes(s_zip)[..4000],
            "page.zip" => "<!DOCTYPE html><html></html>"u8.ToArray(),
            "people.db" => [.. "SQLite format 3\0"u8, 16, 0],
            _ => [],
        });
        if (name == "other.zip")
        {
            Ml.Model.Save(Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(s_data), s_data.Schema, path);
        }

        foreach (Action load in new Action[] { () => Ml.FaceRecognition().LoadModel(path, out _), () => new FaceEmbedder(path).Dispose() })
        {
            string message = Assert.ThrowsExactly<WeightsFormatException>(load).Message;
            StringAssert.Contains(message, $"'{path}'");
            StringAssert.Contains(message, what);
            StringAssert.Contains(message, remedy);
        }
    }

    [TestMethod]
    public void LoadModel_DamagedInside_NamesTheFile()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = File.ReadAllBytes(s_zip);
        for (int i = bytes.Length / 2; i < (bytes.Length / 2) + 100; i++)
        {
            bytes[i] ^= 0x55;
        }

        string path = folder.Write("damaged.zip", bytes);
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => Ml.FaceRecognition().LoadModel(path, out _)).Message, $"The model '{path}' cannot be loaded: ");
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => Ml.FaceRecognition().LoadModel(folder.FullName, out _)).Message, "is a folder");
    }

    private static string FileInPlaceOfFolder()
    {
        string path = Path.Combine(s_people.Folder, "no-folder");
        File.WriteAllText(path, "");
        return path;
    }

    private static float[] Embeddings(ITransformer model) => [.. model.Transform(s_data).GetColumn<float[]>("Embedding").SelectMany(vector => vector)];
}
