using Microsoft.ML.ArcFace.Detection;

namespace Microsoft.ML.ArcFace.Tests.Detection;

[TestClass]
public class FaceChoiceTests
{
    [TestMethod]
    public void IntersectionOverUnion_ByHand_IsTheShareOfBoth()
    {
        DetectedFace a = Box(0, 0, 10, 10, 0.5f);
        Assert.AreEqual(1, a.IntersectionOverUnion(a), 1e-12);
        Assert.AreEqual(50.0 / 150, a.IntersectionOverUnion(Box(5, 0, 10, 10, 1)), 1e-12);
        Assert.AreEqual(25.0 / 175, a.IntersectionOverUnion(Box(5, 5, 10, 10, 1)), 1e-12);
        Assert.AreEqual(0.25, a.IntersectionOverUnion(Box(2, 3, 5, 5, 1)), 1e-12);
        Assert.AreEqual(0, a.IntersectionOverUnion(Box(10, 0, 10, 10, 1)), 1e-12);
        Assert.AreEqual(0, a.IntersectionOverUnion(Box(-90, -90, 10, 10, 1)), 1e-12);
    }

    [TestMethod]
    public void Suppress_ByHand_KeepsTheSurestOfThoseThatCoverEachOther()
    {
        // The middle one covers both others by a third; these do not touch. It falls to the first, and so spares the last.
        DetectedFace first = Box(0, 0, 10, 10, 0.9f), middle = Box(5, 0, 10, 10, 0.8f), last = Box(10, 0, 10, 10, 0.7f);
        CollectionAssert.AreEqual(new[] { first, last }, FaceChoice.Suppress([last, middle, first], 0.3));
        CollectionAssert.AreEqual(new[] { first, middle, last }, FaceChoice.Suppress([last, middle, first], 0.34));

        // Exactly at the threshold a box stays; of equals the first stays.
        CollectionAssert.AreEqual(new[] { first, Box(5, 5, 10, 10, 0.5f) }.Select(Key).ToArray(), FaceChoice.Suppress([first, Box(5, 5, 10, 10, 0.5f)], 25.0 / 175).Select(Key).ToArray());
        DetectedFace twin = Box(0, 0, 10, 10, 0.9f);
        Assert.AreSame(first, FaceChoice.Suppress([first, twin], 0.5).Single());
        Assert.IsEmpty(FaceChoice.Suppress([], 0.5));
    }

    [TestMethod]
    public void Suppress_RandomBoxes_EqualsTheNaiveTwin()
    {
        var random = new Random(3);
        for (int trial = 0; trial < 50; trial++)
        {
            DetectedFace[] boxes = [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => Box(random.Next(40), random.Next(40), random.Next(1, 30), random.Next(1, 30), random.Next(8) / 8f))];
            double threshold = random.NextDouble();
            CollectionAssert.AreEqual(Naive(boxes, threshold).Select(Key).ToArray(), FaceChoice.Suppress(boxes, threshold).Select(Key).ToArray());
        }
    }

    [TestMethod]
    public void Suppress_MoreProposalsThanAreCompared_DropsTheLeastSure()
    {
        DetectedFace[] apart = [.. Enumerable.Range(0, FaceChoice.MostProposals + 10).Select(i => Box(20 * i, 0, 10, 10, i))];
        List<DetectedFace> kept = FaceChoice.Suppress(apart, 0.5);
        Assert.HasCount(FaceChoice.MostProposals, kept);
        Assert.AreEqual(10, kept[^1].Score);
    }

    [TestMethod]
    public void Order_LargeFaceAtTheBorder_IsTheMainOneOnlyBySize()
    {
        // In 250×250: areas 10000, 12100 and 100; centres in the middle, 95 to the right of it, 20 below it.
        DetectedFace central = Box(75, 75, 100, 100, 0.7f), border = Box(165, 70, 110, 110, 0.8f), small = Box(120, 140, 10, 10, 0.9f);
        Check(MainFace.LargestNearCenter, central, small, border);
        Check(MainFace.Largest, border, central, small);
        Check(MainFace.HighestScore, small, border, central);

        void Check(MainFace mainFace, params DetectedFace[] expected) =>
            CollectionAssert.AreEqual(expected, FaceChoice.Order([border, small, central], mainFace, 250, 250).ToArray(), $"{mainFace}");
    }

    /// <summary>Boxes in falling order of scores; whichever a kept one covers goes.</summary>
    private static List<DetectedFace> Naive(IEnumerable<DetectedFace> boxes, double threshold)
    {
        List<DetectedFace> left = [.. boxes.OrderByDescending(box => box.Score)], kept = [];
        while (left.Count > 0)
        {
            DetectedFace best = left[0];
            kept.Add(best);
            left.RemoveAt(0);
            left.RemoveAll(box => Covered(best, box) > threshold);
        }

        return kept;
    }

    /// <summary>Counted pixel by pixel.</summary>
    private static double Covered(DetectedFace a, DetectedFace b)
    {
        (int both, int either) = (0, 0);
        for (int y = 0; y < 70; y++)
        {
            for (int x = 0; x < 70; x++)
            {
                bool inA = x >= a.X && x < a.X + a.Width && y >= a.Y && y < a.Y + a.Height, inB = x >= b.X && x < b.X + b.Width && y >= b.Y && y < b.Y + b.Height;
                both += inA && inB ? 1 : 0;
                either += inA || inB ? 1 : 0;
            }
        }

        return (double)both / either;
    }

    private static (float, float, float, float, float) Key(DetectedFace face) => (face.X, face.Y, face.Width, face.Height, face.Score);

    private static DetectedFace Box(float x, float y, float width, float height, float score) => new(x, y, width, height, score, []);
}
