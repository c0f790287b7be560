using System.IO.Compression;
using System.Text;
using Microsoft.ML.ArcFace.Benchmarks;
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
        Assert.IsFalse(expected.FaceEmbedding().Model.HoldsWeightsInMemory);
        Assert.IsTrue(loaded.FaceEmbedding().Model.HoldsWeightsInMemory);
        ((IDisposable)expected).Dispose();
        ((IDisposable)loaded).Dispose();
    }

    [TestMethod]
    public void LoadModel_NoRoomForTemporaryFiles_SaysSoAndSavesTheSameWeights()
    {
        using var folder = new TemporaryFolder();
        using SmallDisk disk = SmallDisk.Mount(Path.Combine(folder.FullName, "place"), megabytes: 1);
        var ml = new MLContext { TempFilePath = disk.Folder };
        var lines = new List<string>();
        ml.Log += (_, line) => lines.Add(line.Message);
        ITransformer loaded = ml.FaceRecognition().LoadModel(s_zip, out DataViewSchema? schema);
        Assert.IsTrue(loaded.FaceEmbedding().Model.HoldsWeightsInMemory);
        Assert.HasCount(1, lines.Where(line => line.Contains("in memory twice", StringComparison.Ordinal)));
        string saved = Path.Combine(folder.FullName, "saved.zip");
        ml.FaceRecognition().SaveModel(loaded, schema, saved);
        CollectionAssert.AreEqual(WeightsIn(File.ReadAllBytes(s_zip)), WeightsIn(File.ReadAllBytes(saved)));
        ((IDisposable)loaded).Dispose();
    }

    [TestMethod]
    public void Save_ZipOfTheModelIsGone_WritesTheSameWeights()
    {
        using var folder = new TemporaryFolder();
        var ml = new MLContext { TempFilePath = Path.Combine(folder.FullName, "temporary") };
        byte[] original = File.ReadAllBytes(s_zip);
        string overwritten = folder.Write("overwritten.zip", original), deleted = folder.Write("deleted.zip", original);
        using var stream = new MemoryStream(original, writable: false);
        ITransformer[] models = [ml.FaceRecognition().LoadModel(overwritten, out DataViewSchema? schema), ml.Model.Load(deleted, out _), ml.Model.Load(stream, out _)];
        stream.Dispose();
        File.Delete(deleted);
        File.WriteAllBytes(overwritten, new byte[original.Length]);
        byte[] expected = WeightsIn(original);
        foreach (ITransformer model in models)
        {
            // Before the weights are folded, and after it; to a stream that can only be written forwards, too.
            CollectionAssert.AreEqual(expected, WeightsIn(Saved(model)));
            _ = Embeddings(model);
            CollectionAssert.AreEqual(expected, WeightsIn(Saved(model)));
            ((IDisposable)model).Dispose();
        }

        Assert.IsEmpty(Directory.GetFileSystemEntries(ml.TempFilePath));

        byte[] Saved(ITransformer model)
        {
            using var bytes = new MemoryStream();
            using var forwards = new ForwardOnlyStream(bytes);
            ml.Model.Save(model, schema, forwards);
            return bytes.ToArray();
        }
    }

    [TestMethod]
    public void Embed_ModelOfAFile_HoldsNoWeightsInManagedMemory()
    {
        using var folder = new TemporaryFolder();
        string weights = Path.Combine(folder.FullName, "mbf.safetensors"), zip = Path.Combine(folder.FullName, "mbf.zip");
        RandomWeights.Write(BackboneArchitecture.MobileFaceNet, weights);
        IDataView images = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(s_data).Transform(s_data);
        using (FaceEmbeddingTransformer first = Ml.Transforms.EmbedFaces("Embedding", "Image", weights, BackboneArchitecture.MobileFaceNet).Fit(images))
        {
            Ml.Model.Save(first, images.Schema, zip);
        }

        long size = new FileInfo(weights).Length, before = GC.GetTotalMemory(forceFullCollection: true);
        ITransformer loaded = Ml.Model.Load(zip, out _);
        Assert.HasCount(512 * 4, loaded.Transform(images).GetColumn<float[]>("Embedding").SelectMany(vector => vector).ToArray());
        long held = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(loaded);
        Assert.IsFalse(loaded.FaceEmbedding().Model.HoldsWeightsInMemory);
        Assert.IsLessThan(size / 4, held, $"{size} bytes of weights");
        ((IDisposable)loaded).Dispose();
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

    [TestMethod]
    public void EmbedFaces_WeightsInAZip_AreReadWhereTheyLieAndHeldToTheirChecksum()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = File.ReadAllBytes(s_zip);
        IDataView images = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(s_data).Transform(s_data);
        using (FaceEmbeddingTransformer expected = Ml.Model.Load(s_zip, out _).FaceEmbedding())
        using (FaceEmbeddingTransformer actual = Embedding(folder.Write("whole.zip", bytes)))
        {
            CollectionAssert.AreEqual(
                expected.Transform(images).GetColumn<float[]>("Embedding").SelectMany(vector => vector).ToArray(),
                actual.Transform(images).GetColumn<float[]>("Embedding").SelectMany(vector => vector).ToArray());
        }

        bytes[bytes.Length / 2] ^= 1;
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => Embedding(folder.Write("damaged.zip", bytes))).Message, "does not have its checksum");

        FaceEmbeddingTransformer Embedding(string path) => Ml.Transforms.EmbedFaces("Embedding", "Image", path, BackboneArchitecture.MobileFaceNet).Fit(images);
    }

    /// <summary>The weights of a saved model, which are not compressed.</summary>
    private static byte[] WeightsIn(byte[] zip)
    {
        using var archive = new ZipArchive(new MemoryStream(zip));
        ZipArchiveEntry entry = archive.Entries.Single(entry => entry.FullName.EndsWith("Weights.safetensors", StringComparison.Ordinal));
        Assert.AreEqual(entry.Length, entry.CompressedLength);
        using Stream stream = entry.Open();
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static string FileInPlaceOfFolder()
    {
        string path = Path.Combine(s_people.Folder, "no-folder");
        File.WriteAllText(path, "");
        return path;
    }

    private static float[] Embeddings(ITransformer model) => [.. model.Transform(s_data).GetColumn<float[]>("Embedding").SelectMany(vector => vector)];
}
