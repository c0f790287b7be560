using System.Numerics.Tensors;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Serving;

[TestClass]
public class FaceEmbedderTests
{
    private static readonly MLContext Ml = new(seed: 1);
    private static readonly FaceEmbedder.Options NeverReload = new() { ReloadInterval = null };
    private static DrawnPeople s_people = null!;
    private static IDataView s_data = null!;
    private static string[] s_pictures = [];
    private static float[][] s_expected = [];
    private static string s_zip = "";
    private static FaceEmbedder s_embedder = null!;

    [ClassInitialize]
    public static void Save(TestContext _)
    {
        s_people = new DrawnPeople(people: 4, picturesPerPerson: 2);
        s_data = Ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        s_pictures = [.. s_data.GetColumn<string>("ImagePath")];
        s_zip = Path.Combine(s_people.Folder, "faces.zip");
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        ITransformer model = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(s_data).Append(embedding).WithThreshold(Thresholds.Of(0.4));
        s_expected = [.. model.Transform(s_data).GetColumn<float[]>("Embedding")];
        Ml.Model.Save(model, s_data.Schema, s_zip);
        s_embedder = new FaceEmbedder(s_zip, NeverReload);
    }

    [ClassCleanup]
    public static void Remove()
    {
        s_embedder.Dispose();
        s_people.Dispose();
    }

    [TestMethod]
    public async Task Embed_EveryKindOfPhotograph_IsWhatThePipelineGives()
    {
        FaceEmbedding fromPath = s_embedder.Embed(s_pictures[1]);
        IsSame(s_expected[1], fromPath.Vector);
        using var image = MLImage.CreateFromFile(s_pictures[1]);
        byte[] bytes = File.ReadAllBytes(s_pictures[1]);
        using var stream = new ForwardOnlyStream(new MemoryStream(bytes));
        foreach (FacePhotograph photograph in new FacePhotograph[] { bytes, image, FacePhotograph.FromBytes(bytes), await FacePhotograph.ReadAsync(stream) })
        {
            FaceEmbedding embedding = s_embedder.Embed(photograph);
            CollectionAssert.AreEqual(fromPath.Vector, embedding.Vector);
            Assert.AreEqual(s_embedder.Fingerprint, embedding.Fingerprint);
        }

        Assert.IsGreaterThan(0, image.Width, "A given image stays the caller's.");
        Assert.AreEqual((16, Thresholds.Of(0.4)), (s_embedder.EmbeddingSize, s_embedder.Threshold));
    }

    [TestMethod]
    public void Embed_ManyThreads_EachGetsItsOwnAnswer() => Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
    {
        FaceEmbedding embedding = i % 2 == 0 ? s_embedder.Embed(s_pictures[i % 8]) : s_embedder.EmbedAsync(s_pictures[i % 8]).GetAwaiter().GetResult();
        IsSame(s_expected[i % 8], embedding.Vector);
    });

    [TestMethod]
    public void Embed_BadPhotographs_SayWhatIsWrong()
    {
        StringAssert.Contains(Assert.ThrowsExactly<FaceImageException>(() => s_embedder.Embed("missing.jpg")).Message, "'missing.jpg'");
        Assert.ThrowsExactly<FaceImageException>(() => s_embedder.Embed(new byte[] { 1, 2, 3 }));
        Assert.ThrowsExactly<ArgumentNullException>(() => s_embedder.Embed((byte[])null!));
    }

    [TestMethod]
    public async Task ReadAsync_MoreThanTheLimit_IsRefused()
    {
        byte[] bytes = new byte[100_001];
        Assert.AreEqual("of the given stream", (await FacePhotograph.ReadAsync(new MemoryStream(bytes), maximumBytes: 100_001)).Name);
        var error = await Assert.ThrowsExactlyAsync<FaceImageException>(() => FacePhotograph.ReadAsync(new MemoryStream(bytes), maximumBytes: 100_000));
        StringAssert.Contains(error.Message, "more than 100000 bytes");
    }

    [TestMethod]
    public void Verify_TwoPhotographs_TellsScoreThresholdAndMargin()
    {
        FaceVerification same = s_embedder.Verify(s_pictures[0], File.ReadAllBytes(s_pictures[0]));
        Assert.IsTrue(same.IsSamePerson);
        Assert.AreEqual(1, same.Score, 1e-6);
        Assert.AreEqual(0.4, same.Threshold, 1e-12);
        Assert.AreEqual(same.Score - 0.4, same.Margin);

        // A network that was not trained finds all faces alike; a threshold right at their score parts nothing from it.
        double score = TensorPrimitives.Dot<float>(s_expected[0], s_expected[5]);
        Assert.AreEqual(score, s_embedder.Verify(s_pictures[0], s_pictures[5]).Score, 1e-5);
        foreach (double shift in new[] { -1e-3, 1e-3 })
        {
            using var embedder = new FaceEmbedder(s_zip, NeverReload with { Cosine = score + shift });
            Assert.AreEqual(shift < 0, embedder.Verify(s_pictures[0], s_pictures[5]).IsSamePerson);
            Assert.AreEqual(shift < 0, embedder.VerifyAsync(s_pictures[0], s_pictures[5]).GetAwaiter().GetResult().Margin > 0);
        }
    }

    [TestMethod]
    public void Verify_ModelWithoutThreshold_SaysHowToGetOne()
    {
        ITransformer model = Ml.Model.Load(s_zip, out DataViewSchema schema);
        using var native = model as IDisposable;
        using var folder = new TemporaryFolder();
        string zip = Path.Combine(folder.FullName, "bare.zip");
        Ml.Model.Save(model.WithThreshold(null), schema, zip);
        using var embedder = new FaceEmbedder(zip, NeverReload);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => embedder.Verify(s_pictures[0], s_pictures[1]));
        StringAssert.Contains(error.Message, "CalibrateThreshold");
        IsSame(s_expected[0], embedder.Embed(s_pictures[0]).Vector);
    }

    [TestMethod]
    public void Embed_PresentationAttack_IsRefusedUnlessItIsAReference()
    {
        var detector = new WidthDetector();
        using var embedder = new FaceEmbedder(s_zip, NeverReload, detector);
        IsSame(s_expected[0], embedder.Embed(s_pictures[0]).Vector);
        byte[] wide = EncodedImages.Gradient(300, 200, SKEncodedImageFormat.Png);
        var attack = Assert.ThrowsExactly<PresentationAttackException>(() => embedder.Embed(wide));
        Assert.AreEqual(new PresentationAttackAssessment(IsAttack: true, Score: 300), attack.Assessment);
        Assert.ThrowsExactly<PresentationAttackException>(() => embedder.Verify(s_pictures[0], wide));
        Assert.AreEqual(4, detector.Asked);
        Assert.HasCount(16, embedder.Embed(FacePhotograph.FromBytes(wide).AsReference()).Vector);
        Assert.AreEqual(4, detector.Asked);
    }

    [TestMethod]
    public void AddFaceEmbedder_Provider_GivesOneAndDisposesOfIt()
    {
        var detector = new WidthDetector();
        var services = new ServiceCollection().AddSingleton<IPresentationAttackDetector>(detector).AddFaceEmbedder(s_zip, NeverReload);
        FaceEmbedder embedder;
        using (ServiceProvider provider = services.BuildServiceProvider())
        {
            embedder = provider.GetRequiredService<FaceEmbedder>();
            Assert.AreSame(embedder, provider.GetRequiredService<FaceEmbedder>());
            IsSame(s_expected[0], embedder.Embed(s_pictures[0]).Vector);
            Assert.AreEqual(1, detector.Asked);
        }

        Assert.ThrowsExactly<ObjectDisposedException>(() => embedder.Embed(s_pictures[0]));
        Assert.ThrowsExactly<ObjectDisposedException>(() => embedder.EmbedAsync(s_pictures[0]).GetAwaiter().GetResult());
    }

    [TestMethod]
    public void Options_OutOfTheirRanges_AreAllReportedAtOnce()
    {
        var wrong = new FaceEmbedder.Options { MaxBatchSize = 0, MaxBatchDelay = TimeSpan.FromHours(1), MaxQueueLength = 0, ReloadInterval = TimeSpan.Zero, Cosine = 2, GpuDeviceId = -1 };
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ServiceCollection().AddFaceEmbedder(s_zip, wrong));
        foreach (string name in new[] { "MaxBatchSize", "MaxBatchDelay", "MaxQueueLength", "ReloadInterval", "Cosine", "GpuDeviceId" })
        {
            StringAssert.Contains(error.Message, name);
        }

        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => new FaceEmbedder("missing.zip")).Message, "missing.zip");
    }

    [TestMethod]
    public void Embed_ModelThatDetects_TakesTheMainFace()
    {
        // A detector that sees one face in photographs of 96×64 at most; and one that sees none in them.
        using var folder = new TemporaryFolder();
        byte[] sees = new DetectorModels.Scrfd(96, 64).Set(8, 5, 2, 0, 0.75f).Set(8, 5, 2, 0, 1, 0.5f, 2, 3)
            .Set(8, 5, 2, 0, 0, 0, 1, 0, 0.5f, 0.5f, -1, 1, 1, 1.25f).ToBytes();
        byte[] photograph = EncodedImages.Gradient(90, 60, SKEncodedImageFormat.Png);
        (string zip, float[] expected) = Detecting(folder, "one", sees, photograph);
        using var embedder = new FaceEmbedder(zip, NeverReload);
        IsSame(expected, embedder.Embed(photograph).Vector);
        Parallel.For(0, 16, _ => IsSame(expected, embedder.EmbedAsync(photograph).GetAwaiter().GetResult().Vector));

        using var blind = new FaceEmbedder(Detecting(folder, "none", new DetectorModels.Scrfd(96, 64).ToBytes(), photograph).Zip, NeverReload);
        StringAssert.Contains(Assert.ThrowsExactly<FaceNotFoundException>(() => blind.Embed(photograph)).Message, "no face");
    }

    [TestMethod]
    public void Embed_SeveralFaces_TellsHowManyAndWhichWasPassedOver()
    {
        using var folder = new TemporaryFolder();
        byte[] photograph = EncodedImages.Gradient(90, 60, SKEncodedImageFormat.Png);
        using var two = new FaceEmbedder(Detecting(folder, "two", DetectorModels.Scrfd.TwoFaces().ToBytes(), photograph).Zip, NeverReload with { Cosine = 0.5 });
        foreach (FaceEmbedding embedding in new[] { two.Embed(photograph), two.EmbedAsync(photograph).GetAwaiter().GetResult() })
        {
            Assert.HasCount(2, embedding.Faces!);
            Assert.AreEqual(embedding.Faces![1], embedding.PassedOver);
            Assert.AreEqual(embedding.Faces[0].Area, embedding.PassedOver!.Area, 1);
            var refused = Assert.ThrowsExactly<SeveralFacesException>(() => embedding.RequireOneFace("'two.png'"));
            Assert.AreEqual(("'two.png'", 2), (refused.ImageName, refused.FaceCount));
            StringAssert.Contains(refused.Message, "'two.png' shows 2 faces");
        }

        foreach (FaceVerification answer in new[] { two.Verify(photograph, photograph), two.VerifyAsync(photograph, photograph).GetAwaiter().GetResult() })
        {
            Assert.AreEqual((2, 2), (answer.FirstFaceCount, answer.SecondFaceCount));
        }

        // A face of 16×16 beside one of 24×28 has less than half its area: a bystander.
        byte[] bystander = DetectorModels.Scrfd.OneFace().Set(32, 0, 0, 0, 0.9f).Set(32, 0, 0, 0, 0, 0, 0.5f, 0.5f).ToBytes();
        using var one = new FaceEmbedder(Detecting(folder, "bystander", bystander, photograph).Zip, NeverReload);
        FaceEmbedding main = one.Embed(photograph);
        Assert.AreEqual((2, null), (main.Faces!.Count, main.PassedOver));
        Assert.AreSame(main, main.RequireOneFace("x"));

        FaceEmbedding unknown = s_embedder.Embed(s_pictures[0]);
        Assert.IsNull(unknown.Faces);
        Assert.IsNull(unknown.PassedOver);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => unknown.RequireOneFace("x")).Message, "no detector");
        Assert.IsNull(s_embedder.Verify(s_pictures[0], s_pictures[1]).FirstFaceCount);
    }

    [TestMethod]
    [DataRow(100, 50, true)]
    [DataRow(100, 49, false)]
    [DataRow(50, 100, true)]
    public void IsComparableTo_HalfTheArea_IsTheLimit(float main, float other, bool isComparable) =>
        Assert.AreEqual(isComparable, new FaceBox(5, 5, other, 10).IsComparableTo(new FaceBox(50, 50, main, 10)));

    [TestMethod]
    public void Embed_ModelOfAnImageColumn_AndMLNetsLoader_Work()
    {
        using var folder = new TemporaryFolder();
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        string alone = Path.Combine(folder.FullName, "alone.zip"), images = Path.Combine(folder.FullName, "images.zip");
        Ml.Model.Save(embedding, s_people.Images(Ml).Schema, alone);
        Ml.Model.Save(Ml.Transforms.LoadImages("Image", "", "ImagePath").Fit(s_data).Append(embedding), s_data.Schema, images);
        foreach (string zip in new[] { alone, images })
        {
            using var embedder = new FaceEmbedder(zip, NeverReload);
            IsSame(s_expected[3], embedder.Embed(s_pictures[3]).Vector);
        }
    }

    [TestMethod]
    public void Constructor_ModelThatNeedsMore_SaysWhichColumn()
    {
        using var folder = new TemporaryFolder();
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        IDataView landmarks = Ml.Data.LoadFromEnumerable([new Landmarked()]);
        string zip = Path.Combine(folder.FullName, "landmarks.zip");
        Ml.Model.Save(
            Ml.Transforms.LoadFaceImages("Photograph", "ImagePath").Append(Ml.Transforms.AlignFaces("Image", "Photograph", "Landmarks")).Fit(landmarks).Append(embedding), landmarks.Schema, zip);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => new FaceEmbedder(zip)).Message, "'Landmarks'");
    }

    internal static (string Zip, float[] Embedding) Detecting(TemporaryFolder folder, string name, byte[] detector, byte[] photograph)
    {
        IDataView rows = Ml.Data.LoadFromEnumerable([new Photograph { ImagePath = folder.Write($"{name}.png", photograph) }]);
        using var toFace = Ml.Transforms.LoadFaceImages("Photograph", "ImagePath")
            .Append(Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Photograph", folder.Write($"{name}.onnx", detector)))
            .Append(Ml.Transforms.AlignFaces("Image", "Photograph", "Landmarks")).Fit(rows);
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        var model = toFace.Append(embedding);
        string zip = Path.Combine(folder.FullName, $"{name}.zip");
        Ml.Model.Save(model, rows.Schema, zip);
        return (zip, model.Transform(rows).GetColumn<float[]>("Embedding").Single());
    }

    internal static void IsSame(float[] expected, float[] actual) => Assert.AreEqual(1, TensorPrimitives.Dot<float>(expected, actual), 1e-5);

    private sealed class Photograph
    {
        public string ImagePath { get; set; } = "";
    }

    private sealed class Landmarked
    {
        public string ImagePath { get; set; } = "";

        [VectorType(10)]
        public float[] Landmarks { get; set; } = [];
    }

    /// <summary>Takes wide photographs for attacks.</summary>
    private sealed class WidthDetector : IPresentationAttackDetector
    {
        private int _asked;

        public int Asked => _asked;

        public PresentationAttackAssessment Assess(MLImage photograph)
        {
            Interlocked.Increment(ref _asked);
            return new PresentationAttackAssessment(photograph.Width > 200, photograph.Width);
        }
    }
}
