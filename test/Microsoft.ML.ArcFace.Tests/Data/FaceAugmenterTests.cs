using Microsoft.ML.ArcFace.Data;

namespace Microsoft.ML.ArcFace.Tests.Data;

[TestClass]
public class FaceAugmenterTests
{
    [TestMethod]
    public void Apply_Reduction_LeavesLargeAreasAndTakesFinePatternsAway()
    {
        byte[] face = new byte[FaceTensor.ByteCount], reduced = new byte[FaceTensor.ByteCount];
        for (int i = 0; i < face.Length; i++)
        {
            // Black and white columns at the left, two grey halves at the right.
            (int row, int column) = (i / 336, i / 3 % 112);
            face[i] = column < 56 ? (byte)(column % 2 * 200) : row < 56 ? (byte)40 : (byte)160;
        }

        var augmenter = new FaceAugmenter(new FaceAugmentation { Mirror = false, ReductionProbability = 1 });
        for (int seed = 0; seed < 20; seed++)
        {
            augmenter.Apply(face, reduced, new Random(seed));
            Assert.AreEqual(40, reduced[(10 * 336) + (100 * 3)], 1);
            Assert.AreEqual(160, reduced[(100 * 336) + (100 * 3)], 1);
            Assert.AreEqual(100, reduced[(50 * 336) + (20 * 3)], 45);
            Assert.AreEqual(100, Enumerable.Range(5, 40).Average(column => reduced[(50 * 336) + (column * 3)]), 8);
        }

        new FaceAugmenter(new FaceAugmentation { Mirror = false }).Apply(face, reduced, new Random(1));
        CollectionAssert.AreEqual(face, reduced);
    }

    [TestMethod]
    public void Apply_MirrorOnly_IsTheFaceOrItsMirrorImageHalfOfTheTime()
    {
        byte[] face = Face(), mirrored = new byte[face.Length], target = new byte[face.Length];
        FaceTensor.Mirror(face, mirrored);
        int mirrors = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            new FaceAugmenter(FaceAugmentation.MirrorOnly).Apply(face, target, new Random(seed));
            bool isMirror = target.AsSpan().SequenceEqual(mirrored);
            Assert.IsTrue(isMirror || target.AsSpan().SequenceEqual(face));
            mirrors += isMirror ? 1 : 0;
        }

        Assert.IsTrue(mirrors is > 70 and < 130, $"{mirrors} of 200");
    }

    [TestMethod]
    public void Apply_WholePixelShift_MovesPixels()
    {
        // A tiny shift range is rounded away; a turn by nothing and a size of 1 leave every pixel in place.
        byte[] face = Face(), target = new byte[face.Length];
        new FaceAugmenter(new FaceAugmentation { Mirror = false, ShiftPixels = 1e-6 }).Apply(face, target, new Random(1));
        CollectionAssert.AreEqual(face, target);
        new FaceAugmenter(new FaceAugmentation { Mirror = false, ShiftPixels = 5 }).Apply(face, target, new Random(1));
        Assert.IsFalse(target.AsSpan().SequenceEqual(face));
    }

    [TestMethod]
    public void Apply_Grey_HasEqualChannels()
    {
        byte[] target = new byte[FaceTensor.ByteCount];
        new FaceAugmenter(new FaceAugmentation { GreyProbability = 1 }).Apply(Face(), target, new Random(1));
        Assert.IsTrue(target.Chunk(3).All(pixel => Math.Abs(pixel[0] - pixel[1]) <= 1 && Math.Abs(pixel[1] - pixel[2]) <= 1));
    }

    [TestMethod]
    public void Apply_Brightness_ScalesTheMeanWithinItsRange()
    {
        byte[] grey = new byte[FaceTensor.ByteCount], target = new byte[FaceTensor.ByteCount];
        Array.Fill(grey, (byte)100);
        for (int seed = 0; seed < 50; seed++)
        {
            new FaceAugmenter(new FaceAugmentation { BrightnessFraction = 0.2 }).Apply(grey, target, new Random(seed));
            Assert.IsTrue(target.All(value => value is >= 80 and <= 120), $"seed {seed}");
        }
    }

    [TestMethod]
    public void Apply_Erasing_ChangesARectangleOfItsSize()
    {
        byte[] face = new byte[FaceTensor.ByteCount], target = new byte[FaceTensor.ByteCount];
        for (int seed = 0; seed < 50; seed++)
        {
            new FaceAugmenter(new FaceAugmentation { Mirror = false, ErasingProbability = 1 }).Apply(face, target, new Random(seed));
            double share = target.Chunk(3).Count(pixel => pixel.Any(value => value != 0)) / (112.0 * 112);
            Assert.IsTrue(share is > 0.01 and < 0.16, $"{share}");
        }
    }

    [TestMethod]
    public void Apply_SameSeed_GivesTheSameFace()
    {
        byte[] first = new byte[FaceTensor.ByteCount], second = new byte[FaceTensor.ByteCount];
        new FaceAugmenter(FaceAugmentation.Light).Apply(Face(), first, new Random(9));
        new FaceAugmenter(FaceAugmentation.Light).Apply(Face(), second, new Random(9));
        CollectionAssert.AreEqual(first, second);
    }

    [TestMethod]
    public void Apply_LightChanges_AreToTheBitThoseOfOneColourAtATime()
    {
        byte[] face = Face(), target = new byte[face.Length];
        FaceAugmentation augmentation = FaceAugmentation.Light with { ErasingProbability = 0, ShiftPixels = 20, ContrastFraction = 0.9 };
        for (int seed = 0; seed < 40; seed++)
        {
            new FaceAugmenter(augmentation).Apply(face, target, new Random(seed));
            CollectionAssert.AreEqual(NaiveFaceAugmenter.Apply(augmentation, face, new Random(seed)), target, $"seed {seed}");
        }
    }

    private static byte[] Face()
    {
        byte[] face = new byte[FaceTensor.ByteCount];
        new Random(4).NextBytes(face);
        return face;
    }
}
