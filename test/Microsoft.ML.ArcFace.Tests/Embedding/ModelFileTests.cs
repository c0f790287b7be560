using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using TorchSharp;

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
    public void Load_MiddleOfAChainWithOtherColumnNames_OutputsAreBitEqual()
    {
        using FaceEmbeddingTransformer transformer = FaceEmbeddingTransformerTests.Create(new("Photo", "Vector", "Who", "Probability", "Angle"));
        var images = Ml.Transforms.CopyColumns("Path", "ImagePath").Append(Ml.Transforms.LoadFaceImages("Photo", "Path")).Fit(s_data);
        IDataView embedded = transformer.Transform(images.Transform(s_data));
        var chain = images.Append(transformer).Append(Ml.Transforms.CopyColumns("Face", "Vector").Append(Ml.Transforms.Conversion.MapKeyToValue("Name", "Who")).Fit(embedded));
        string zip = ZipOf("chain.zip");
        Ml.Model.Save(chain, s_data.Schema, zip);
        ITransformer loaded = new MLContext().Model.Load(zip, out DataViewSchema schema);
        CollectionAssert.AreEqual(s_data.Schema.Select(c => c.Name).ToArray(), schema.Select(c => c.Name).ToArray());
        IDataView before = chain.Transform(s_data), after = loaded.Transform(s_data);
        foreach (string column in new[] { "Face", "Probability", "Angle" })
        {
            CollectionAssert.AreEqual(
                before.GetColumn<float[]>(column).SelectMany(values => values).ToArray(), after.GetColumn<float[]>(column).SelectMany(values => values).ToArray(), column);
        }

        CollectionAssert.AreEqual(before.GetColumn<string>("Name").ToArray(), after.GetColumn<string>("Name").ToArray());
        ((IDisposable)loaded).Dispose();
    }

    [TestMethod]
    public void Load_FirstAndOnlyTransformer_EmbedsAnImageColumn()
    {
        using FaceEmbeddingTransformer transformer = FaceEmbeddingTransformerTests.Create();
        IDataView images = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(s_data).Transform(s_data);
        string zip = ZipOf("alone.zip");
        Ml.Model.Save(transformer, images.Schema, zip);
        ITransformer loaded = new MLContext().Model.Load(zip, out _);
        CollectionAssert.AreEqual(
            transformer.Transform(images).GetColumn<float[]>("Embedding").SelectMany(values => values).ToArray(),
            loaded.Transform(images).GetColumn<float[]>("Embedding").SelectMany(values => values).ToArray());
        ((IDisposable)loaded).Dispose();
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

        // ML.NET opens the zip and finds no directory at its end.
        Assert.IsInstanceOfType<InvalidDataException>(Assert.Throws<Exception>(() => Ml.Model.Load(zip, out _)).GetBaseException());
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
    public void Load_NewerVersion_IsRefused()
    {
        // The model header starts: 8 bytes of magic, the format's versions, the model's signature; its versions follow.
        byte[] signature = Encoding.ASCII.GetBytes("FACEEMB");
        string zip = Rewritten("newer.zip", "Model.key", bytes =>
        {
            int at = bytes.AsSpan().IndexOf(signature) + sizeof(ulong);
            BitConverter.TryWriteBytes(bytes.AsSpan(at), 0x00990001u);
            BitConverter.TryWriteBytes(bytes.AsSpan(at + sizeof(uint)), 0x00990001u);
        });
        StringAssert.Contains(InnermostMessage(() => Ml.Model.Load(zip, out _)), "by a newer version of the library");
    }

    [TestMethod]
    public void Load_UnknownArchitecture_NamesItAndTheKnownOnes()
    {
        byte[] name = [3, .. Encoding.ASCII.GetBytes("mbf")];
        string zip = Rewritten("unknown.zip", "Model.key", bytes =>
        {
            (int start, int end) = HashedHeader(bytes);
            bytes[bytes.AsSpan().IndexOf(name) + 1] = (byte)'x';
            SHA256.HashData(bytes.AsSpan(start..end)).CopyTo(bytes, end);
        });
        string message = InnermostMessage(() => Ml.Model.Load(zip, out _));
        StringAssert.Contains(message, "'xbf'");
        StringAssert.Contains(message, "r50");
    }

    [TestMethod]
    public void Load_AnyByteOfTheHeaderAltered_IsRefused()
    {
        (int start, int end) = HashedHeader(EntryOf("Model.key"));
        for (int at = start; at < end + SHA256.HashSizeInBytes; at += 3)
        {
            string zip = Rewritten("header.zip", "Model.key", bytes => bytes[at] ^= 0x41);
            Exception error = Assert.Throws<Exception>(() => Ml.Model.Load(zip, out _)).GetBaseException();
            StringAssert.Contains(error.Message, "altered", $"byte {at - start} of the header");
        }
    }

    [TestMethod]
    public void Load_HeaderCutOff_IsRefused()
    {
        (int start, int end) = HashedHeader(EntryOf("Model.key"));
        for (int at = start; at < end + SHA256.HashSizeInBytes; at += 7)
        {
            // ML.NET's own checks see first that the entry is shorter than it says.
            string zip = Rewritten("cut.zip", "Model.key", bytes => bytes[..at]);
            Exception error = Assert.Throws<Exception>(() => Ml.Model.Load(zip, out _)).GetBaseException();
            Assert.IsInstanceOfType<FormatException>(error, $"byte {at - start} of the header");
        }
    }

    [TestMethod]
    public void Load_BitsFlippedAnywhere_FailsOrGivesTheSameEmbeddings()
    {
        float[] expected = FirstEmbedding(s_zip);
        byte[] whole = File.ReadAllBytes(s_zip);
        var random = new Random(5);
        string zip = ZipOf("flipped.zip");
        int refused = 0;
        for (int trial = 0; trial < 30; trial++)
        {
            byte[] altered = [.. whole];
            altered[random.Next(altered.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(zip, altered);
            float[] actual;
            try
            {
                actual = FirstEmbedding(zip);
            }
            catch (Exception)
            {
                refused++;
                continue;
            }

            CollectionAssert.AreEqual(expected, actual);
        }

        Assert.IsGreaterThan(20, refused, "Most bytes of the file are weights.");
    }

    [TestMethod]
    public void Load_GoodAndDamagedFiles_LeavesNoTensorAlive()
    {
        string damaged = Rewritten("damaged.zip", "Weights.safetensors", bytes => bytes[^10] ^= 1);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        ((IDisposable)Ml.Model.Load(s_zip, out _)).Dispose();
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Throws<Exception>(() => Ml.Model.Load(damaged, out _));
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Load_TorchGenerator_IsAsItWasBefore()
    {
        using var scope = torch.NewDisposeScope();
        torch.manual_seed(77);
        float expected = torch.rand(1).item<float>();
        torch.manual_seed(77);
        ((IDisposable)Ml.Model.Load(s_zip, out _)).Dispose();
        Assert.AreEqual(expected, torch.rand(1).item<float>());
    }

    [TestMethod]
    public void Load_Schema_EqualsTheOneBeforeSavingWithNamesAndAnnotations()
    {
        using FaceEmbeddingTransformer transformer = FaceEmbeddingTransformerTests.Create();
        var chain = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(s_data).Append(transformer);
        ITransformer loaded = new MLContext().Model.Load(s_zip, out DataViewSchema input);
        string[] expected = Described(chain.Transform(s_data).Schema);
        CollectionAssert.AreEqual(expected, Described(chain.GetOutputSchema(s_data.Schema)));
        CollectionAssert.AreEqual(expected, Described(loaded.Transform(s_data).Schema));
        CollectionAssert.AreEqual(expected, Described(loaded.GetOutputSchema(input)));
        CollectionAssert.AreEqual(expected, Described(((ITransformer)loaded).GetRowToRowMapper(input).OutputSchema));
        Assert.Contains("ScoreColumnKind=MulticlassClassification", string.Join('\n', expected));
        Assert.Contains("KeyValues=Ada,Bob,Cleo", string.Join('\n', expected));
        ((IDisposable)loaded).Dispose();
    }

    /// <summary>Each column with its type and the values of its annotations.</summary>
    private static string[] Described(DataViewSchema schema) => [.. schema.Select(column =>
    {
        IEnumerable<string> annotations = column.Annotations.Schema.Select(annotation => annotation.Type switch
        {
            VectorDataViewType => $"{annotation.Name}={string.Join(',', Values<VBuffer<ReadOnlyMemory<char>>>(annotation.Name).DenseValues())}",
            TextDataViewType => $"{annotation.Name}={Values<ReadOnlyMemory<char>>(annotation.Name)}",

            // The embedding's origin is an object of the process; its fingerprint stands beside it as text.
            _ => $"{annotation.Name}: {annotation.Type.RawType.Name}",
        });
        return $"{column.Index} {column.Name} {column.Type} {column.IsHidden} {string.Join(' ', annotations.Order(StringComparer.Ordinal))}";

        T Values<T>(string name)
        {
            T value = default!;
            column.Annotations.GetValue(name, ref value);
            return value;
        }
    })];

    private static float[] FirstEmbedding(string zip)
    {
        ITransformer model = new MLContext().Model.Load(zip, out _);
        using var disposable = (IDisposable)model;
        return model.Transform(s_data).GetColumn<float[]>("Embedding").First();
    }

    /// <summary>Where the model's own header lies: from the image column's name to the SHA-256 of all before it.</summary>
    private static (int Start, int End) HashedHeader(byte[] entry)
    {
        int start = entry.AsSpan().IndexOf([(byte)5, .. "Image"u8]);
        for (int end = start; end <= entry.Length - SHA256.HashSizeInBytes; end++)
        {
            if (SHA256.HashData(entry.AsSpan(start..end)).AsSpan().SequenceEqual(entry.AsSpan(end, SHA256.HashSizeInBytes)))
            {
                return (start, end);
            }
        }

        throw new AssertFailedException("No hash was found in the model's header.");
    }

    private static byte[] EntryOf(string ending)
    {
        byte[] found = [];
        Rewritten("copy.zip", ending, bytes => found = bytes);
        return found;
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
            using Stream written = target.CreateEntry(entry.FullName, CompressionLevel.NoCompression).Open();
            written.Write(isWanted ? change(memory.ToArray()) : memory.ToArray());
        }

        return path;
    }
}
