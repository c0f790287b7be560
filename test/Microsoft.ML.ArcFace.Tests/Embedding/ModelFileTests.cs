using System.IO.Compression;
using System.Text;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

[TestClass]
public class ModelFileTests
{
    private static readonly MLContext Ml = new(seed: 1);
    private static DrawnPeople s_people = null!;
    private static IDataView s_data = null!;
    private static string s_zip = "";

    private static string ZipOf(string name) => Path.Combine(s_people.Folder, name);

    [ClassInitialize]
    public static void Save(TestContext _)
    {
        s_people = new DrawnPeople(people: 2, picturesPerPerson: 2);
        s_data = Ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        s_zip = ZipOf("faces.zip");
        using FaceEmbeddingTransformer transformer = FaceEmbeddingTransformerTests.Create();
        Ml.Model.Save(Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(s_data).Append(transformer), s_data.Schema, s_zip);
    }

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestMethod]
    public void Load_AnyPositionInTheChain_OutputsAreBitEqual()
    {
        using FaceEmbeddingTransformer transformer = FaceEmbeddingTransformerTests.Create();
        var images = Ml.Transforms.CopyColumns("Path", "ImagePath").Append(Ml.Transforms.LoadFaceImages("Image", "Path")).Fit(s_data);
        var chain = images.Append(transformer).Append(Ml.Transforms.CopyColumns("Face", "Embedding").Fit(transformer.Transform(images.Transform(s_data))));
        string zip = ZipOf("chain.zip");
        Ml.Model.Save(chain, s_data.Schema, zip);
        ITransformer loaded = new MLContext().Model.Load(zip, out DataViewSchema schema);
        CollectionAssert.AreEqual(s_data.Schema.Select(c => c.Name).ToArray(), schema.Select(c => c.Name).ToArray());
        float[][] before = [.. chain.Transform(s_data).GetColumn<float[]>("Face")], after = [.. loaded.Transform(s_data).GetColumn<float[]>("Face")];
        for (int row = 0; row < before.Length; row++)
        {
            CollectionAssert.AreEqual(before[row], after[row]);
        }
    }

    [TestMethod]
    public void Save_Weights_AreSafetensorsThatAnyToolReads()
    {
        using ZipArchive zip = ZipFile.OpenRead(s_zip);
        ZipArchiveEntry weights = zip.Entries.Single(entry => entry.FullName.EndsWith("Weights.safetensors", StringComparison.Ordinal));
        using var reader = new BinaryReader(weights.Open());
        string header = Encoding.UTF8.GetString(reader.ReadBytes((int)reader.ReadUInt64()));
        StringAssert.Contains(header, "\"backbone.layers.0.layers.0.weight\"");
        StringAssert.Contains(header, "\"architecture\":\"mbf\"");
    }

    [TestMethod]
    [DataRow(0.1)]
    [DataRow(0.5)]
    [DataRow(0.999)]
    public void Load_TruncatedZip_IsAnErrorAndNotACrash(double share)
    {
        byte[] whole = File.ReadAllBytes(s_zip);
        string zip = ZipOf("truncated.zip");
        File.WriteAllBytes(zip, whole[..(int)(whole.Length * share)]);
        Assert.Throws<Exception>(() => Ml.Model.Load(zip, out _));
    }

    [TestMethod]
    public void Load_AlteredWeights_NamesTheChecksum()
    {
        string zip = Rewritten("altered.zip", "Weights.safetensors", bytes => bytes[^10] ^= 1);
        StringAssert.Contains(InnermostMessage(() => Ml.Model.Load(zip, out _)), "checksum");
    }

    [TestMethod]
    public void Load_TruncatedWeights_SaysSo()
    {
        string zip = Rewritten("short.zip", "Weights.safetensors", bytes => bytes[..(bytes.Length / 2)]);
        StringAssert.Contains(InnermostMessage(() => Ml.Model.Load(zip, out _)), "truncated");
    }

    [TestMethod]
    public void Load_NewerVersion_IsRefusedInTheWordsOfMLNet()
    {
        // The model header starts: 8 bytes of magic, the format's versions, the model's signature; its versions follow.
        byte[] signature = Encoding.ASCII.GetBytes("FACEEMB");
        string zip = Rewritten("newer.zip", "Model.key", bytes =>
        {
            int at = bytes.AsSpan().IndexOf(signature) + sizeof(ulong);
            BitConverter.TryWriteBytes(bytes.AsSpan(at), 0x00990001u);
            BitConverter.TryWriteBytes(bytes.AsSpan(at + sizeof(uint)), 0x00990001u);
        });
        StringAssert.Contains(InnermostMessage(() => Ml.Model.Load(zip, out _)), "too new");
    }

    [TestMethod]
    public void Load_UnknownArchitecture_NamesItAndTheKnownOnes()
    {
        byte[] name = [3, .. Encoding.ASCII.GetBytes("mbf")];
        string zip = Rewritten("unknown.zip", "Model.key", bytes => bytes[bytes.AsSpan().IndexOf(name) + 1] = (byte)'x');
        string message = InnermostMessage(() => Ml.Model.Load(zip, out _));
        StringAssert.Contains(message, "'xbf'");
        StringAssert.Contains(message, "r50");
    }

    private static string InnermostMessage(Action action) => Assert.Throws<Exception>(action).GetBaseException().Message;

    private static string Rewritten(string name, string entryEnding, Action<byte[]> change) => Rewritten(name, entryEnding, bytes =>
    {
        change(bytes);
        return bytes;
    });

    /// <summary>A copy of the model with the entries of that ending changed which belong to the embedding.</summary>
    private static string Rewritten(string name, string entryEnding, Func<byte[], byte[]> change)
    {
        string path = ZipOf(name);
        using ZipArchive source = ZipFile.OpenRead(s_zip);
        using var target = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        string folder = Path.GetDirectoryName(source.Entries.Single(entry => entry.FullName.EndsWith("Weights.safetensors", StringComparison.Ordinal)).FullName.Replace('\\', '/'))!;
        foreach (ZipArchiveEntry entry in source.Entries)
        {
            using var memory = new MemoryStream();
            using (Stream stream = entry.Open())
            {
                stream.CopyTo(memory);
            }

            string full = entry.FullName.Replace('\\', '/');
            bool isWanted = full.EndsWith(entryEnding, StringComparison.Ordinal) && Path.GetDirectoryName(full) == folder;
            using Stream written = target.CreateEntry(entry.FullName).Open();
            written.Write(isWanted ? change(memory.ToArray()) : memory.ToArray());
        }

        return path;
    }
}
