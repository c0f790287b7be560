using Microsoft.ML.ArcFace.Alignment;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Alignment;

[TestClass]
public class AlignFacesTests
{
    private static readonly MLContext Ml = new(seed: 1);

    /// <summary>The template within a picture of 224×224: twice as large, shifted by nothing.</summary>
    private static readonly float[] TwiceTheTemplate = [.. FaceTemplate.Points.ToArray().Select(value => (float)((2 * value) + 0.5))];

    private sealed class Photograph
    {
        public byte[] Upload { get; set; } = [];

        [VectorType(10)]
        public float[] Landmarks { get; set; } = [];
    }

    [TestMethod]
    public void Transform_FaceTwiceTheTemplate_IsTheMeanOfItsPixels()
    {
        IDataView aligned = Align(new Photograph { Upload = EncodedImages.Gradient(224, 224, SKEncodedImageFormat.Png), Landmarks = TwiceTheTemplate });
        MLImage image = Images(aligned).Single()!;
        Assert.AreEqual((112, 112), (image.Width, image.Height));
        for (int pixel = 0; pixel < 112 * 112; pixel += 97)
        {
            (int x, int y) = (pixel % 112, pixel / 112);
            if (x is > 1 and < 110 && y is > 1 and < 110)
            {
                // The gradient is linear, cut down to whole numbers: the centre's value less a half is the mean, whatever the kernel.
                Assert.AreEqual((255 * ((2 * x) + 0.5) / 223) - 0.5, image.Pixels[(pixel * 4) + 2], 1.01, $"red at {x}, {y}");
                Assert.AreEqual((255 * ((2 * y) + 0.5) / 223) - 0.5, image.Pixels[(pixel * 4) + 1], 1.01, $"green at {x}, {y}");
            }
        }
    }

    [TestMethod]
    public void Apply_FineStripesMadeSmaller_BecomeGreyAndNoPattern()
    {
        // Stripes of one pixel, shrunk 3 and 13 times: a kernel that does not grow would show some of them.
        foreach (int shrinking in new[] { 3, 13 })
        {
            int side = 112 * shrinking;
            byte[] stripes = [.. Enumerable.Range(0, side * side).SelectMany(pixel => Enumerable.Repeat((byte)(pixel % 2 * 255), 4))];
            byte[] small = FaceWarp.Apply(stripes, side, side, new SimilarityTransform(1.0 / shrinking, 0, 0, 0), AlignmentBorder.Replicate);

            // Away from the border, where the last pixel goes on.
            byte[] inner = [.. small.Where((_, place) => place / 4 % 112 is > 1 and < 110)];
            Assert.IsTrue(inner.All(value => value is > 100 and < 155), $"shrunk {shrinking} times: {inner.Min()} to {inner.Max()}");
        }
    }

    [TestMethod]
    public void Apply_RotationThereAndBack_GivesTheFaceAgain()
    {
        SimilarityTransform turn = new(Math.Cos(0.4), Math.Sin(0.4), 9, -7);
        (double x, double y) = turn.Inverse().Apply(turn.Apply(30, 41).X, turn.Apply(30, 41).Y);
        Assert.AreEqual(30, x, 1e-12);
        Assert.AreEqual(41, y, 1e-12);
        byte[] flat = [.. Enumerable.Repeat((byte)77, 112 * 112 * 4)];
        Assert.IsTrue(FaceWarp.Apply(flat, 112, 112, turn, AlignmentBorder.Replicate).All(value => value == 77));
        byte[] black = FaceWarp.Apply(flat, 112, 112, turn, AlignmentBorder.Black);
        Assert.IsTrue(black.Contains((byte)0) && black.Contains((byte)77), "Outside it is black.");
    }

    [TestMethod]
    public void Transform_NoFaceOrNoPoints_GivesANullImage()
    {
        byte[] picture = EncodedImages.Gradient(50, 50, SKEncodedImageFormat.Png);
        IDataView aligned = Align(
            new Photograph { Upload = [1, 2, 3], Landmarks = TwiceTheTemplate },
            new Photograph { Upload = picture, Landmarks = [.. Enumerable.Repeat(float.NaN, 10)] },
            new Photograph { Upload = picture, Landmarks = [.. Enumerable.Repeat(7f, 10)] },
            new Photograph { Upload = picture, Landmarks = TwiceTheTemplate },
            new Photograph { Upload = picture, Landmarks = [.. TwiceTheTemplate.Select(value => value * 1e30f)] });
        MLImage?[] images = [.. Images(aligned)];
        CollectionAssert.AreEqual(new[] { false, false, false, true, false }, images.Select(image => image is not null).ToArray());
    }

    [TestMethod]
    public void Transform_WithoutLandmarks_CropsAndSurvivesSaving()
    {
        var rows = new[] { new Photograph { Upload = EncodedImages.Gradient(300, 224, SKEncodedImageFormat.Png), Landmarks = TwiceTheTemplate } };
        IDataView data = Ml.Data.LoadFromEnumerable(rows);
        foreach (string? landmarks in new[] { null, "Landmarks" })
        {
            var pipeline = Ml.Transforms.LoadFaceImages("Image", "Upload").Append(Ml.Transforms.AlignFaces("Aligned", "Image", landmarks, AlignmentBorder.Replicate));
            ITransformer model = pipeline.Fit(data);
            using var stream = new MemoryStream();
            Ml.Model.Save(model, data.Schema, stream);
            stream.Position = 0;
            ITransformer loaded = new MLContext().Model.Load(stream, out _);
            CollectionAssert.AreEqual(Images(model.Transform(data)).Single()!.Pixels.ToArray(), Images(loaded.Transform(data)).Single()!.Pixels.ToArray());
            Assert.AreEqual(model.GetOutputSchema(data.Schema)["Aligned"].Type, loaded.Transform(data).Schema["Aligned"].Type);
        }
    }

    [TestMethod]
    public void Fit_WrongColumns_SaysItInTheWordsOfMLNet()
    {
        IDataView data = Ml.Data.LoadFromEnumerable([new Photograph()]);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Ml.Transforms.AlignFaces("Aligned", "zz").Fit(data)).Message, "Could not find input column 'zz'");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Ml.Transforms.AlignFaces("Aligned", "Landmarks").Fit(data)).Message, "Schema mismatch for input column 'Landmarks': expected image, got Vector<Single, 10>");
        IDataView images = Ml.Transforms.LoadFaceImages("Image", "Upload").Fit(data).Transform(data);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Ml.Transforms.AlignFaces("Aligned", "Image", "Upload").Fit(images)).Message, "expected Vector<Single, 10>, got Vector<Byte>");
    }

    private static IDataView Align(params Photograph[] rows)
    {
        IDataView data = Ml.Data.LoadFromEnumerable(rows);
        return Ml.Transforms.LoadFaceImages("Image", "Upload", unreadableImages: UnreadableImages.Skip).Append(Ml.Transforms.AlignFaces("Aligned", "Image", "Landmarks")).Fit(data).Transform(data);
    }

    private static List<MLImage?> Images(IDataView view)
    {
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Aligned"]]);
        ValueGetter<MLImage?> getImage = cursor.GetGetter<MLImage?>(view.Schema["Aligned"]);
        var images = new List<MLImage?>();
        while (cursor.MoveNext())
        {
            MLImage? image = null;
            getImage(ref image);
            images.Add(image is null ? null : MLImage.CreateFromPixels(image.Width, image.Height, image.PixelFormat, image.Pixels));
        }

        return images;
    }
}
