using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Faces;

[TestClass]
public class ExpandFacesTests
{
    private static TemporaryFolder s_folder = null!;
    private static string s_detector = "", s_first = "", s_broken = "", s_second = "";

    [ClassInitialize]
    public static void Write(TestContext _)
    {
        s_folder = new TemporaryFolder();
        s_detector = s_folder.Write("both.onnx", MarkedFaces.Both());
        s_first = s_folder.Write("1.png", MarkedFaces.Photograph);
        s_broken = s_folder.Write("2.png", [1, 2, 3]);
        s_second = s_folder.Write("3.png", EncodedImages.Gradient(80, 64, SkiaSharp.SKEncodedImageFormat.Png));
    }

    [ClassCleanup]
    public static void Remove() => s_folder.Dispose();

    [TestMethod]
    public void ExpandFaces_TwoFacesAndNone_MakesARowOfEachFaceAndCountsTheRest()
    {
        var ml = new MLContext(seed: 1);
        List<string> warnings = LoggedWarnings.Of(ml);
        using Owned found = Found(ml);
        IDataView photographs = found.Transformer.Transform(Rows(ml)), faces = ml.FaceRecognition().ExpandFaces(photographs);
        CollectionAssert.AreEqual(new[] { s_first, s_first, s_second, s_second }, faces.GetColumn<string>("ImagePath").ToArray());
        CollectionAssert.AreEqual(new[] { 0, 1, 0, 1 }, faces.GetColumn<int>("Face").ToArray());
        CollectionAssert.AreEqual(new[] { 0.75f, 0.5625f, 0.75f, 0.5625f }, faces.GetColumn<float>("Scores").ToArray());
        float[][] boxes = [.. photographs.GetColumn<float[]>("Boxes")], landmarks = [.. photographs.GetColumn<float[]>("Landmarks")];
        AreEqual([boxes[0][..4], boxes[0][4..], boxes[2][..4], boxes[2][4..]], faces.GetColumn<float[]>("Boxes"));
        AreEqual([landmarks[0][..10], landmarks[0][10..], landmarks[2][..10], landmarks[2][10..]], faces.GetColumn<float[]>("Landmarks"));
        Assert.AreEqual((4, 10), (SizeOf(faces, "Boxes"), SizeOf(faces, "Landmarks")));
        Assert.IsNull(faces.GetRowCount());
        StringAssert.Contains(warnings.First(warning => warning.Contains("no row was made")), "1 of 3 rows");
    }

    [TestMethod]
    public void ExpandFaces_KeepingPhotographsWithoutFaces_GivesThemARowOfNaN()
    {
        var ml = new MLContext(seed: 1);
        List<string> warnings = LoggedWarnings.Of(ml);
        using Owned found = Found(ml);
        IDataView faces = ml.FaceRecognition().ExpandFaces(found.Transformer.Transform(Rows(ml)), keepPhotographsWithoutFaces: true);
        CollectionAssert.AreEqual(new[] { 0, 1, -1, 0, 1 }, faces.GetColumn<int>("Face").ToArray());
        Assert.IsTrue(float.IsNaN(faces.GetColumn<float>("Scores").ElementAt(2)));
        Assert.IsTrue(faces.GetColumn<float[]>("Landmarks").ElementAt(2) is { Length: 10 } none && none.All(float.IsNaN));
        IDataView aligned = ml.Transforms.AlignFaces("Image", "Photograph", "Landmarks").Fit(faces).Transform(faces);
        CollectionAssert.AreEqual(new[] { true, true, false, true, true }, aligned.GetColumn<MLImage>("Image").Select(image => image is not null).ToArray(), "What follows treats it as a row without a face.");
        Assert.IsFalse(warnings.Exists(warning => warning.Contains("no row was made")));
    }

    [TestMethod]
    public void ExpandFaces_AnyTransform_CanFollow()
    {
        var ml = new MLContext(seed: 1);
        using Owned found = Found(ml);
        IDataView faces = ml.FaceRecognition().ExpandFaces(found.Transformer.Transform(Rows(ml)));
        IDataView sure = ml.Data.FilterRowsByColumn(faces, "Scores", lowerBound: 0.6);
        CollectionAssert.AreEqual(new[] { 0, 0 }, sure.GetColumn<int>("Face").ToArray());
        IDataView joined = ml.Transforms.Concatenate("Numbers", "Boxes", "Scores").Fit(faces).Transform(faces);
        CollectionAssert.AreEqual(new[] { 0f, 0, 24, 28, 0.5625f }, joined.GetColumn<float[]>("Numbers").ElementAt(1));
    }

    [TestMethod]
    public void ExpandFaces_SavedAndServed_EmbedsEachFaceAsEmbedAllDoes()
    {
        var ml = new MLContext(seed: 1);
        string zip = MarkedFaces.Save(s_folder, "expanded", MarkedFaces.Both(), found => found.Append(ml.Transforms.ExpandFaces()));
        ITransformer model = ml.Model.Load(zip, out _);
        using var native = model as IDisposable;
        IDataView rows = model.Transform(Rows(ml));
        float[][] embeddings = [.. rows.GetColumn<float[]>("Embedding")];
        CollectionAssert.AreEqual(new[] { 0, 1, 0, 1 }, rows.GetColumn<int>("Face").ToArray());

        using var embedder = new FaceEmbedder(zip, new FaceEmbedder.Options { ReloadInterval = null });
        AreClose(embeddings[..2], embedder.EmbedAll(s_first).Select(face => face.Embedding.Vector));
        AreClose(embeddings[2..], embedder.EmbedAll(s_second).Select(face => face.Embedding.Vector));
        AreClose([embeddings[2]], [embedder.Embed(s_second).Vector]);
        Assert.IsGreaterThan(1e-3f, Distance(embeddings[0], embeddings[1]), "The faces must not be alike.");
        StringAssert.Contains(Assert.Throws<Exception>(() => ml.Model.CreatePredictionEngine<MarkedFaces.Row, Prediction>(model)).Message, "row");
    }

    [TestMethod]
    public void ExpandFaces_IdsOfRows_AreDistinctAndTheSameEachTime()
    {
        var ml = new MLContext(seed: 1);
        using Owned found = Found(ml);
        IDataView faces = ml.FaceRecognition().ExpandFaces(found.Transformer.Transform(Rows(ml)), keepPhotographsWithoutFaces: true);
        DataViewRowId[] first = Ids(faces), second = Ids(faces);
        CollectionAssert.AreEqual(first, second);
        Assert.HasCount(5, first.Distinct());
    }

    [TestMethod]
    public void ExpandFaces_WrongColumns_AreNamed()
    {
        var ml = new MLContext(seed: 1);
        using Owned found = Found(ml);
        IDataView photographs = found.Transformer.Transform(Rows(ml));
        StringAssert.Contains(Assert.Throws<ArgumentOutOfRangeException>(() => ml.FaceRecognition().ExpandFaces(photographs, boxesColumnName: "Frames")).Message, "Frames");
        StringAssert.Contains(Assert.Throws<ArgumentOutOfRangeException>(() => ml.FaceRecognition().ExpandFaces(photographs, scoresColumnName: "ImagePath")).Message, "ImagePath");
        StringAssert.Contains(Assert.Throws<ArgumentOutOfRangeException>(() => ml.Transforms.ExpandFaces(faceColumnName: "Boxes")).Message, "'Boxes' is used twice");

        // Boxes of two faces, landmarks of one: told when the row is read.
        IDataView uneven = ml.Data.LoadFromEnumerable([new Uneven()]);
        var error = Assert.Throws<Exception>(() => ml.FaceRecognition().ExpandFaces(uneven, scoresColumnName: null).GetColumn<float[]>("Landmarks").ToArray());
        StringAssert.Contains(error.GetBaseException().Message, "'Landmarks' holds 10 numbers in a row whose column 'Boxes' has 2 faces");
    }

    private static Owned Found(MLContext ml) => new(ml.Transforms.LoadFaceImages("Photograph", "ImagePath", unreadableImages: UnreadableImages.Skip)
        .Append(ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Photograph", s_detector)).Fit(Rows(ml)));

    private static IDataView Rows(MLContext ml) => ml.Data.LoadFromEnumerable(new[] { s_first, s_broken, s_second }.Select(path => new MarkedFaces.Row { ImagePath = path }).ToArray());

    private static int SizeOf(IDataView view, string column) => ((VectorDataViewType)view.Schema[column].Type).Size;

    private static DataViewRowId[] Ids(IDataView view)
    {
        using DataViewRowCursor cursor = view.GetRowCursor([]);
        ValueGetter<DataViewRowId> get = cursor.GetIdGetter();
        var ids = new List<DataViewRowId>();
        DataViewRowId id = default;
        while (cursor.MoveNext())
        {
            get(ref id);
            ids.Add(id);
        }

        return [.. ids];
    }

    private static void AreEqual(float[][] expected, IEnumerable<float[]> actual)
    {
        float[][] rows = [.. actual];
        Assert.HasCount(expected.Length, rows);
        foreach ((float[] one, float[] other) in expected.Zip(rows))
        {
            CollectionAssert.AreEqual(one, other);
        }
    }

    private static void AreClose(float[][] expected, IEnumerable<float[]> actual)
    {
        float[][] rows = [.. actual];
        Assert.HasCount(expected.Length, rows);
        Assert.IsTrue(expected.Zip(rows).All(pair => Distance(pair.First, pair.Second) < 1e-5f));
    }

    private static float Distance(float[] first, float[] second) => first.Zip(second, (one, other) => Math.Abs(one - other)).Max();

    private sealed class Owned(ITransformer transformer) : IDisposable
    {
        public ITransformer Transformer => transformer;

        public void Dispose() => (transformer as IDisposable)?.Dispose();
    }

    private sealed class Prediction
    {
        public float[] Embedding { get; set; } = [];
    }

    private sealed class Uneven
    {
        public float[] Boxes { get; set; } = [1, 2, 3, 4, 5, 6, 7, 8];

        public float[] Landmarks { get; set; } = new float[10];
    }
}
