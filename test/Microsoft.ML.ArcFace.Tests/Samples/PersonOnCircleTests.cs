using Microsoft.ML.ArcFace.Samples.Charts;

namespace Microsoft.ML.ArcFace.Tests.Samples;

[TestClass]
public class PersonOnCircleTests
{
    [TestMethod]
    public void SmallestGap_NeighboursAcrossTheCut_IsMeasuredBetweenQuantiles()
    {
        // 21 photographs each, so that the 5 % and 95 % quantiles are the second and the last but one.
        PersonOnCircle[] people = [Around(175), Around(-150), Around(60)];
        Assert.AreEqual(35 - 18, PersonOnCircle.SmallestGap(people), 1e-9);
    }

    [TestMethod]
    public void SmallestGap_PeopleThatOverlap_IsNegative() =>
        Assert.AreEqual(5 - 18, PersonOnCircle.SmallestGap([Around(0), Around(5), Around(180)]), 1e-9);

    [TestMethod]
    public void Group_Embeddings_AreAnglesByPersonInTheOrderOfTheirNames()
    {
        IReadOnlyList<PersonOnCircle> people = PersonOnCircle.Group(["b", "a", "b"], [[0, 1], [-1, 0], [0, 1]]);
        CollectionAssert.AreEqual(new double[] { 180 }, people[0].Degrees);
        CollectionAssert.AreEqual(new double[] { 90, 90 }, people[1].Degrees);
        Assert.AreEqual(90, people[1].MeanDegrees, 1e-9);
    }

    private static PersonOnCircle Around(double degrees) => new([.. Enumerable.Range(-10, 21).Select(i => degrees + i)]);
}
