using FsCheck;
using FsCheck.Fluent;
using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Detection;

[TestClass]
public class LetterboxTests
{
    [TestMethod]
    [DataRow(250, 250, false, 250, 250, 256, 256)]
    [DataRow(1280, 640, false, 640, 320, 640, 320)]
    [DataRow(4000, 3000, false, 640, 480, 640, 480)]
    [DataRow(100, 50, true, 640, 320, 640, 320)]
    [DataRow(16384, 1, false, 640, 1, 640, 32)]
    [DataRow(1, 1, false, 1, 1, 32, 32)]
    [DataRow(641, 333, false, 640, 332, 640, 352)]
    public void Of_Photograph_KeepsItsProportions(int width, int height, bool enlarges, int contentWidth, int contentHeight, int boxWidth, int boxHeight)
    {
        Letterbox box = Letterbox.Of(width, height, longestSide: 640, enlarges, fixedSize: null);
        Assert.AreEqual(new Letterbox(width, height, contentWidth, contentHeight, boxWidth, boxHeight), box);
    }

    [TestMethod]
    public void Of_NetworkOfOneSize_FillsThatSize()
    {
        Assert.AreEqual(new Letterbox(250, 250, 250, 250, 640, 480), Letterbox.Of(250, 250, 640, enlarges: false, (640, 480)));
        Assert.AreEqual(new Letterbox(250, 250, 480, 480, 640, 480), Letterbox.Of(250, 250, 640, enlarges: true, (640, 480)));
        Assert.AreEqual(new Letterbox(1000, 1000, 320, 320, 640, 480), Letterbox.Of(1000, 1000, 320, enlarges: false, (640, 480)));
    }

    [TestMethod]
    public void ToPhotograph_AnyFace_IsTheWayBack()
    {
        Gen<int> side = Gen.Choose(1, 5000);
        var cases = Gen.Zip(Gen.Zip(side, side), Gen.Zip(Gen.Choose(32, 1000), Gen.Elements(true, false)));
        Prop.ForAll(Arb.From(cases), drawn =>
        {
            ((int width, int height), (int longestSide, bool enlarges)) = drawn;
            Letterbox box = Letterbox.Of(width, height, longestSide, enlarges, fixedSize: null);
            Assert.IsTrue(box.ContentWidth >= 1 && box.ContentHeight >= 1 && box.ContentWidth <= longestSide && box.ContentHeight <= longestSide);
            Assert.IsTrue(box.Width % 32 == 0 && box.Height % 32 == 0 && box.Width - box.ContentWidth is >= 0 and < 32 && box.Height - box.ContentHeight is >= 0 and < 32);

            // The photograph's outer pixel borders, −½ and side − ½, are those of the content.
            DetectedFace back = box.ToPhotograph(new DetectedFace(-0.5f, -0.5f, box.ContentWidth, box.ContentHeight, 0.7f, [box.ContentWidth - 0.5f, box.ContentHeight - 0.5f]));
            Assert.AreEqual(-0.5, back.X, 1e-3);
            Assert.AreEqual(-0.5, back.Y, 1e-3);
            Assert.AreEqual(width, back.Width, 1e-3);
            Assert.AreEqual(height, back.Height, 1e-3);
            Assert.AreEqual(width - 0.5, back.Landmarks[0], 1e-3);
            Assert.AreEqual(height - 0.5, back.Landmarks[1], 1e-3);
            Assert.AreEqual(0.7f, back.Score);
        }).QuickCheckThrowOnFailure();
    }

    [TestMethod]
    [DataRow(MLPixelFormat.Bgra32)]
    [DataRow(MLPixelFormat.Rgba32)]
    public void ToInput_TwoPixels_ArePlanesOverBlack(MLPixelFormat format)
    {
        byte[] red = [200, 100, 50, 255], blue = [50, 100, 200, 255];
        using MLImage image = MLImage.CreateFromPixels(2, 1, format, [.. format == MLPixelFormat.Rgba32 ? red : blue, 7, 8, 9, 255]);
        (byte first, byte last) = format == MLPixelFormat.Rgba32 ? ((byte)7, (byte)9) : ((byte)9, (byte)7);
        Letterbox box = Letterbox.Of(2, 1, 640, enlarges: false, fixedSize: null);
        const int plane = 32 * 32;

        float[] blueFirst = box.ToInput(image, new PixelScaling(IsRedFirst: false, Mean: 0, Divisor: 1), isInterleaved: false);
        Assert.HasCount(3 * plane, blueFirst);
        CollectionAssert.AreEqual(new float[] { 50, last, 100, 8, 200, first }, Ends(blueFirst));
        Assert.AreEqual(0, blueFirst.Where((_, place) => place % plane > 1).Max());

        float[] scaled = box.ToInput(image, new PixelScaling(IsRedFirst: true, Mean: 127.5f, Divisor: 128), isInterleaved: false);
        CollectionAssert.AreEqual(new[] { 200f, first, 100, 8, 50, last }.Select(value => (value - 127.5f) / 128).ToArray(), Ends(scaled));
        Assert.IsTrue(scaled.Where((_, place) => place % plane > 1).All(value => value == -127.5f / 128), "What is beside the photograph is black.");

        static float[] Ends(float[] input) => [input[0], input[1], input[plane], input[plane + 1], input[2 * plane], input[(2 * plane) + 1]];
    }
}
