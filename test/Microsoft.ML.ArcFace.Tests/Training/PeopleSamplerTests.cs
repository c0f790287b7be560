using FsCheck;
using FsCheck.Fluent;
using Microsoft.ML.ArcFace.Training;

namespace Microsoft.ML.ArcFace.Tests.Training;

[TestClass]
public class PeopleSamplerTests
{
    private static readonly Arbitrary<(int Seed, int[] Photographs, int People, int Each)> Sets =
        (from seed in Gen.Choose(0, 10_000)
         from photographs in Gen.Choose(1, 12).ArrayOf().Where(counts => counts.Length > 0)
         from people in Gen.Choose(2, 6)
         from each in Gen.Choose(2, 5)
         select (seed, photographs, people, each)).ToArbitrary();

    [TestMethod]
    public void Order_AnySet_BatchesHoldKPhotographsOfEachPerson() =>
        Prop.ForAll(Sets, set =>
        {
            int[] labels = Labels(set.Photographs);
            int[] order = [.. PeopleSampler.Order(labels, set.People * set.Each, set.Each, new Random(set.Seed))];
            bool isWhole = order.Length == Math.Max(1, labels.Length / (set.People * set.Each)) * set.People * set.Each;
            return isWhole && order.Chunk(set.Each).All(group => group.Select(index => labels[index]).Distinct().Count() == 1);
        }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void Order_EnoughPeople_NobodyComesTwiceInABatchAndNoPhotographTwiceInAnEpoch()
    {
        int[] labels = Labels([.. Enumerable.Repeat(8, 40)]);
        int[] order = [.. PeopleSampler.Order(labels, 32, 4, new Random(1))];
        Assert.HasCount(320, order);
        Assert.AreEqual(320, order.Distinct().Count());
        foreach (int[] batch in order.Chunk(32).Take(8))
        {
            Assert.AreEqual(8, batch.Select(index => labels[index]).Distinct().Count());
        }
    }

    [TestMethod]
    public void Order_SameSeed_IsTheSame()
    {
        int[] labels = Labels([3, 9, 5, 1, 7]);
        CollectionAssert.AreEqual(
            PeopleSampler.Order(labels, 8, 4, new Random(3)).ToArray(), PeopleSampler.Order(labels, 8, 4, new Random(3)).ToArray());
    }

    private static int[] Labels(int[] photographs) => [.. photographs.SelectMany((count, person) => Enumerable.Repeat(person, count))];
}
