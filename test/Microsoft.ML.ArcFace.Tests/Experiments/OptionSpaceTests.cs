using Microsoft.ML.ArcFace.Experiments;
using Microsoft.ML.SearchSpace;

namespace Microsoft.ML.ArcFace.Tests.Experiments;

[TestClass]
public class OptionSpaceTests
{
    private sealed class Everything
    {
        [Range(1, 4, 2)]
        public int Whole { get; set; }

        [Range(-1.5f, 2.5f)]
        public float Single { get; set; } = 0.25f;

        [Range(1e-4, 1e-2, logBase: true)]
        public double? Rate { get; set; }

        [Range(1, 1000, logBase: true)]
        public long Count { get; init; } = 10;

        [Choice(new object[] { "CosFace", "ArcFace" }, "ArcFace")]
        public FaceLossKind Loss { get; set; }

        [Choice(16, 32, null)]
        public int? Batch { get; set; }

        [BooleanChoice(false)]
        public bool Mirror { get; set; } = true;

        [NestOption]
        public Inner? Inner { get; set; }

        public int NotSearched { get; set; } = 7;
    }

    private sealed class Inner
    {
        [Range(0.0, 1.0, 0.5)]
        public double Share { get; set; }
    }

    private sealed class TwoByThree
    {
        [Choice("a", "b")]
        public string Letter { get; set; } = "a";

        [Range(1, 3)]
        public int Digit { get; set; } = 1;
    }

    private sealed class Wrong
    {
        [Range(5, 1)]
        public int Reversed { get; set; }

        [Range(0.0, 1.0, logBase: true)]
        public double NoLogarithm { get; set; }

        [Range(0.5, 3.5)]
        public int NotWhole { get; set; }

        [Range(1, 3, 9)]
        public int InitOutside { get; set; }

        [Range(1, 3)]
        public string Text { get; set; } = "";

        [Range(1, 3)]
        public int NoSetter { get; }

        [Choice]
        public int NoChoice { get; set; }

        [Choice("Arcface", "CosineFace")]
        public FaceLossKind UnknownName { get; set; }

        [BooleanChoice]
        public int NoBoolean { get; set; }

        [NestOption]
        public Wrong? Itself { get; set; }

        [Range(1, 3)]
        public int Field = 1;
    }

    private static Everything[] Points(int count, int seed) => [.. OptionSpace.Of<Everything>().Points(count, seed).Cast<Everything>()];

    [TestMethod]
    public void Points_First_HasTheAttributesValuesAndElseThoseOfTheClass()
    {
        Everything first = Points(1, seed: 5)[0];
        Assert.AreEqual(
            (2, 0.25f, (double?)null, 10L, FaceLossKind.ArcFace, (int?)null, false, 0.5, 7),
            (first.Whole, first.Single, first.Rate, first.Count, first.Loss, first.Batch, first.Mirror, first.Inner!.Share, first.NotSearched));
    }

    [TestMethod]
    public void Points_Many_FillTheirRangesWithBothEnds()
    {
        Everything[] points = Points(4000, seed: 1)[1..];
        CollectionAssert.AreEqual(new[] { 1, 2, 3, 4 }, points.Select(point => point.Whole).Distinct().Order().ToArray());
        foreach (int whole in (int[])[1, 2, 3, 4])
        {
            // 1000 ± 5 standard deviations of 27.
            Assert.AreEqual(1000, points.Count(point => point.Whole == whole), 137);
        }

        Assert.IsTrue(points.All(point => point.Single is >= -1.5f and <= 2.5f && point.Rate is >= 1e-4 and <= 1e-2 && point.Count is >= 1 and <= 1000));
        Assert.AreEqual(0.5, points.Average(point => point.Single), 0.1);
        CollectionAssert.AreEquivalent(new[] { FaceLossKind.ArcFace, FaceLossKind.CosFace }, points.Select(point => point.Loss).Distinct().ToArray());
        CollectionAssert.AreEquivalent(new int?[] { 16, 32, null }, points.Select(point => point.Batch).Distinct().ToArray());
        Assert.AreEqual(2000, points.Count(point => point.Mirror), 160);
        Assert.IsTrue(points.All(point => point.NotSearched == 7));
        Assert.IsTrue(points.Select(point => point.Inner!.Share).Distinct().Count() > 3900);
    }

    [TestMethod]
    public void Points_LogarithmicRange_HasHalfOfItsPointsBelowTheGeometricMean()
    {
        Everything[] points = Points(4000, seed: 2)[1..];
        Assert.AreEqual(0.5, points.Count(point => point.Rate < 1e-3) / 3999.0, 0.04);
        Assert.AreEqual(1 / 3.0, points.Count(point => point.Count < 10) / 3999.0, 0.04);
    }

    [TestMethod]
    public void Points_SameSeed_AreTheSameAndLongerListsStartWithShorterOnes()
    {
        OptionSpace space = OptionSpace.Of<Everything>();
        string[] Texts(int count, int seed) => [.. space.Points(count, seed).Select(point => string.Join(' ', space.Parameters(point).Values))];
        CollectionAssert.AreEqual(Texts(20, 3), Texts(50, 3)[..20]);
        CollectionAssert.AreNotEqual(Texts(20, 3), Texts(20, 4));
        CollectionAssert.AreEqual(
            new[] { "Whole", "Single", "Rate", "Count", "Loss", "Batch", "Mirror", "Inner.Share" }, space.Parameters(space.Points(1, 1)[0]).Keys.ToArray());
    }

    [TestMethod]
    public void Points_SmallSpace_AreAllOfItOnce()
    {
        var points = OptionSpace.Of<TwoByThree>().Points(100, seed: 1).Cast<TwoByThree>().Select(point => point.Letter + point.Digit).ToArray();
        Assert.AreEqual("a1", points[0]);
        CollectionAssert.AreEquivalent(new[] { "a1", "a2", "a3", "b1", "b2", "b3" }, points);
    }

    [TestMethod]
    public void Of_WrongAttributes_NamesEachWithItsReason()
    {
        string[] lines = Assert.ThrowsExactly<ArgumentException>(() => OptionSpace.Of<Wrong>()).Message.Split(Environment.NewLine);
        foreach ((string name, string reason) in new[]
        {
            ("Reversed", "from 5 to 1"), ("NoLogarithm", "starts at 0"), ("NotWhole", "0.5 to 3.5"), ("InitOutside", "initial value is 9"), ("Text", "it is String"),
            ("NoSetter", "setter"), ("NoChoice", "nothing to choose from"), ("UnknownName", "'CosineFace' is no FaceLossKind"), ("NoBoolean", "it is Int32"), ("Itself", "within its own type"), ("Field", "Make it a property"),
        })
        {
            Assert.IsTrue(lines.Any(line => line.Contains("Wrong." + name) && line.Contains(reason)), $"{name}: {string.Join('|', lines)}");
        }

        Assert.HasCount(11, lines);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => OptionSpace.Of<object>()).Message, "nothing to search");
    }
}
