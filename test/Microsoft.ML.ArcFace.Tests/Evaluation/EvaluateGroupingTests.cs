namespace Microsoft.ML.ArcFace.Tests.Evaluation;

/// <summary>How well faces were sorted into people: by hand, and beside the definitions taken word by word.</summary>
[TestClass]
public class EvaluateGroupingTests
{
    [TestMethod]
    public void EvaluateGrouping_SixFaces_GivesWhatIsCountedByHand()
    {
        GroupingMetrics metrics = FaceEvaluation.EvaluateGrouping(["Ada", "Ada", "Ada", "Bob", "Bob", "Cleo"], [7, 7, 3, 3, 3, 0]);

        // 4 pairs of one person, 4 of one group, 2 of both.
        Assert.AreEqual(0.5, metrics.PairPrecision);
        Assert.AreEqual(0.5, metrics.PairRecall);
        Assert.AreEqual(0.5, metrics.PairF);

        // Ada and Ada 2/2 each, the third 1/3; Bob 2/3 each; Cleo 1. Of the people: 2/3, 2/3, 1/3; 1, 1; 1.
        Assert.AreEqual((1 + 1 + (1 / 3.0) + (2 / 3.0) + (2 / 3.0) + 1) / 6, metrics.BCubedPrecision, 1e-15);
        Assert.AreEqual(((2 / 3.0) + (2 / 3.0) + (1 / 3.0) + 1 + 1 + 1) / 6, metrics.BCubedRecall, 1e-15);
        Assert.AreEqual(7 / 9.0, metrics.BCubedF, 1e-15);
        Assert.AreEqual((6, 3, 3), (metrics.FaceCount, metrics.PersonCount, metrics.GroupCount));
        Assert.AreEqual("Pairs: precision 50.00 %, recall 50.00 %, F 50.00 %\nBCubed: precision 77.78 %, recall 77.78 %, F 77.78 %; 6 faces of 3 people in 3 groups", metrics.ToString());
    }

    [TestMethod]
    public void EvaluateGrouping_NegativeGroups_CountAsGroupsOfTheirOwn()
    {
        GroupingMetrics metrics = FaceEvaluation.EvaluateGrouping(["Ada", "Ada", "Bob"], [-1, -1, -1]);
        Assert.AreEqual(3, metrics.GroupCount);
        Assert.IsNull(metrics.PairPrecision, "No group has a pair.");
        Assert.AreEqual(0, metrics.PairRecall);
        Assert.IsNull(metrics.PairF);
        Assert.AreEqual(1, metrics.BCubedPrecision);
        Assert.AreEqual(((1 / 2.0) + (1 / 2.0) + 1) / 3, metrics.BCubedRecall, 1e-15);
        Assert.IsNull(FaceEvaluation.EvaluateGrouping(["Ada", "Bob"], [0, 0]).PairRecall, "Nobody has a pair.");
    }

    [TestMethod]
    public void EvaluateGrouping_RandomGroups_AreAsThePairsSay()
    {
        var random = new Random(5);
        for (int round = 0; round < 50; round++)
        {
            string[] people = [.. Enumerable.Range(0, 40).Select(_ => $"P{random.Next(9)}")];
            int[] groups = [.. Enumerable.Range(0, 40).Select(_ => random.Next(-1, 7))];
            GroupingMetrics metrics = FaceEvaluation.EvaluateGrouping(people, groups);
            (int I, int J)[] pairs = [.. Enumerable.Range(0, 40).SelectMany(i => Enumerable.Range(i + 1, 39 - i).Select(j => (i, j)))];
            bool Together(int i, int j) => i == j || (groups[i] >= 0 && groups[i] == groups[j]);
            double both = pairs.Count(pair => Together(pair.I, pair.J) && people[pair.I] == people[pair.J]);
            Assert.AreEqual(both / pairs.Count(pair => Together(pair.I, pair.J)), metrics.PairPrecision!.Value, 1e-12);
            Assert.AreEqual(both / pairs.Count(pair => people[pair.I] == people[pair.J]), metrics.PairRecall!.Value, 1e-12);
            Assert.AreEqual(Enumerable.Range(0, 40).Average(i => Enumerable.Range(0, 40).Where(j => Together(i, j)).Average(j => people[i] == people[j] ? 1.0 : 0)), metrics.BCubedPrecision, 1e-12);
            Assert.AreEqual(Enumerable.Range(0, 40).Average(i => Enumerable.Range(0, 40).Where(j => people[i] == people[j]).Average(j => Together(i, j) ? 1.0 : 0)), metrics.BCubedRecall, 1e-12);
        }
    }

    [TestMethod]
    public void EvaluateGrouping_WrongLists_AreRefused()
    {
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => FaceEvaluation.EvaluateGrouping(["Ada"], [1, 2])).Message, "people of 1 faces and the groups of 2");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => FaceEvaluation.EvaluateGrouping(["Ada", ""], [1, 2])).Message, "Face 1 (from 0) has no person");
        Assert.ThrowsExactly<InvalidOperationException>(() => FaceEvaluation.EvaluateGrouping([], []));
        Assert.ThrowsExactly<ArgumentNullException>(() => FaceEvaluation.EvaluateGrouping(null!, []));
    }
}
