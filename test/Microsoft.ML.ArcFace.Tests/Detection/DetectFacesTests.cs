using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Detection;

/// <summary>The transform over graphs with the outputs of SCRFD whose numbers the tests set.</summary>
[TestClass]
public class DetectFacesTests
{
    // What a photograph of 90×60 gets by default: a box of 96×64.
    private const int Width = 96, Height = 64;

    private static readonly MLContext Ml = new(seed: 1);
    private static readonly TemporaryFolder Folder = new();

    private static readonly float[] OneFaceLandmarks = [40, 16, 48, 16, 44, 20, 32, 24, 48, 26];

    private sealed class Photograph
    {
        public byte[] Upload { get; set; } = [];
    }

    private sealed class Faces
    {
        public float[] Boxes { get; set; } = [];

        public float[] Landmarks { get; set; } = [];

        public float[] Scores { get; set; } = [];
    }

    [ClassCleanup]
    public static void Remove() => Folder.Dispose();

    [TestMethod]
    public void DetectFaces_Scrfd_GivesWhatItsNumbersSay()
    {
        Faces faces = Detect(DetectorModels.Scrfd.OneFace().ToBytes(), Picture(90, 60)).Single();
        CollectionAssert.AreEqual(new float[] { 32, 12, 24, 28 }, faces.Boxes);
        CollectionAssert.AreEqual(OneFaceLandmarks, faces.Landmarks);
        CollectionAssert.AreEqual(new[] { 0.75f }, faces.Scores);
    }

    [TestMethod]
    public void DetectFaces_TwoFaces_TheMainOneIsFirst()
    {
        Faces central = Detect(DetectorModels.Scrfd.TwoFaces().ToBytes(), Picture(90, 60)).Single();
        CollectionAssert.AreEqual(new[] { 0.75f, 0.9f }, central.Scores);
        CollectionAssert.AreEqual(new float[] { 32, 12, 24, 28, 0, 0, 24, 28 }, central.Boxes);
        CollectionAssert.AreEqual((float[])[.. OneFaceLandmarks, .. new float[10]], central.Landmarks);
        Faces surest = Detect(DetectorModels.Scrfd.TwoFaces().ToBytes(), options => options with { MainFace = MainFace.HighestScore, MaxFaces = 1 }, Picture(90, 60)).Single();
        CollectionAssert.AreEqual(new[] { 0.9f }, surest.Scores);
        CollectionAssert.AreEqual(new float[] { 0, 0, 24, 28 }, surest.Boxes);
    }

    [TestMethod]
    public void DetectFaces_LargePhotograph_IsMappedBackFromTheBox()
    {
        // 900×600 shrinks to 96×64 within 96 pixels; a pixel there is 9.375 here.
        Faces faces = Detect(DetectorModels.Scrfd.OneFace().ToBytes(), options => options with { InputSize = Width }, Picture(900, 600)).Single();
        float[] expected = [.. OneFaceLandmarks.Select(value => (float)(((value + 0.5) * 9.375) - 0.5))];
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], faces.Landmarks[i], 1e-3);
        }

        Assert.AreEqual(24 * 9.375, faces.Boxes[2], 1e-3);
    }

    [TestMethod]
    public void DetectFaces_GraphBoundToItsSize_GetsPhotographsOfThatSize()
    {
        // Its constants fit 128×96 alone, so that the pass with another size fails. Bound to it, 90×60 lies in its corner.
        byte[] bound = new DetectorModels.Scrfd(128, 96).Set(8, 5, 2, 1, 0.75f).Set(8, 5, 2, 1, 1, 0.5f, 2, 3).ToBytes();
        CollectionAssert.AreEqual(new float[] { 32, 12, 24, 28 }, Detect(bound, Picture(90, 60)).Single().Boxes);

        // 256×192 shrinks by half.
        float[] half = Detect(bound, Picture(256, 192)).Single().Boxes;
        CollectionAssert.AreEqual(new[] { 64.5f, 24.5f, 48, 56 }, half);

        // Where the graph says that any size will do, there is none to fall back to.
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => Detect(new DetectorModels.Scrfd(128, 96).ToBytes(isOpen: true), Picture(90, 60))).Message, "cannot be computed for 'input.1' of [1, 3, 64, 96]: in the node 'Add_3' (Add), sizes");
        CollectionAssert.AreEqual(new[] { 0.75f }, Detect(DetectorModels.Scrfd.OneFace().ToBytes(isOpen: true), Picture(90, 60)).Single().Scores);
    }

    [TestMethod]
    public void DetectFaces_NoFaceOrNoPhotograph_GivesEmptyVectorsAndANullAlignedImage()
    {
        string path = Folder.Write("none.onnx", new DetectorModels.Scrfd(Width, Height).ToBytes());
        IDataView rows = Ml.Data.LoadFromEnumerable([new Photograph { Upload = Picture(90, 60) }, new Photograph { Upload = [1, 2] }]);
        using var model = Ml.Transforms.LoadFaceImages("Image", "Upload", unreadableImages: UnreadableImages.Skip)
            .Append(Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Image", path))
            .Append(Ml.Transforms.AlignFaces("Face", "Image", "Landmarks")).Fit(rows);
        IDataView result = model.Transform(rows);
        Assert.IsTrue(result.GetColumn<float[]>("Landmarks").Concat(result.GetColumn<float[]>("Boxes")).Concat(result.GetColumn<float[]>("Scores")).All(values => values.Length == 0));
        CollectionAssert.AreEqual(new MLImage?[] { null, null }, result.GetColumn<MLImage?>("Face").ToArray());
    }

    [TestMethod]
    public void DetectFaces_ScrfdWithoutLandmarks_IsRefusedUnlessNoneAreAskedFor()
    {
        string path = Folder.Write("boxes.onnx", DetectorModels.Scrfd.OneFace(hasLandmarks: false).ToBytes());
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Image", path)).Message;
        StringAssert.Contains(message, "no landmarks");
        StringAssert.Contains(message, "LandmarksColumnName to null");

        IDataView rows = Ml.Data.LoadFromEnumerable([new Photograph { Upload = Picture(90, 60) }]);
        using var model = Ml.Transforms.LoadFaceImages("Image", "Upload").Append(Ml.Transforms.DetectFaces("Boxes", null, "Scores", "Image", path)).Fit(rows);
        IDataView found = Reloaded(model, rows.Schema).Transform(rows);
        Assert.IsNull(found.Schema.GetColumnOrNull("Landmarks"));
        CollectionAssert.AreEqual(new float[] { 32, 12, 24, 28 }, found.GetColumn<float[]>("Boxes").Single());
    }

    [TestMethod]
    public void DetectFaces_OptionsOutOfRange_AreListedTogether()
    {
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Ml.Transforms.DetectFaces(new FaceDetectingEstimator.Options
        {
            ModelFile = "", ScoreThreshold = 0, NmsThreshold = 1.5, MaxFaces = 0, InputSize = 31, MainFace = (MainFace)9, Kind = (FaceDetectorKind)7, ScoresColumnName = "Boxes", LandmarksColumnName = "",
        })).Message;
        foreach (string part in new[] { "ModelFile", "ScoreThreshold is 0", "NmsThreshold is 1.5", "MaxFaces is 0", "InputSize is 31", "MainFace is 9", "Kind is 7", "'Boxes' is used twice", "LandmarksColumnName is empty" })
        {
            StringAssert.Contains(message, part);
        }
    }

    [TestMethod]
    public void Fit_WrongColumns_SaysItInTheWordsOfMLNet()
    {
        string path = Folder.Write("schema.onnx", DetectorModels.Scrfd.OneFace().ToBytes());
        IDataView data = Ml.Data.LoadFromEnumerable([new Photograph()]);
        FaceDetectingEstimator Estimator(string image) => Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", image, path);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Estimator("zz").Fit(data)).Message, "Could not find input column 'zz'");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Estimator("Upload").Fit(data)).Message, "Schema mismatch for input column 'Upload': expected image, got Vector<Byte>");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Estimator("Upload").GetOutputSchema(SchemaShapes.Of(data.Schema))).Message, "expected image");

        IDataView images = Ml.Transforms.LoadFaceImages("Image", "Upload").Fit(data).Transform(data);
        using FaceDetectingTransformer transformer = Estimator("Image").Fit(images);
        string[] promised = [.. Estimator("Image").GetOutputSchema(SchemaShapes.Of(images.Schema)).Select(SchemaShapes.Describe).Order(StringComparer.Ordinal)];
        CollectionAssert.AreEqual(promised, SchemaShapes.Of(transformer.GetOutputSchema(images.Schema)).Select(SchemaShapes.Describe).Order(StringComparer.Ordinal).ToArray());
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => transformer.Transform(data)).Message, "Could not find input column 'Image'");
    }

    [TestMethod]
    public void Save_AndLoadWithoutTheFile_GivesTheSameFaces()
    {
        string path = Folder.Write("saved.onnx", DetectorModels.Scrfd.TwoFaces().ToBytes());
        IDataView rows = Ml.Data.LoadFromEnumerable([new Photograph { Upload = Picture(90, 60) }, new Photograph { Upload = Picture(700, 333) }]);
        var options = new FaceDetectingEstimator.Options { ModelFile = path, InputSize = Width, MainFace = MainFace.HighestScore, ScoreThreshold = 0.3, NmsThreshold = 1, MaxFaces = 3, EnlargeSmallPhotographs = true };
        using var model = Ml.Transforms.LoadFaceImages("Image", "Upload").Append(Ml.Transforms.DetectFaces(options)).Fit(rows);
        File.Delete(path);
        Faces[] before = Read(model.Transform(rows)), after = Read(Reloaded(model, rows.Schema).Transform(rows));
        Assert.HasCount(3, before[0].Scores, "With boxes that cover each other.");
        for (int i = 0; i < 2; i++)
        {
            CollectionAssert.AreEqual(before[i].Boxes, after[i].Boxes);
            CollectionAssert.AreEqual(before[i].Landmarks, after[i].Landmarks);
            CollectionAssert.AreEqual(before[i].Scores, after[i].Scores);
        }
    }

    [TestMethod]
    public void Transform_ColumnsNobodyReads_AreNotComputed()
    {
        string path = Folder.Write("lazy.onnx", DetectorModels.Scrfd.OneFace().ToBytes());
        IDataView rows = Ml.Data.LoadFromEnumerable([new Photograph { Upload = [1, 2, 3] }]);
        using var model = Ml.Transforms.LoadFaceImages("Image", "Upload").Append(Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Image", path)).Fit(rows);
        IDataView result = model.Transform(rows);
        Assert.HasCount(1, result.GetColumn<byte[]>("Upload").ToArray());
        Assert.IsInstanceOfType<FaceImageException>(Assert.Throws<Exception>(() => result.GetColumn<float[]>("Scores").ToArray()).GetBaseException());

        // One of the three alone.
        IDataView good = Ml.Data.LoadFromEnumerable([new Photograph { Upload = Picture(90, 60) }]);
        CollectionAssert.AreEqual(new[] { 0.75f }, model.Transform(good).GetColumn<float[]>("Scores").Single());
    }

    [TestMethod]
    public void Dispose_WhileOthersDetect_WaitsAndThenRefuses()
    {
        byte[] onnx = DetectorModels.Scrfd.OneFace().ToBytes();
        using MLImage image = MLImage.CreateFromPixels(90, 60, MLPixelFormat.Bgra32, new byte[90 * 60 * 4]);
        for (int trial = 0; trial < 10; trial++)
        {
            var options = new FaceDetectingEstimator.Options { ModelFile = "x" };
            var transformer = new FaceDetectingTransformer(Ml, FaceDetector.Create(onnx, FaceDetectorKind.Scrfd), onnx, options);
            using var started = new CountdownEvent(3);
            Task<int>[] users = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
            {
                started.Signal();
                for (int passes = 0; ; passes++)
                {
                    try
                    {
                        Assert.HasCount(1, transformer.Detect(image, options.Settings));
                    }
                    catch (ObjectDisposedException)
                    {
                        return passes;
                    }
                }
            }))];
            started.Wait();
            transformer.Dispose();
            transformer.Dispose();
            Task.WaitAll(users);
        }
    }

    [TestMethod]
    public void PredictionEngine_ManyPhotographs_FindsEachOnesFacesAndDisposesOfTheDetector()
    {
        string path = Folder.Write("engine.onnx", DetectorModels.Scrfd.OneFace().ToBytes());
        IDataView rows = Ml.Data.LoadFromEnumerable(Array.Empty<Photograph>());
        ITransformer model = Ml.Transforms.LoadFaceImages("Image", "Upload", unreadableImages: UnreadableImages.Skip)
            .Append(Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Image", path)).Fit(rows);
        PredictionEngine<Photograph, Faces> engine = Ml.Model.CreatePredictionEngine<Photograph, Faces>(model);
        foreach (bool isPicture in new[] { true, false, true, true })
        {
            Assert.HasCount(isPicture ? 1 : 0, engine.Predict(new Photograph { Upload = isPicture ? Picture(90, 60) : [1] }).Scores);
        }

        engine.Dispose();
        IDataView one = Ml.Data.LoadFromEnumerable([new Photograph { Upload = Picture(90, 60) }]);
        Exception error = Assert.Throws<Exception>(() => model.Transform(one).GetColumn<float[]>("Scores").ToArray()).GetBaseException();
        Assert.IsInstanceOfType<ObjectDisposedException>(error);
        StringAssert.Contains(error.Message, "OwnsTransformer = false");
        StringAssert.Contains(error.Message, nameof(FaceDetectingTransformer));
    }

    private static ITransformer Reloaded(ITransformer model, DataViewSchema schema)
    {
        using var stream = new MemoryStream();
        Ml.Model.Save(model, schema, stream);
        stream.Position = 0;
        return new MLContext().Model.Load(stream, out _);
    }

    private static byte[] Picture(int width, int height) => EncodedImages.Gradient(width, height, SKEncodedImageFormat.Png);

    private static Faces[] Detect(byte[] onnx, params byte[][] pictures) => Detect(onnx, options => options, pictures);

    private static Faces[] Detect(byte[] onnx, Func<FaceDetectingEstimator.Options, FaceDetectingEstimator.Options> change, params byte[][] pictures)
    {
        IDataView rows = Ml.Data.LoadFromEnumerable(pictures.Select(picture => new Photograph { Upload = picture }));
        var options = change(new FaceDetectingEstimator.Options { ModelFile = Folder.Write("tiny.onnx", onnx) });
        using var model = Ml.Transforms.LoadFaceImages("Image", "Upload").Append(Ml.Transforms.DetectFaces(options)).Fit(rows);
        return Read(model.Transform(rows));
    }

    private static Faces[] Read(IDataView view) => [.. Ml.Data.CreateEnumerable<Faces>(view, reuseRowObject: false)];
}
