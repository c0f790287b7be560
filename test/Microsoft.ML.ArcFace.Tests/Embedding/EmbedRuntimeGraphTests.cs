using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

/// <summary>Recognizers with an operator that the library does not compute, from the file to the saved model, in ONNX Runtime.</summary>
[TestClass]
public class EmbedRuntimeGraphTests
{
    private const string Remedy = "dotnet add package ArcFace.MLNet.OnnxRuntime; dotnet add package Microsoft.ML.OnnxRuntime";

    private static readonly FacePixels s_pixels = FacePixels.ImageNet with { ColorOrder = FaceColorOrder.Bgr };
    private static TemporaryFolder s_folder = null!;
    private static DrawnPeople s_people = null!;
    private static string s_photograph = "", s_file = "", s_norm = "";
    private static byte[] s_face = [];

    [ClassInitialize]
    public static void Write(TestContext _)
    {
        (s_folder, s_people) = (new TemporaryFolder(), new DrawnPeople(people: 3, picturesPerPerson: 2));
        s_photograph = s_folder.Write("face.png", EncodedImages.Gradient(112, 112, SKEncodedImageFormat.Png));
        (byte[] file, s_norm) = SmallRecognizers.WriteForRuntime();
        s_file = s_folder.Write("softplus.onnx", file);
        using SKBitmap bitmap = SKBitmap.Decode(s_photograph);
        s_face = [.. bitmap.Pixels.SelectMany(pixel => new[] { pixel.Red, pixel.Green, pixel.Blue })];
    }

    [ClassCleanup]
    public static void Remove()
    {
        s_people.Dispose();
        s_folder.Dispose();
    }

    [TestMethod]
    public void EmbedFaces_OperatorThatIsNotComputedHere_SaysSoAndEqualsOnnxRuntime()
    {
        var ml = new MLContext();
        var log = new List<string>();
        ml.Log += (_, line) => log.Add(line.RawMessage);
        using FaceEmbeddingTransformer model = Fit(ml, s_file, quality: "Quality");
        string note = log.Find(line => line.Contains("runs in ONNX Runtime", StringComparison.Ordinal)) ?? string.Join("; ", log);
        StringAssert.Contains(note, "'softplus.onnx' runs in ONNX Runtime, on the processor, and cannot be trained further: in the node 'Softplus_1' (Softplus), ");

        IDataView embedded = model.Transform(Photographs(new MLContext()));
        byte[] file = File.ReadAllBytes(s_file);
        Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(embedded.GetColumn<float[]>("Embedding").Single(), SmallRecognizers.Reference(file, s_face, s_pixels)));
        float length = SmallRecognizers.Reference(file, s_face, s_pixels, s_norm).Single();
        Assert.AreEqual(length, embedded.GetColumn<float>("Quality").Single(), length * 1e-4f);
        Assert.AreEqual((null, SmallRecognizers.EmbeddingSize, s_pixels), (model.Backbone, model.EmbeddingSize, model.NetworkFile!.Pixels.Pixels));
    }

    [TestMethod]
    public void Fingerprint_PixelsSizeMirrorImageAndGraph_TellEmbeddingsApart()
    {
        var ml = new MLContext();
        string larger = s_folder.Write("larger.onnx", SmallRecognizers.WriteForRuntime(size: 160).File), longer = s_folder.Write("longer.onnx", SmallRecognizers.WriteForRuntime(factor: 2).File);
        string[] fingerprints = [.. new[] { (s_file, s_pixels, false), (s_file, FacePixels.ImageNet, false), (s_file, FacePixels.Standard, false), (s_file, s_pixels, true), (larger, s_pixels, false), (longer, s_pixels, false) }.Select(choice =>
        {
            using FaceEmbeddingTransformer model = Fit(ml, choice.Item1, choice.Item2, choice.Item3);
            using FaceEmbeddingTransformer again = Fit(ml, choice.Item1, choice.Item2, choice.Item3);
            Assert.AreEqual(model.Fingerprint, again.Fingerprint);
            return model.Fingerprint;
        })];
        Assert.AreEqual(fingerprints.Length, fingerprints.Distinct().Count());
    }

    [TestMethod]
    public void EmbedFaces_MirrorImage_IsAddedBesideTheGraph()
    {
        using FaceEmbeddingTransformer alone = Fit(new MLContext(), s_file, quality: "Quality"), both = Fit(new MLContext(), s_file, mirror: true);
        byte[] mirrored = [.. s_face.Chunk(3 * 112).SelectMany(row => row.Chunk(3).Reverse().SelectMany(pixel => pixel))];
        byte[] file = File.ReadAllBytes(s_file);
        float[] one = Raw(s_face), other = Raw(mirrored);
        Assert.IsGreaterThan(0.99999, OnnxFile.Cosine([.. one.Zip(other, (left, right) => left + right)], Embed(both)));
        Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(one, Embed(alone)));

        // As long as they are before the graph divides them.
        float[] Raw(byte[] face)
        {
            float length = SmallRecognizers.Reference(file, face, s_pixels, s_norm).Single();
            return Array.ConvertAll(SmallRecognizers.Reference(file, face, s_pixels), number => number * length);
        }
    }

    [TestMethod]
    [DataRow(112), DataRow(160)]
    public void SaveAndLoad_Graph_KeepsAllOfIt(int size)
    {
        var ml = new MLContext();
        IDataView data = Rows(ml);
        string file = s_folder.Write($"of-{size}.onnx", SmallRecognizers.WriteForRuntime(size).File), zip = Path.Combine(s_folder.FullName, $"saved-{size}.zip");
        using var model = ml.Transforms.LoadFaceImages("Image", "ImagePath").Append(ml.Transforms.EmbedFaces("Embedding", "Image", file, s_pixels)).Fit(data);
        using var copy = (IDisposable)model.WithThreshold(Thresholds.Of(0.3));
        ml.Model.Save((ITransformer)copy, data.Schema, zip);
        float[] expected = model.Transform(data).GetColumn<float[]>("Embedding").Single();
        ITransformer loaded = new MLContext().Model.Load(zip, out _);
        using (loaded as IDisposable)
        {
            FaceEmbeddingTransformer embedding = loaded.FaceEmbedding();
            Assert.AreEqual((model.LastTransformer.Fingerprint, model.LastTransformer.NetworkFile, Thresholds.Of(0.3)), (embedding.Fingerprint, embedding.NetworkFile, embedding.Threshold));
            CollectionAssert.AreEqual(expected, loaded.Transform(data).GetColumn<float[]>("Embedding").Single());

            // Faces of a batch are run one by one.
            IDataView many = ml.Data.LoadFromEnumerable(Enumerable.Repeat(new Photograph { ImagePath = s_photograph, Label = "Ada" }, 40));
            Assert.IsTrue(loaded.Transform(many).GetColumn<float[]>("Embedding").All(row => row.SequenceEqual(expected)));
        }

        using var embedder = new FaceEmbedder(zip, new FaceEmbedder.Options { ReloadInterval = null });
        CollectionAssert.AreEqual(expected, embedder.Embed(s_photograph).Vector.ToArray());
        byte[] whole = File.ReadAllBytes(zip), altered = AlteredZip.Replaced(whole, "Softplus_1"u8.ToArray(), "Softplus_9"u8.ToArray());
        Assert.IsFalse(whole.SequenceEqual(altered));
        Assert.IsInstanceOfType<WeightsFormatException>(Assert.Throws<Exception>(() => ml.Model.Load(s_folder.Write("altered.zip", altered), out _)).GetBaseException());
    }

    [TestMethod]
    public void WithoutOnnxRuntime_FileAndModel_NameOperatorNodeAndPackages()
    {
        AssertNamed(Assert.ThrowsExactly<WeightsFormatException>(() => GraphNetwork.Parse(File.ReadAllBytes(s_file), "the file")).Message);
        using FaceEmbeddingTransformer model = Fit(new MLContext(), s_file);
        EmbeddingDevice device = EmbeddingDevice.Choose(new MLContext(), torch: null, graphs: null);
        AssertNamed(Assert.ThrowsExactly<WeightsFormatException>(() => device.Compute(model.Model.Network, model.Model.Tensors, InferencePrecision.Float32)).Message);
        AssertNamed(Assert.ThrowsExactly<WeightsFormatException>(() => new InferenceNetwork(model.Model.Network, model.Model.Tensors, VectorWidths.Best, () => 1)).Message);

        static void AssertNamed(string message)
        {
            StringAssert.Contains(message, "in the node 'Softplus_1' (Softplus), networks with this operator are not computed here");
            StringAssert.Contains(message, Remedy);
        }
    }

    [TestMethod]
    public void Open_HostileGraphInAModel_IsRefused()
    {
        NetworkNode node = RuntimeNetwork.NodeOf(GraphNetwork.Parse(File.ReadAllBytes(s_file), "the file", folder: null, new OnnxGraphRuntime()).Network)!;
        foreach ((string what, _, Func<byte[]> file) in HostileGraphs.All)
        {
            byte[] bytes = file();
            Assert.ThrowsExactly<WeightsFormatException>(
                () => RuntimeNetwork.Open(node, PlainTensor<byte>.Of(ElementType.UInt8, [bytes.Length], bytes), 112, 112, SmallRecognizers.EmbeddingSize, new OnnxGraphRuntime()).Dispose(), what);
        }
    }

    [TestMethod]
    [DataRow("a random Dropout"), DataRow("statistics of the batch"), DataRow("probabilities"), DataRow("no picture"), DataRow("no numbers")]
    public void Parse_GraphThatShouldNotBeComputed_IsRefusedWithARuntime(string what)
    {
        var model = new GraphModel();
        string face = model.Node("Softplus", [model.Input(1, 3, 8, 8)]), head = model.Head(face, 3 * 8 * 8);
        (string output, string expected) = what switch
        {
            "a random Dropout" => (model.Node("Dropout", [head, model.Float(0.5f), Truth(model)]), "(Dropout), it drops numbers as in training"),
            "statistics of the batch" => (model.Head(Normalized(model, face), 3 * 8 * 8), "(BatchNormalization), it takes statistics of the batch"),
            "probabilities" => (model.Node("Softmax", [head]), "(Softmax), it makes probabilities"),
            "no picture" => (model.Node("Softplus", [model.Random(1, 8)]), "does not depend on the picture"),
            _ => (model.Node("Sqrt", [model.Node("Neg", [model.Node("Add", [model.Node("Softplus", [head]), model.Float(1)])])]), "not finite"),
        };
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => GraphNetwork.Parse(model.ToBytes(output), "the test", folder: null, new OnnxGraphRuntime())).Message;
        StringAssert.StartsWith(message, "the test is no recognizer that can be read. ");
        StringAssert.Contains(message, expected);

        static string Truth(GraphModel model) => model.Node("Cast", [model.Float(1)], ("to", (long)TensorProto.Types.DataType.Bool));

        static string Normalized(GraphModel model, string map)
        {
            string norm = model.Node("BatchNormalization", [map, model.Positive(3), model.Random(3), model.Random(3), model.Positive(3)]);
            model.Graph.Node[^1].Attribute.Add(new AttributeProto { Name = "training_mode", Type = AttributeProto.Types.AttributeType.Int, I = 1 });
            return norm;
        }
    }

    [TestMethod]
    public void Export_Graph_IsTheImportedOneAndTheSameEmbedding()
    {
        var ml = new MLContext();
        using FaceEmbeddingTransformer model = Fit(ml, s_file);
        using var calibrated = (IDisposable)model.WithThreshold(Thresholds.Of(0.3));
        string onnx = Path.Combine(s_folder.FullName, "written.onnx"), safetensors = Path.Combine(s_folder.FullName, "written.safetensors");
        ml.FaceRecognition().ExportToOnnx((ITransformer)calibrated, onnx);
        ml.FaceRecognition().ExportToSafetensors((ITransformer)calibrated, safetensors);
        foreach (string path in new[] { onnx, safetensors })
        {
            using FaceEmbeddingTransformer again = ml.Transforms.EmbedFaces("Embedding", "Image", path).Fit(Photographs(ml));
            Assert.AreEqual((model.Fingerprint, Thresholds.Of(0.3)), (again.Fingerprint, again.Threshold), path);
            CollectionAssert.AreEqual(Embed(model), Embed(again), path);
        }

        CollectionAssert.AreEqual(SmallRecognizers.Reference(File.ReadAllBytes(s_file), s_face, s_pixels), SmallRecognizers.Reference(File.ReadAllBytes(onnx), s_face, s_pixels));
        using FaceEmbeddingTransformer mirrored = Fit(ml, s_file, mirror: true);
        foreach ((FaceEmbeddingTransformer embedding, OnnxExportOptions options) in new[] { (model, new OnnxExportOptions { OriginalGraph = false }), (model, new OnnxExportOptions { NormalizeOutput = false }), (mirrored, new OnnxExportOptions()) })
        {
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => ml.FaceRecognition().ExportToOnnx(embedding, onnx, options)).Message, "(Softplus)");
        }
    }

    [TestMethod]
    public void Train_FromTheFileOrItsModel_IsRefusedByTheOperatorBeforeAnyPhotograph()
    {
        var ml = new MLContext();
        string zip = Path.Combine(s_folder.FullName, "start.zip");
        using FaceEmbeddingTransformer model = Fit(ml, s_file);
        ml.Model.Save(model, null, zip);
        IDataView unreadable = ml.Data.LoadFromEnumerable([new Photograph { ImagePath = "absent.jpg", Label = "a" }]);
        IDataView images = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(unreadable).Transform(unreadable);
        foreach (string path in new[] { s_file, zip })
        {
            string message = Assert.ThrowsExactly<WeightsFormatException>(() => ml.FaceRecognition().Trainers.ArcFace(new ArcFaceTrainer.Options { InitialWeights = path }).Fit(images)).Message;
            StringAssert.Contains(message, $"'{path}' cannot be trained");
            StringAssert.Contains(message, "in the node 'Softplus_1' (Softplus)");
        }
    }

    [TestMethod]
    public void FindPreprocessing_Graph_TriesTheUsualPixels()
    {
        var ml = new MLContext();
        FacePreprocessingSearch found = ml.FaceRecognition().FindPreprocessing(s_file, s_people.Images(ml));
        Assert.HasCount(FacePixels.Usual.Count, found.Choices);
        using FaceEmbeddingTransformer model = ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options { WeightsFile = s_file, Preprocessing = found }).Fit(s_people.Images(ml));
        Assert.AreEqual(found.Decision, model.NetworkFile!.Pixels);
    }

    private static FaceEmbeddingTransformer Fit(MLContext ml, string file, FacePixels? pixels = null, bool mirror = false, string? quality = null) =>
        ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options { WeightsFile = file, Pixels = pixels ?? s_pixels, AddMirrorImage = mirror, QualityColumnName = quality }).Fit(Photographs(ml));

    private static float[] Embed(FaceEmbeddingTransformer model) => model.Transform(Photographs(new MLContext())).GetColumn<float[]>("Embedding").Single();

    private static IDataView Rows(MLContext ml) => ml.Data.LoadFromEnumerable([new Photograph { ImagePath = s_photograph, Label = "Ada" }]);

    private static IDataView Photographs(MLContext ml)
    {
        IDataView rows = Rows(ml);
        return ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows);
    }

    private sealed class Photograph
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";
    }
}
