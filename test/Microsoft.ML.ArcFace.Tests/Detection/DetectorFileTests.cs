using System.IO.Compression;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Detection;

/// <summary>Files that are no detector, or were damaged, alone and within a saved model.</summary>
[TestClass]
public class DetectorFileTests
{
    private const int Width = 96, Height = 64;

    private static readonly MLContext Ml = new(seed: 1);
    private static readonly TemporaryFolder Folder = new();

    private sealed class Photograph
    {
        public byte[] Upload { get; set; } = [];
    }

    [ClassCleanup]
    public static void Remove() => Folder.Dispose();

    [TestMethod]
    public void DetectFaces_WrongFiles_SayWhatIsWrong()
    {
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => Create(Path.Combine(Folder.FullName, "absent.onnx"))).Message, "absent.onnx");
        StringAssert.Contains(Refused([]), "has 0 bytes");
        StringAssert.Contains(Refused([0xFF, 1, 2, 3, 4, 5]), "no ONNX model");
        StringAssert.Contains(Refused([8, 7]), "hold no graph");

        // One anchor a place where SCRFD has two.
        StringAssert.Contains(Refused(new DetectorModels.Scrfd(Width, Height, anchors: 1).ToBytes()), "2 anchors a place at a stride of 8");
        StringAssert.Contains(Refused(new DetectorModels.Scrfd(Width, 48).ToBytes()), "multiples of 32");

        // A whole file with a node that no runtime knows.
        byte[] unknown = DetectorModels.Scrfd.OneFace().ToBytes();
        for (int at; (at = unknown.AsSpan().IndexOf("Transpose"u8)) >= 0;)
        {
            unknown[at] = (byte)'X';
        }

        StringAssert.Contains(Refused(unknown), "The operator Xranspose of the node 'Xranspose_1' (Xranspose) is not allowed");

        // A network that embeds faces instead of finding them.
        StringAssert.Contains(Refused(EmbeddingGraph()), "its outputs are embedding [1, 8]");
    }

    [TestMethod]
    [DataRow(float.NaN), DataRow(float.NegativeInfinity)]
    public void DetectFaces_WeightsThatAreNotFinite_AreRefused(float weight)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(DetectorModels.Scrfd.OneFace().ToBytes());
        TensorProto tensor = model.Graph.Initializer.Single(tensor => tensor.Name == "w_16_4");
        float[] values = new float[tensor.Dims.Aggregate(1L, (count, size) => count * size)];
        values[7] = weight;
        Assert.IsTrue(GraphTensors.TryFill(tensor, values));
        StringAssert.Contains(Refused(model.ToByteArray()), "The tensor 'w_16_4' has numbers that are not finite");
    }

    [TestMethod]
    public void DetectFaces_NumbersThatGrowBeyondFloat32_AreRefused()
    {
        ModelProto model = ModelProto.Parser.ParseFrom(DetectorModels.Scrfd.OneFace().ToBytes());
        TensorProto tensor = model.Graph.Initializer.Single(tensor => tensor.Name == "w_16_4");
        Assert.IsTrue(GraphTensors.TryFill(tensor, [.. Enumerable.Range(0, (int)tensor.Dims.Aggregate(1L, (count, size) => count * size)).Select(place => place % 256 == 31 ? 3e38f : -3e38f)]));
        StringAssert.Contains(Refused(model.ToByteArray()), "for a trial picture: it would find no faces");
    }

    [TestMethod]
    public void Create_DamagedFiles_AreRefusedOrDetect()
    {
        byte[] whole = DetectorModels.Scrfd.OneFace().ToBytes();
        DetectionSettings settings = new FaceDetectingEstimator.Options { ModelFile = "x" }.Settings;
        using MLImage image = MLImage.CreateFromPixels(90, 60, MLPixelFormat.Bgra32, new byte[90 * 60 * 4]);

        // The weights of the convolutions are most of the file and all zeros: what matters is damaged more often.
        int[] places = [.. Enumerable.Range(0, whole.Length).Where(at => whole[at] != 0)];
        var random = new Random(7);
        int refused = 0;
        for (int trial = 0; trial < 400; trial++)
        {
            byte[] damaged = random.Next(8) == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
            for (int changes = random.Next(1, 4); changes > 0 && damaged.Length > 0; changes--)
            {
                damaged[places[random.Next(places.Length)] % damaged.Length] = (byte)random.Next(256);
            }

            try
            {
                using FaceDetector detector = FaceDetector.Create(damaged, kind: null);
                detector.Detect(image, settings);
            }
            catch (WeightsFormatException)
            {
                refused++;
            }
        }

        Assert.IsGreaterThan(100, refused);
    }

    [TestMethod]
    public void Load_AlteredDetector_NamesTheChecksum()
    {
        string path = Folder.Write("altered.onnx", DetectorModels.Scrfd.OneFace().ToBytes()), zip = Path.Combine(Folder.FullName, "altered.zip");
        IDataView rows = Ml.Data.LoadFromEnumerable([new Photograph { Upload = EncodedImages.Gradient(90, 60, SKEncodedImageFormat.Png) }]);
        using (var model = Ml.Transforms.LoadFaceImages("Image", "Upload").Append(Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Image", path)).Fit(rows))
        {
            Ml.Model.Save(model, rows.Schema, zip);
        }

        using (ZipArchive archive = ZipFile.Open(zip, ZipArchiveMode.Update))
        {
            ZipArchiveEntry entry = archive.Entries.Single(entry => entry.FullName.EndsWith("Detector.onnx", StringComparison.Ordinal));
            using Stream stream = entry.Open();
            stream.Seek(-5, SeekOrigin.End);
            int value = stream.ReadByte();
            stream.Seek(-1, SeekOrigin.Current);
            stream.WriteByte((byte)(value ^ 1));
        }

        Exception error = Assert.Throws<Exception>(() => Ml.Model.Load(zip, out _)).GetBaseException();
        Assert.IsInstanceOfType<WeightsFormatException>(error);
        StringAssert.Contains(error.Message, "checksum");
    }

    private static byte[] EmbeddingGraph()
    {
        ArcFace.Networks.NetworkDescription network = ArcFace.Backbones.BackboneDescription.Of(BackboneArchitecture.MobileFaceNet, 8);
        using var stream = new MemoryStream();
        ArcFace.Export.OnnxExport.Write(stream, network, FormulaNetworks.FormulaWeights.Of(network), new OnnxExportOptions(), addMirrorImage: false, new Dictionary<string, string>());
        return stream.ToArray();
    }

    private static string Refused(byte[] onnx) => Assert.ThrowsExactly<WeightsFormatException>(() => Create(Folder.Write("refused.onnx", onnx))).Message;

    private static FaceDetectingEstimator Create(string path) => Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Image", path);
}
