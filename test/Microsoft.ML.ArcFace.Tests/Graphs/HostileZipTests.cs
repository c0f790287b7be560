using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Serving;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Graphs;

/// <summary>Models of enemies: whole files with proper checksums, whose detector is a hostile graph or whose entries are not what they claim.</summary>
[TestClass]
public class HostileZipTests
{
    private static readonly MLContext Ml = new(seed: 1);
    private static readonly TemporaryFolder Folder = new();
    private static byte[] s_detector = [], s_zip = [];

    [ClassInitialize]
    public static void Save(TestContext _)
    {
        s_detector = DetectorModels.Scrfd.OneFace().ToBytes();
        IDataView data = Ml.Data.LoadFromEnumerable(Array.Empty<Photograph>());
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        using var stream = new MemoryStream();
        Ml.Model.Save(
            Ml.Transforms.LoadFaceImages("Photograph", "Upload").Append(Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Photograph", Folder.Write("good.onnx", s_detector)))
                .Append(Ml.Transforms.AlignFaces("Image", "Photograph", "Landmarks")).Fit(data).Append(embedding), data.Schema, stream);
        s_zip = stream.ToArray();
    }

    [ClassCleanup]
    public static void Remove() => Folder.Dispose();

    [TestMethod]
    [DataRow("an endless loop", "operator Loop"), DataRow("zeros of eight gigabytes", "MiB of memory"), DataRow("products for hours", "multiplications"), DataRow("data elsewhere", "another file")]
    public void Load_HostileDetector_IsRefusedWhereverAModelIsLoaded(string what, string expected)
    {
        string zip = Folder.Write("hostile.zip", WithDetector(HostileGraphs.All.Single(graph => graph.What == what).File()));
        Exception ofMlNet = Assert.Throws<Exception>(() => Ml.Model.Load(zip, out _)).GetBaseException();
        Assert.IsInstanceOfType<WeightsFormatException>(ofMlNet);
        StringAssert.Contains(ofMlNet.Message, expected);
        StringAssert.Contains(ofMlNet.Message, "Detector.onnx");
        foreach (Action load in new Action[] { () => FaceModelFile.Load(Ml, zip, out _), () => new FaceEmbedder(zip).Dispose() })
        {
            string message = Assert.ThrowsExactly<WeightsFormatException>(load).Message;
            StringAssert.Contains(message, expected);
            StringAssert.Contains(message, zip);
        }
    }

    [TestMethod]
    public async Task Reload_HostileDetector_IsRefused_AndTheServiceGoesOnAndEnds()
    {
        string zip = Folder.Write("served.zip", s_zip);
        var file = new ServedFile(zip, () => ServedModel.Load(Ml, zip), reloadInterval: null, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, TimeSpan.FromSeconds(5));
        string before = Fingerprint(file);
        File.WriteAllBytes(zip, WithDetector(HostileGraphs.All[0].File()));
        Assert.IsFalse(file.Look());
        Assert.IsFalse(file.Look());
        Assert.AreEqual(before, Fingerprint(file));

        // A good file after it is taken on.
        File.WriteAllBytes(zip, AlteredZip.Padded(s_zip, s_zip.Length + 1));
        Assert.IsFalse(file.Look());
        Assert.IsTrue(file.Look());
        await file.DisposeAsync();
    }

    private static string Fingerprint(ServedFile file)
    {
        using ModelLease<ServedModel> model = file.Lease();
        return model.Model.Fingerprint;
    }

    [TestMethod]
    [DataRow("FaceEmbedding"), DataRow("FaceDetecting")]
    public void Load_BytesBehindTheHeader_AreRefused(string signature)
    {
        int altered = 0;
        byte[] zip = AlteredZip.Of(s_zip, (_, bytes) =>
        {
            bool isHeader = IsHeader(bytes, signature);
            altered += isHeader ? 1 : 0;
            return isHeader ? [.. bytes, 1, 2, 3] : bytes;
        });
        Assert.AreEqual(1, altered);
        string path = Folder.Write("longer.zip", zip);
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => FaceModelFile.Load(Ml, path, out _)).Message;
        StringAssert.Contains(message, "3 bytes follow its header");
        Exception ofMlNet = Assert.Throws<Exception>(() => Ml.Model.Load(path, out _)).GetBaseException();
        Assert.IsInstanceOfType<WeightsFormatException>(ofMlNet);
    }

    [TestMethod]
    [DataRow("FaceEmbedding"), DataRow("FaceDetecting")]
    public void Load_BytesBehindTheDigestWithinTheHeader_AreRefused(string signature)
    {
        byte[] zip = AlteredZip.Of(s_zip, (_, bytes) => IsHeader(bytes, signature) ? Lengthened(bytes) : bytes);
        string path = Folder.Write("within.zip", zip);
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => FaceModelFile.Load(Ml, path, out _)).Message, "8 bytes follow what was saved");
    }

    [TestMethod]
    [DataRow("Weights.safetensors"), DataRow("Detector.onnx"), DataRow("TrainingInfo/Version.txt")]
    public void Load_EntryThatClaimsManyBytes_IsRefusedBeforeTheyAreTaken(string name)
    {
        byte[] zip = [.. s_zip];
        int at = -1;
        for (int from = 0; (from = zip.AsSpan(from).IndexOf("PK\u0001\u0002"u8) is var found and >= 0 ? from + found : -1) >= 0; from += 4)
        {
            int length = BitConverter.ToUInt16(zip, from + 28);
            if (System.Text.Encoding.UTF8.GetString(zip, from + 46, length).Replace('\\', '/').EndsWith(name, StringComparison.Ordinal))
            {
                at = from;
            }
        }

        Assert.IsGreaterThanOrEqualTo(0, at);
        BitConverter.GetBytes(int.MaxValue - 60).CopyTo(zip, at + 24);
        string path = Folder.Write("claiming.zip", zip);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => FaceModelFile.Load(Ml, path, out _)).Message;
        Assert.IsLessThan(64L << 20, GC.GetAllocatedBytesForCurrentThread() - before);
        StringAssert.Contains(message, "claims 2147483587 bytes");
        if (name != "TrainingInfo/Version.txt")
        {
            Assert.IsInstanceOfType<WeightsFormatException>(Assert.Throws<Exception>(() => Ml.Model.Load(path, out _)).GetBaseException());
        }
    }

    /// <summary>The model with another detector, and the checksum that belongs to it.</summary>
    private static byte[] WithDetector(byte[] onnx) => AlteredZip.Of(s_zip, (name, bytes) =>
        name.EndsWith("Detector.onnx", StringComparison.Ordinal) ? onnx : AlteredZip.Replaced(bytes, SHA256.HashData(s_detector), SHA256.HashData(onnx)));

    private static bool IsHeader(byte[] bytes, string signature) => bytes.AsSpan().StartsWith("ML\0MODEL"u8) && bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(signature)) >= 0;

    /// <summary>A header of ML.NET with eight bytes more in the part that the component wrote.</summary>
    private static byte[] Lengthened(byte[] header)
    {
        // Where the model begins and how long it is; what lies behind it.
        const int modelAt = 0x10, modelLengthAt = 0x18;
        int end = (int)(BitConverter.ToInt64(header, modelAt) + BitConverter.ToInt64(header, modelLengthAt));
        byte[] longer = [.. header[..end], .. new byte[8], .. header[end..]];
        foreach (int place in (int[])[modelLengthAt, 0x80, 0x88, 0x90])
        {
            BitConverter.GetBytes(BitConverter.ToInt64(header, place) + 8).CopyTo(longer, place);
        }

        return longer;
    }

    private sealed class Photograph
    {
        public byte[] Upload { get; set; } = [];
    }
}
