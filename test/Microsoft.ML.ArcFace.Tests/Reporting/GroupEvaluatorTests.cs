using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace.Tests.Reporting;

[TestClass]
public class GroupEvaluatorTests
{
    [TestMethod]
    public void EvaluateGroups_PairsByHand_CountsWithinAndBetween()
    {
        // North: three genuine pairs, two refused over 0.7. South: one. North with South: six impostors, two accepted (30° and 40°). Cy has no group: five pairs.
        GroupMetrics groups = ReportedPairs.Ml.FaceRecognition().EvaluateGroups(ReportedPairs.View(), ReportedPairs.Pairs, 0.7, leastPairCount: 3);

        CollectionAssert.AreEqual(new[] { "north", "south" }, groups.Groups.Select(group => group.Group).ToArray());
        GroupRates north = groups.Groups[0], south = groups.Groups[1];
        Assert.AreEqual((3, 2, 3, 0), (north.PictureCount, north.FalseNonMatch.ErrorCount, north.FalseNonMatch.PairCount, north.FalseMatch.PairCount));
        Assert.AreEqual(2 / 3.0, north.FalseNonMatch.Rate);
        Assert.IsNull(south.FalseNonMatch.Rate, "One pair is too few to say.");
        Assert.IsNull(south.FalseNonMatch.ConfidenceInterval);
        StringAssert.Contains(south.FalseNonMatch.ToString(), "too few to say (1 of 3)");
        Assert.AreEqual((2, 6), (groups.FalseMatchBetweenGroups.ErrorCount, groups.FalseMatchBetweenGroups.PairCount));
        Assert.AreEqual((5, 11, 4, 2), (groups.UngroupedPairCount, groups.FalseMatch.PairCount, groups.FalseNonMatch.PairCount, groups.FalseMatch.ErrorCount));
        StringAssert.Contains(groups.ToString(), "66.67 %");
    }

    [TestMethod]
    public void LeastImpostorPairs_OfALowTarget_IsTenExpectedErrors()
    {
        Assert.AreEqual(10_000, GroupEvaluator.LeastImpostorPairs(0.001));
        Assert.AreEqual(100, GroupEvaluator.LeastImpostorPairs(0.5));
        Assert.AreEqual(100, GroupEvaluator.LeastImpostorPairs(null));
    }

    [TestMethod]
    public void EvaluateGroups_WhatCannotBeEvaluated_IsRefused()
    {
        FaceRecognitionCatalog faces = ReportedPairs.Ml.FaceRecognition();
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => faces.EvaluateGroups(ReportedPairs.View(), ReportedPairs.Pairs, 0.7, "zz")).Message, "Could not find input column 'zz'");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => faces.EvaluateGroups(ReportedPairs.View(), ReportedPairs.Pairs, 1.1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => faces.EvaluateGroups(ReportedPairs.View(), ReportedPairs.Pairs, 0.7, leastPairCount: 0));
        FacePair[] ofNoGroup = [new("cy/1.jpg", "cy/1.jpg", IsSamePerson: true, 0)];
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => faces.EvaluateGroups(ReportedPairs.View(), ofNoGroup, 0.7)).Message, "'Group'");
    }
}
