using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Serving;

[TestClass]
public class EmbedAllTests
{
    private static readonly FaceEmbedder.Options NeverReload = new() { ReloadInterval = null };
    private static TemporaryFolder s_folder = null!;
    private static string s_both = "";

    /// <summary>The embedding of each face as a model gives it that finds no other.</summary>
    private static float[] s_main = [], s_corner = [];

    [ClassInitialize]
    public static void Save(TestContext _)
    {
        s_folder = new TemporaryFolder();
        s_both = MarkedFaces.Save(s_folder, "both", MarkedFaces.Both());
        using var main = new FaceEmbedder(MarkedFaces.Save(s_folder, "main", MarkedFaces.MainAlone()), NeverReload);
        using var corner = new FaceEmbedder(MarkedFaces.Save(s_folder, "corner", MarkedFaces.CornerAlone()), NeverReload);
        (s_main, s_corner) = (main.Embed(MarkedFaces.Photograph).Vector, corner.Embed(MarkedFaces.Photograph).Vector);
        Assert.IsGreaterThan(1e-3f, Distance(s_main, s_corner), "The two faces must not be alike, or no test could tell them apart.");
    }

    [ClassCleanup]
    public static void Remove() => s_folder.Dispose();

    [TestMethod]
    public async Task EmbedAll_TwoFaces_GivesEachAsIfItWereAlone()
    {
        using var embedder = new FaceEmbedder(s_both, NeverReload with { MaxBatchSize = 1 });
        using var wide = new FaceEmbedder(s_both, NeverReload);
        foreach (IReadOnlyList<EmbeddedFace> faces in new[] { embedder.EmbedAll(MarkedFaces.Photograph), wide.EmbedAll(MarkedFaces.Photograph), await embedder.EmbedAllAsync(MarkedFaces.Photograph), await wide.EmbedAllAsync(MarkedFaces.Photograph) })
        {
            Assert.HasCount(2, faces);
            Assert.IsLessThan(1e-5f, Distance(s_main, faces[0].Embedding.Vector));
            Assert.IsLessThan(1e-5f, Distance(s_corner, faces[1].Embedding.Vector));
            Assert.AreEqual((0.75, 0.5625), (faces[0].DetectionScore, faces[1].DetectionScore));
            Assert.AreEqual(new FaceBox(32, 12, 24, 28), faces[0].Box);
            Assert.AreEqual(new FaceBox(0, 0, 24, 28), faces[1].Box);
            CollectionAssert.AreEqual(MarkedFaces.CornerLandmarks, faces[1].Landmarks!.ToArray());
            CollectionAssert.AreEqual(new[] { faces[1].Box, faces[0].Box }, faces[1].Embedding.Faces!.ToArray(), "A face comes first among the photograph's.");
            Assert.AreEqual(faces[0].Box, faces[1].Embedding.PassedOver);
            Assert.AreEqual(0.5625, faces[1].Quality!.DetectionScore);
            Assert.AreEqual(0, faces[1].Quality!.Roll!.Value, 10);
            Assert.IsTrue(faces[1].Quality is { Size: > 30 and < 60, EmbeddingNorm: null, Brightness: > 0 and < 255, Sharpness: > 0 }, faces[1].Quality!.ToString());
            Assert.IsTrue(faces.All(face => face.Embedding.Fingerprint == embedder.Fingerprint && face.Embedding.IsAligned));
        }

        Assert.IsLessThan(1e-5f, Distance(s_main, embedder.Embed(MarkedFaces.Photograph).Vector), "The main face alone is what Embed gives.");
    }

    [TestMethod]
    public async Task EmbedAll_ManyCallers_EachGetsItsOwnFaces()
    {
        using var embedder = new FaceEmbedder(s_both, NeverReload);
        await Parallel.ForAsync(0, 32, async (i, cancellation) =>
        {
            IReadOnlyList<EmbeddedFace> faces = i % 2 == 0 ? embedder.EmbedAll(MarkedFaces.Photograph) : await embedder.EmbedAllAsync(MarkedFaces.Photograph, cancellation);
            Assert.IsLessThan(1e-5f, Distance(s_main, faces[0].Embedding.Vector));
            Assert.IsLessThan(1e-5f, Distance(s_corner, faces[1].Embedding.Vector));
        });
    }

    [TestMethod]
    public void EmbedAll_NoFace_GivesNone()
    {
        using var blind = new FaceEmbedder(MarkedFaces.Save(s_folder, "blind", new DetectorModels.Scrfd(96, 64).ToBytes()), NeverReload);
        Assert.IsEmpty(blind.EmbedAll(MarkedFaces.Photograph));
        Assert.ThrowsExactly<FaceImageException>(() => blind.EmbedAll("missing.jpg"));
    }

    [TestMethod]
    public void EmbedAll_LandmarksOfOnePoint_LeavesThatFaceOut()
    {
        // The surer face of TwoFaces has all its landmarks in one point.
        using var embedder = new FaceEmbedder(MarkedFaces.Save(s_folder, "point", DetectorModels.Scrfd.TwoFaces().ToBytes()), NeverReload);
        EmbeddedFace only = embedder.EmbedAll(MarkedFaces.Photograph).Single();
        Assert.AreEqual((0.75, 2), (only.DetectionScore, only.Embedding.Faces!.Count));
    }

    [TestMethod]
    public void EmbedAll_ModelWithoutDetector_GivesThePhotographAsAFace()
    {
        using var people = new DrawnPeople(people: 1, picturesPerPerson: 1);
        IDataView data = new MLContext().FaceRecognition().LoadFromFolder(people.Folder);
        string picture = data.GetColumn<string>("ImagePath").First(), zip = Path.Combine(people.Folder, "faces.zip");
        using FaceEmbeddingTransformer embedding = Tests.Embedding.FaceEmbeddingTransformerTests.Create();
        var ml = new MLContext();
        ml.Model.Save(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(embedding), data.Schema, zip);
        using var embedder = new FaceEmbedder(zip, NeverReload);
        EmbeddedFace face = embedder.EmbedAll(picture).Single();
        Assert.AreEqual((null, null, default(double?)), (face.Box, face.Landmarks, face.DetectionScore));
        CollectionAssert.AreEqual(embedder.Embed(picture).Vector, face.Embedding.Vector);
        Assert.IsTrue(face.Quality is { Size: null, Yaw: null, DetectionScore: null, Sharpness: > 0 }, "It came aligned, so that nobody knows how large it was.");
    }

    [TestMethod]
    [DataRow("MagFaceLoss", true)]
    [DataRow("AdaFaceLoss", true)]
    [DataRow("ArcFaceLoss", false)]
    public async Task Embed_LengthOfTheEmbedding_IsQualityWhereTheLossMakesItOne(string loss, bool isQuality)
    {
        using var people = new DrawnPeople(people: 1, picturesPerPerson: 1);
        var ml = new MLContext();
        IDataView data = ml.FaceRecognition().LoadFromFolder(people.Folder);
        string picture = data.GetColumn<string>("ImagePath").First(), zip = Path.Combine(people.Folder, "faces.zip");
        var training = new FaceTrainingSummary(loss, 0.5, 16, PersonCount: 3, PhotographCount: 30, Epochs: 2, Steps: 6, StartedFromWeights: false, "0.1.0");
        using FaceEmbeddingTransformer embedding = Tests.Embedding.FaceEmbeddingTransformerTests.Create(new ArcFace.Embedding.EmbeddingColumns("Image", "Embedding", "PredictedLabel", "Score", "Cosine", "Quality"), training: training);
        ITransformer model = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(embedding);
        float length = model.Transform(data).GetColumn<float>("Quality").First();
        ml.Model.Save(model, data.Schema, zip);
        using var embedder = new FaceEmbedder(zip, NeverReload);
        foreach (FaceEmbedding face in new[] { embedder.Embed(picture), await embedder.EmbedAsync(picture), embedder.EmbedAll(picture)[0].Embedding })
        {
            Assert.AreEqual(isQuality, face.Quality!.EmbeddingNorm is not null);
            Assert.AreEqual(isQuality ? length : 0, face.Quality.EmbeddingNorm ?? 0, 1e-4 * length);
        }
    }

    [TestMethod]
    public void EmbedAll_MoreFacesThanAllowed_AreRefusedByNumber()
    {
        using var embedder = new FaceEmbedder(s_both, NeverReload with { MaximumFaces = 1 });
        TooManyFacesException refused = Assert.ThrowsExactly<TooManyFacesException>(() => embedder.EmbedAll(MarkedFaces.Photograph));
        Assert.AreEqual(2, refused.FaceCount);
        StringAssert.Contains(refused.Message, "shows 2 faces; at most 1");
        Assert.HasCount(16, embedder.Embed(MarkedFaces.Photograph).Vector, "One face is embedded all the same.");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new FaceEmbedder(s_both, NeverReload with { MaximumFaces = 0 })).Message, "MaximumFaces is 0");
    }

    [TestMethod]
    public async Task EmbedAll_DetectorWhoseFacesAreNotCutOut_SaysSo()
    {
        // Aligned by cropping, so that both faces would be the same picture.
        using var folder = new TemporaryFolder();
        var ml = new MLContext();
        IDataView rows = ml.Data.LoadFromEnumerable([new MarkedFaces.Row { ImagePath = folder.Write("a.png", MarkedFaces.Photograph) }]);
        string zip = Path.Combine(folder.FullName, "cropped.zip");
        using FaceEmbeddingTransformer embedding = Tests.Embedding.FaceEmbeddingTransformerTests.Create();
        using var faces = ml.Transforms.LoadFaceImages("Photograph", "ImagePath").Append(ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Photograph", folder.Write("d.onnx", MarkedFaces.Both())))
            .Append(ml.Transforms.AlignFaces("Image", "Photograph")).Fit(rows);
        ml.Model.Save(faces.Append(embedding), rows.Schema, zip);
        using var embedder = new FaceEmbedder(zip, NeverReload);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => embedder.EmbedAll(MarkedFaces.Photograph)).Message, "AlignFaces");
        await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => embedder.EmbedAllAsync(MarkedFaces.Photograph));
        Assert.HasCount(2, embedder.Embed(MarkedFaces.Photograph).Faces!);
    }

    [TestMethod]
    public async Task IdentifyAll_FacesOfAPhotograph_AreNamedFromTheGallery()
    {
        using var embedder = new FaceEmbedder(s_both, NeverReload);
        using var gallery = FaceGallery.CreateInMemory(embedder.GetGalleryModel(), new FaceGalleryOptions { CosineThreshold = 0.5, AmbiguityMargin = 0 });
        gallery.Enroll("main", new FaceEmbedding(s_main, embedder.Fingerprint));
        gallery.Enroll("corner", new FaceEmbedding(s_corner, embedder.Fingerprint));
        foreach (IReadOnlyList<RecognizedFace> faces in new[] { embedder.IdentifyAll(MarkedFaces.Photograph, gallery), await embedder.IdentifyAllAsync(MarkedFaces.Photograph, gallery) })
        {
            CollectionAssert.AreEqual(new[] { "main", "corner" }, faces.Select(face => face.Identification.Person!.PersonId).ToArray());
            CollectionAssert.AreEqual(new[] { 0.75, 0.5625 }, faces.Select(face => face.Face.DetectionScore!.Value).ToArray());
        }

        gallery.Remove("corner");
        IReadOnlyList<RecognizedFace> one = embedder.IdentifyAll(MarkedFaces.Photograph, gallery);
        Assert.AreEqual((IdentificationOutcome.Match, IdentificationOutcome.Ambiguous, 0), (one[0].Identification.Outcome, one[1].Identification.Outcome, one[1].Identification.NearerFace!.Value));
    }

    private static float Distance(float[] first, float[] second) => first.Zip(second, (one, other) => Math.Abs(one - other)).Max();
}
