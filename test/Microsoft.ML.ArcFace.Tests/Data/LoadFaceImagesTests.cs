using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Data;

[TestClass]
public class LoadFaceImagesTests
{
    private static readonly byte[] Picture = EncodedImages.Gradient(112, 112, SKEncodedImageFormat.Png);

    [TestMethod]
    public void Transform_Paths_GivesTheImagesOfTheRows()
    {
        using var folder = new TemporaryFolder();
        var ml = new MLContext();
        IDataView data = ml.Data.LoadFromEnumerable(new PathRow[]
        {
            new() { ImagePath = folder.Write("1.png", Picture) },
            new() { ImagePath = folder.Write("2.bmp", EncodedImages.Bmp(7, 5, SKColors.Red)) },
        });

        IDataView view = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Transform(data);

        CollectionAssert.AreEqual(new[] { (112, 112), (7, 5) }, Sizes(view));
        Assert.AreEqual(new ImageDataViewType(), view.Schema["Image"].Type);
    }

    [TestMethod]
    public void Transform_FaceSizeImage_ReachesTheNetworkBitByBit()
    {
        var ml = new MLContext();
        IDataView data = ml.Data.LoadFromEnumerable(new BytesRow[] { new() { Upload = Picture } });
        IDataView view = ml.Transforms.LoadFaceImages("Image", "Upload").Fit(data).Transform(data);
        var face = new byte[FaceTensor.ByteCount];

        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        ValueGetter<MLImage> getImage = cursor.GetGetter<MLImage>(view.Schema["Image"]);
        cursor.MoveNext();
        MLImage image = null!;
        getImage(ref image);
        FaceTensor.FromImage(image, face);

        for (int pixel = 0; pixel < 112 * 112; pixel++)
        {
            SKColor expected = EncodedImages.GradientAt(pixel % 112, pixel / 112, 112, 112);
            Assert.AreEqual((expected.Red, expected.Green, expected.Blue), (face[pixel * 3], face[(pixel * 3) + 1], face[(pixel * 3) + 2]));
        }
    }

    [TestMethod]
    public void Transform_ImageFolder_IsWhereRelativePathsStart()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a/1.png", Picture);
        var ml = new MLContext();
        IDataView data = ml.Data.LoadFromEnumerable(new PathRow[] { new() { ImagePath = "a/1.png" } });
        IDataView view = ml.Transforms.LoadFaceImages("Image", "ImagePath", imageFolder: folder.FullName).Fit(data).Transform(data);
        CollectionAssert.AreEqual(new[] { (112, 112) }, Sizes(view));
    }

    [TestMethod]
    public void Transform_OnlyOtherColumnsAskedFor_ReadsNoFile()
    {
        var ml = new MLContext();
        IDataView data = ml.Data.LoadFromEnumerable(new PathRow[] { new() { ImagePath = "absent.jpg", Label = "a" } });
        IDataView view = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Transform(data);
        CollectionAssert.AreEqual(new[] { "a" }, view.GetColumn<string>("Label").ToArray());
    }

    [TestMethod]
    public void Transform_EachImageKeptByItsCaller_StaysUsable()
    {
        var ml = new MLContext();
        IDataView data = ml.Data.LoadFromEnumerable(new BytesRow[] { new() { Upload = Picture }, new() { Upload = Picture } });
        IDataView view = ml.Transforms.LoadFaceImages("Image", "Upload").Fit(data).Transform(data);
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        ValueGetter<MLImage> getImage = cursor.GetGetter<MLImage>(view.Schema["Image"]);
        MLImage first = null!, second = null!;
        cursor.MoveNext();
        getImage(ref first);
        cursor.MoveNext();
        getImage(ref second);
        Assert.AreEqual(first.Width, second.Width);

        MLImage handedBack = first;
        getImage(ref handedBack);
        Assert.ThrowsExactly<InvalidOperationException>(() => first.Width, "An image that is handed back is disposed.");
    }

    [TestMethod]
    public void GetOutputSchema_OfEstimatorAndTransformer_AgreeWithTransform()
    {
        var ml = new MLContext();
        IDataView data = ml.Data.LoadFromEnumerable(new PathRow[] { new() { ImagePath = "1.jpg" } });
        FaceImageLoadingEstimator estimator = ml.Transforms.LoadFaceImages("Image", "ImagePath");
        FaceImageLoadingTransformer transformer = estimator.Fit(data);
        DataViewSchema expected = transformer.Transform(data).Schema;

        DataViewSchema actual = transformer.GetOutputSchema(data.Schema);
        CollectionAssert.AreEqual(expected.Select(column => (column.Name, column.Type)).ToArray(), actual.Select(column => (column.Name, column.Type)).ToArray());

        var unknown = ml.Data.LoadFromEnumerable(Array.Empty<PathRow>());
        SchemaShape shape = ml.Transforms.CopyColumns("Path2", "ImagePath").Append(estimator).GetOutputSchema(SchemaShapes.Of(unknown.Schema));
        SchemaShape.Column image = shape.Single(column => column.Name == "Image");
        Assert.AreEqual((SchemaShape.Column.VectorKind.Scalar, (DataViewType)new ImageDataViewType(), false), (image.Kind, image.ItemType, image.IsKey));
    }

    [TestMethod]
    public void Fit_WrongColumns_SaysItInTheWordsOfMLNet()
    {
        var ml = new MLContext();
        IDataView data = ml.Data.LoadFromEnumerable(new NumberRow[] { new() });
        foreach (Action<FaceImageLoadingEstimator> use in new Action<FaceImageLoadingEstimator>[] { e => e.Fit(data), e => e.GetOutputSchema(SchemaShapes.Of(data.Schema)) })
        {
            var missing = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => use(ml.Transforms.LoadFaceImages("Image", "zz")));
            Assert.StartsWith("Could not find input column 'zz'", missing.Message);
            var mismatch = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => use(ml.Transforms.LoadFaceImages("Image", "Number")));
            Assert.StartsWith("Schema mismatch for input column 'Number': expected String or Vector<Byte>, got Single", mismatch.Message);
        }
    }

    [TestMethod]
    public void LoadFaceImages_AbsentImageFolder_IsRefused()
    {
        var error = Assert.ThrowsExactly<DirectoryNotFoundException>(() => new MLContext().Transforms.LoadFaceImages("Image", "ImagePath", imageFolder: "no-such-folder"));
        Assert.Contains("'no-such-folder' does not exist", error.Message);
    }

    [TestMethod]
    public void LoadFaceImages_UnknownWayWithUnreadableImages_NamesThoseThereAre()
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MLContext().Transforms.LoadFaceImages("Image", unreadableImages: (UnreadableImages)9));
        Assert.Contains("unreadableImages is 9; it must be one of Error, Skip", error.Message);
    }

    [TestMethod]
    public void Transform_Unreadable_IsAnErrorOrSkippedAndCounted()
    {
        using var folder = new TemporaryFolder();
        var ml = new MLContext();
        var warnings = new List<string>();
        ml.Log += (_, entry) => warnings.Add(entry.RawMessage);
        IDataView data = ml.Data.LoadFromEnumerable(new PathRow[]
        {
            new() { ImagePath = folder.Write("note.jpg", "text"u8.ToArray()) },
            new() { ImagePath = folder.Write("1.png", Picture) },
            new() { ImagePath = "" },
        });

        IDataView strict = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Transform(data);
        Assert.Contains("note.jpg", Assert.ThrowsExactly<FaceImageException>(() => Sizes(strict)).Message);

        FaceImageLoadingTransformer lenient = ml.Transforms.LoadFaceImages("Image", "ImagePath", unreadableImages: UnreadableImages.Skip).Fit(data);
        CollectionAssert.AreEqual(new[] { (0, 0), (112, 112), (0, 0) }, Sizes(lenient.Transform(data)));
        Assert.AreEqual(2, lenient.SkippedImageCount);
        Assert.IsTrue(warnings.Any(warning => warning.StartsWith("Skipped. The image") && warning.Contains("note.jpg")));
    }

    [TestMethod]
    public void Predict_BytesThatAreNoImage_NamesTheColumn()
    {
        var ml = new MLContext();
        IDataView data = ml.Data.LoadFromEnumerable(new BytesRow[] { new() { Upload = Picture } });
        ITransformer transformer = ml.Transforms.LoadFaceImages("Image", "Upload").Append(PixelsOf(ml, "Image")).Fit(data);
        using var engine = ml.Model.CreatePredictionEngine<BytesRow, PixelsRow>(transformer);
        foreach (byte[] bad in new[] { [], Picture[..200], "text"u8.ToArray() })
        {
            Assert.Contains("in column 'Upload'", Assert.ThrowsExactly<FaceImageException>(() => engine.Predict(new BytesRow { Upload = bad })).Message);
        }
    }

    [TestMethod]
    public void Load_SavedWithinAPipeline_PredictsFromPathAndFromBytes()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("1.png", Picture);
        var ml = new MLContext();
        IDataView data = ml.Data.LoadFromEnumerable(new PathRow[] { new() { ImagePath = path } });
        var pipeline = ml.Transforms.CopyColumns("Source", "ImagePath")
            .Append(ml.Transforms.LoadFaceImages("Image", "Source"))
            .Append(PixelsOf(ml, "Image"));
        string zip = Path.Combine(folder.FullName, "model.bin");
        ml.Model.Save(pipeline.Fit(data), data.Schema, zip);

        var other = new MLContext();
        ITransformer loaded = other.Model.Load(zip, out DataViewSchema inputSchema);

        Assert.IsNotNull(inputSchema.GetColumnOrNull("ImagePath"));
        using var fromPath = other.Model.CreatePredictionEngine<PathRow, PixelsRow>(loaded);
        using var fromBytes = other.Model.CreatePredictionEngine<PathColumnOfBytes, PixelsRow>(loaded);
        using var fromKnownSize = other.Model.CreatePredictionEngine<PathColumnOfBytes, PixelsRow>(loaded, inputSchemaDefinition: OfKnownSize(Picture.Length));
        CollectionAssert.AreEqual(PicturePixels(), fromPath.Predict(new PathRow { ImagePath = path }).Pixels);
        CollectionAssert.AreEqual(PicturePixels(), fromBytes.Predict(new PathColumnOfBytes { ImagePath = Picture }).Pixels);
        CollectionAssert.AreEqual(PicturePixels(), fromKnownSize.Predict(new PathColumnOfBytes { ImagePath = Picture }).Pixels);
    }

    [TestMethod]
    public void Load_Saved_KeepsFolderAndSkipping()
    {
        using var folder = new TemporaryFolder();
        folder.Write("1.png", Picture);
        var ml = new MLContext();
        IDataView data = ml.Data.LoadFromEnumerable(new PathRow[] { new() { ImagePath = "1.png" }, new() { ImagePath = "absent.png" } });
        var estimator = ml.Transforms.LoadFaceImages("Image", "ImagePath", folder.FullName, UnreadableImages.Skip);
        using var stream = new MemoryStream();
        ml.Model.Save(estimator.Fit(data), data.Schema, stream);
        stream.Position = 0;

        ITransformer loaded = new MLContext().Model.Load(stream, out _);

        CollectionAssert.AreEqual(new[] { (112, 112), (0, 0) }, Sizes(loaded.Transform(data)));
    }

    [TestMethod]
    public void Load_SavedWithMaximumPixels_RefusesLargerOnes()
    {
        using var folder = new TemporaryFolder();
        string modelPath = Path.Combine(folder.FullName, "model.zip");
        var ml = new MLContext();
        IDataView data = ml.Data.LoadFromEnumerable(new BytesRow[] { new() { Upload = Picture } });
        ml.Model.Save(ml.Transforms.LoadFaceImages("Image", "Upload", maximumPixels: (112 * 112) - 1).Fit(data), data.Schema, modelPath);

        ITransformer loaded = new MLContext().Model.Load(modelPath, out _);

        var error = Assert.ThrowsExactly<FaceImageException>(() => Sizes(loaded.Transform(data)));
        Assert.Contains("it is 112×112 pixels. Allowed are 1 to 16384 pixels a side and at most 12543 pixels", error.Message);
        CollectionAssert.AreEqual(new[] { (112, 112) }, Sizes(ml.Transforms.LoadFaceImages("Image", "Upload", maximumPixels: 112 * 112).Fit(data).Transform(data)));
    }

    [TestMethod]
    [DataRow(0L)]
    [DataRow(-5L)]
    [DataRow(1_000_000_001L)]
    public void LoadFaceImages_MaximumPixelsOutOfRange_IsRefused(long maximumPixels)
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MLContext().Transforms.LoadFaceImages("Image", maximumPixels: maximumPixels));
        Assert.Contains($"maximumPixels is {maximumPixels}; it must be from 1 to 1000000000.", error.Message);
    }

    [TestMethod]
    public void Transform_LargePhotographsDecodedAtAReducedSize_AreWarnedOfOnce()
    {
        var ml = new MLContext();
        var warnings = new List<string>();
        ml.Log += (_, entry) => warnings.AddRange(entry.Kind == ChannelMessageKind.Warning ? [entry.Message] : []);
        byte[] wide = EncodedImages.Gradient(16_400, 8, SKEncodedImageFormat.Jpeg);
        IDataView data = ml.Data.LoadFromEnumerable(new BytesRow[] { new() { Upload = Picture }, new() { Upload = wide }, new() { Upload = wide } });

        CollectionAssert.AreEqual(new[] { (112, 112), (8200, 4), (8200, 4) }, Sizes(ml.Transforms.LoadFaceImages("Image", "Upload").Fit(data).Transform(data)));

        string warning = Assert.ContainsSingle(warnings);
        Assert.Contains("decoded at a reduced size of 8200×4", warning);
    }

    private static (int Width, int Height)[] Sizes(IDataView view)
    {
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Image"]]);
        ValueGetter<MLImage?> getImage = cursor.GetGetter<MLImage?>(view.Schema["Image"]);
        var sizes = new List<(int, int)>();
        MLImage? image = null;
        while (cursor.MoveNext())
        {
            getImage(ref image);
            sizes.Add((image?.Width ?? 0, image?.Height ?? 0));
        }

        return [.. sizes];
    }

    // Typed rows cannot hold an image, so that the pixels are compared.
    private static EstimatorChain<ImagePixelExtractingTransformer> PixelsOf(MLContext ml, string imageColumnName) =>
        ml.Transforms.ResizeImages("Resized", 112, 112, imageColumnName, ImageResizingEstimator.ResizingKind.IsoCrop)
            .Append(ml.Transforms.ExtractPixels("Pixels", "Resized"));

    private static float[] PicturePixels() =>
    [
        .. from channel in Enumerable.Range(0, 3)
           from pixel in Enumerable.Range(0, 112 * 112)
           let colour = EncodedImages.GradientAt(pixel % 112, pixel / 112, 112, 112)
           select (float)(channel == 0 ? colour.Red : channel == 1 ? colour.Green : colour.Blue),
    ];

    private static SchemaDefinition OfKnownSize(int size)
    {
        SchemaDefinition definition = SchemaDefinition.Create(typeof(PathColumnOfBytes));
        definition["ImagePath"].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, size);
        return definition;
    }

    private sealed class PathRow
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";
    }

    private sealed class BytesRow
    {
        public byte[] Upload { get; set; } = [];
    }

    private sealed class PathColumnOfBytes
    {
        public byte[] ImagePath { get; set; } = [];

        public string Label { get; set; } = "";
    }

    private sealed class NumberRow
    {
        public float Number { get; set; }
    }

    private sealed class PixelsRow
    {
        [VectorType(FaceTensor.ByteCount)]
        public float[] Pixels { get; set; } = [];
    }
}
