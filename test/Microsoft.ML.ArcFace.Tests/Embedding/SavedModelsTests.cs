using System.IO.Compression;
using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

/// <summary>
/// Models that earlier versions saved, one for each version of the format, must load. They lie in SavedModels/: small files of
/// a formula, faces-*.zip (a published network) and graph-*.zip (a graph of others) by the version of the embedding, detecting-*.zip by that of the detector. Whoever changes a format adds
/// the file that <see cref="Format_OfToday_IsAmongThem"/> writes, and changes none.
/// </summary>
[TestClass]
public class SavedModelsTests
{
    private const int EmbeddingSize = 8, LargestFile = 100_000;

    /// <summary>What the formula's network gives for <see cref="Face"/>; it is the same for every file.</summary>
    private static readonly float[] s_expected = [0.34411672f, 0.35036188f, 0.356607f, 0.36285216f, 0.34411672f, 0.35036188f, 0.356607f, 0.36285216f];

    private static readonly string[] s_people = ["Ada", "Bob", "Cleo"];

    internal static string Folder => Path.Combine(SharedFolders.RepositoryRoot!, "test", "Microsoft.ML.ArcFace.Tests", "Embedding", "SavedModels");

    public static IEnumerable<object[]> Files => Named("faces-*.zip");

    public static IEnumerable<object[]> DetectingFiles => Named("detecting-*.zip");

    public static IEnumerable<object[]> GraphFiles => Named("graph-*.zip");

    private static string GraphFileOfToday => $"graph-{FaceEmbeddingTransformer.FormatVersion:x8}.zip";

    private static string FileOfToday => $"faces-{FaceEmbeddingTransformer.FormatVersion:x8}.zip";

    private static string DetectingFileOfToday => $"detecting-{FaceDetectingTransformer.FormatVersion:x8}.zip";

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void Load_FileOfAVersion_GivesItsEmbeddingAndAllThatItKnows(string file)
    {
        var ml = new MLContext();
        string path = Path.Combine(Folder, file);
        Assert.IsLessThan(LargestFile, new FileInfo(path).Length);
        ITransformer model = ml.Model.Load(path, out DataViewSchema schema);
        using (model as IDisposable)
        {
            Assert.AreEqual("ImagePath", schema.Single().Name);
            FaceEmbeddingTransformer embedding = model.FaceEmbedding();
            CollectionAssert.AreEqual(s_people, embedding.PersonNames!.ToArray());
            Assert.AreEqual(Thresholds.Of(0.4), embedding.Threshold);
            Assert.AreEqual(TellsTeacher(file) ? Training : Training with { Teacher = null }, embedding.Training);
            Assert.AreEqual(InferencePrecision.BFloat16, embedding.Precision);
            Assert.IsTrue(embedding.AddsMirrorImage);
            using var folder = new TemporaryFolder();
            IDataView rows = ml.Data.LoadFromEnumerable([new Photograph { ImagePath = folder.Write("face.bmp", Face()) }]);
            float[] actual = model.Transform(rows).GetColumn<float[]>("Embedding").Single();
            Assert.IsLessThan(0.002f, TensorPrimitives.Distance<float>(s_expected, actual), string.Join(", ", actual));
            Assert.HasCount(s_people.Length, model.Transform(rows).GetColumn<float[]>("Score").Single());
        }

        using var embedder = new FaceEmbedder(path, new FaceEmbedder.Options { ReloadInterval = null });
        Assert.AreEqual(EmbeddingSize, embedder.Embed(Face()).Vector.Length);
    }

    [TestMethod]
    [DynamicData(nameof(GraphFiles))]
    public void Load_GraphOfAVersion_GivesItsEmbeddingAndAllThatItKnows(string file)
    {
        var ml = new MLContext();
        string path = Path.Combine(Folder, file);
        Assert.IsLessThan(LargestFile, new FileInfo(path).Length);
        ITransformer model = ml.Model.Load(path, out _);
        using (model as IDisposable)
        {
            FaceEmbeddingTransformer embedding = model.FaceEmbedding();
            Assert.AreEqual((null, "formula.onnx"), (embedding.Backbone, embedding.NetworkName));
            Assert.AreEqual(SavedGraph.File, embedding.NetworkFile);
            Assert.AreEqual(Thresholds.Of(0.4), embedding.Threshold);
            using var folder = new TemporaryFolder();
            IDataView rows = ml.Data.LoadFromEnumerable([new Photograph { ImagePath = folder.Write("face.bmp", Face()) }]);
            float[] actual = model.Transform(rows).GetColumn<float[]>("Embedding").Single();
            Assert.IsLessThan(1e-5f, TensorPrimitives.Distance<float>(SavedGraph.Embed(SkiaSharp.SKColors.Teal), actual), string.Join(", ", actual));

            // From this version on the graph is kept, too.
            if (string.CompareOrdinal(file, "graph-00010006.zip") >= 0)
            {
                string onnx = Path.Combine(folder.FullName, "graph.onnx");
                ml.FaceRecognition().ExportToOnnx(model, onnx, new OnnxExportOptions { OriginalGraph = true });
                Assert.AreEqual(ModelProto.Parser.ParseFrom(SavedGraph.Onnx()).Graph, ModelProto.Parser.ParseFrom(File.ReadAllBytes(onnx)).Graph);
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(DetectingFiles))]
    public void Load_FileOfAVersionWithADetector_FindsItsFace(string file)
    {
        // ML.NET's own loader comes first, so that the detector is the first part of the library that this context meets.
        var ml = new MLContext();
        string path = Path.Combine(Folder, file);
        Assert.IsLessThan(LargestFile, new FileInfo(path).Length);
        ITransformer model = ml.Model.Load(path, out _);
        using (model as IDisposable)
        {
            using var folder = new TemporaryFolder();
            IDataView rows = model.Transform(ml.Data.LoadFromEnumerable([new Photograph { ImagePath = folder.Write("two.png", EncodedImages.Gradient(90, 60, SkiaSharp.SKEncodedImageFormat.Png)) }]));
            Assert.HasCount(4, rows.GetColumn<float[]>("Boxes").Single());
            Assert.HasCount(EmbeddingSize, rows.GetColumn<float[]>("Embedding").Single());
        }
    }

    [TestMethod]
    [DataRow("faces"), DataRow("graph"), DataRow("detecting")]
    public void Format_OfToday_IsAmongThem(string kind)
    {
        string name = kind switch { "faces" => FileOfToday, "graph" => GraphFileOfToday, _ => DetectingFileOfToday };
        if (!File.Exists(Path.Combine(Folder, name)))
        {
            string written = Path.Combine(Path.GetTempPath(), name);
            if (kind == "graph")
            {
                SavedGraph.Save(written);
            }
            else
            {
                Save(written, detects: kind == "detecting");
            }

            Compress(written);
            Assert.Fail($"The format has a new version. Look at '{written}', which this version wrote, and move it to {Folder}.");
        }
    }

    [TestMethod]
    public void Format_OfToday_HasTheSameWeights()
    {
        // The same bytes of weights: the network of the formula is still described and saved alike.
        using var folder = new TemporaryFolder();
        string today = Path.Combine(folder.FullName, FileOfToday);
        Save(today, detects: false);
        using var former = new FaceEmbedder(Path.Combine(Folder, FileOfToday), new FaceEmbedder.Options { ReloadInterval = null });
        using var now = new FaceEmbedder(today, new FaceEmbedder.Options { ReloadInterval = null });
        Assert.AreEqual(former.Fingerprint, now.Fingerprint);
    }

    private static FaceTrainingSummary Training { get; } = new("ArcFaceLoss", 0.5, 16, PersonCount: 3, PhotographCount: 30, Epochs: 2, Steps: 6, StartedFromWeights: false, "0.1.0")
    {
        Teacher = new FaceTeacherSummary("w600k_r50.onnx", "0123456789abcdef", Weight: 20),
    };

    /// <summary>Files of earlier versions do not tell whom a model learned from.</summary>
    private static bool TellsTeacher(string file) => string.CompareOrdinal(file, "faces-00010007.zip") >= 0;

    /// <summary>Saves the network of the formula: small steps that repeat, so that the file is small.</summary>
    private static void Save(string path, bool detects)
    {
        var ml = new MLContext();
        NetworkDescription network = BackboneDescription.Of(BackboneArchitecture.MobileFaceNet, EmbeddingSize);
        var weights = WeightStore.InMemory(network);
        foreach ((string name, WritableTensor tensor) in weights.Writable)
        {
            if (tensor is PlainTensor<float> { Values: var values })
            {
                long inputs = tensor.Shape.Skip(1).Aggregate(1L, (product, size) => product * size);
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = tensor.Shape.Length > 1 ? ((i % 16) - 7.5f) / (4.6f * MathF.Sqrt(inputs)) : name.EndsWith("bias", StringComparison.Ordinal) ? ((i % 4) - 1.5f) / 8 : name.EndsWith("mean", StringComparison.Ordinal) ? 0 : 1;
                }
            }
        }

        float[] centers = [.. Enumerable.Range(0, s_people.Length * EmbeddingSize).Select(i => (i % 5) - 2f)];
        var facts = new EmbeddingFacts(BackboneArchitecture.MobileFaceNet, EmbeddingSize, s_people.Length, s_people, Scale: 16, InferencePrecision.BFloat16, Training);
        var model = FaceEmbeddingModel.Of(network, weights, new ClassCenters(PlainTensor.Of([s_people.Length, EmbeddingSize], centers)), facts, EmbeddingDevice.Choose(ml));
        using var embedding = new FaceEmbeddingTransformer(ml, model, new EmbeddingColumns("Image", "Embedding", "PredictedLabel", "Score", "Cosine", "Quality"), addMirrorImage: true, batchSize: 32, Thresholds.Of(0.4));
        IDataView rows = ml.Data.LoadFromEnumerable<Photograph>([]);
        using var folder = new TemporaryFolder();
        ITransformer before = detects
            ? ml.Transforms.LoadImages("Photograph", null, "ImagePath")
                .Append(ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Photograph", folder.Write("detector.onnx", DetectorModels.Scrfd.OneFace().ToBytes())))
                .Append(ml.Transforms.AlignFaces("Image", "Photograph", "Landmarks")).Fit(rows)
            : ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows);
        using (before as IDisposable)
        {
            ml.Model.Save(before.Append(embedding), rows.Schema, path);
        }
    }

    /// <summary>Packs a zip anew: weights are saved as they are, and those of a formula need not be.</summary>
    private static void Compress(string path)
    {
        using var packed = new MemoryStream();
        using (ZipArchive from = ZipFile.OpenRead(path), to = new(packed, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (ZipArchiveEntry entry in from.Entries)
            {
                using Stream source = entry.Open(), target = to.CreateEntry(entry.FullName, CompressionLevel.SmallestSize).Open();
                source.CopyTo(target);
            }
        }

        File.WriteAllBytes(path, packed.ToArray());
    }

    private static IEnumerable<object[]> Named(string pattern) => Directory.GetFiles(Folder, pattern).Select(path => new object[] { Path.GetFileName(path) });

    /// <summary>A teal face.</summary>
    private static byte[] Face() => EncodedImages.Bmp(112, 112, SkiaSharp.SKColors.Teal);

    private sealed class Photograph
    {
        public string ImagePath { get; set; } = "";
    }
}
