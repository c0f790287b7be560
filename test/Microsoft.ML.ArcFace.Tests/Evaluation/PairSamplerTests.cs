using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class PairSamplerTests
{
    [TestMethod]
    public void AllPairs_FewPictures_AreExactlyAllPairs()
    {
        (string Path, string Label)[] images = Images(1, 3, 2, 4, 1);
        IReadOnlyList<FacePair> pairs = PairSampler.AllPairs(images, folds: 5);

        var label = images.ToDictionary(image => image.Path, image => image.Label);
        Assert.HasCount(11 * 10 / 2, pairs);
        Assert.HasCount(pairs.Count, pairs.Select(Key).Distinct());
        Assert.AreEqual(3 + 1 + 6, pairs.Count(pair => pair.IsSamePerson));
        foreach (FacePair pair in pairs)
        {
            Assert.AreNotEqual(pair.First, pair.Second);
            Assert.AreEqual(label[pair.First] == label[pair.Second], pair.IsSamePerson, pair.ToString());
        }
    }

    [TestMethod]
    public void AllPairs_Folds_AreInOrderAndOfEqualSize()
    {
        IReadOnlyList<FacePair> pairs = PairSampler.AllPairs(Images(3, 3, 3, 3), folds: 4);
        CollectionAssert.AreEqual(pairs.Select(pair => pair.Fold).Order().ToArray(), pairs.Select(pair => pair.Fold).ToArray());
        for (int fold = 0; fold < 4; fold++)
        {
            Assert.AreEqual(3, pairs.Count(pair => pair.Fold == fold && pair.IsSamePerson));
            Assert.Contains(pairs.Count(pair => pair.Fold == fold && !pair.IsSamePerson), new[] { 13, 14 });
        }
    }

    [TestMethod]
    public void AllPairs_MoreThanMaximum_DrawsAsManyOfEachClass()
    {
        (string Path, string Label)[] images = Images([.. Enumerable.Repeat(5, 40)]);
        IReadOnlyList<FacePair> pairs = PairSampler.AllPairs(images, maximumPairs: 200);

        Assert.HasCount(200, pairs);
        Assert.AreEqual(100, pairs.Count(pair => pair.IsSamePerson));
        Assert.HasCount(200, pairs.Select(Key).Distinct());
        var label = images.ToDictionary(image => image.Path, image => image.Label);
        Assert.IsTrue(pairs.All(pair => label[pair.First] == label[pair.Second] == pair.IsSamePerson));
    }

    [TestMethod]
    [DataRow(50, 20, 30)] // 20 genuine pairs are all there are
    [DataRow(30, 15, 15)]
    public void AllPairs_ClassThatRunsShort_IsFilledFromTheOther(int maximumPairs, int genuine, int impostors)
    {
        IReadOnlyList<FacePair> pairs = PairSampler.AllPairs(Images([.. Enumerable.Repeat(2, 20)]), maximumPairs);
        Assert.AreEqual((genuine, impostors), (pairs.Count(pair => pair.IsSamePerson), pairs.Count(pair => !pair.IsSamePerson)));
    }

    [TestMethod]
    public void AllPairs_Seed_DecidesTheSample()
    {
        (string Path, string Label)[] images = Images([.. Enumerable.Repeat(4, 30)]);
        FacePair[] first = [.. PairSampler.AllPairs(images, 100, seed: 1)];
        CollectionAssert.AreEqual(first, PairSampler.AllPairs(images, 100, seed: 1).ToArray());
        CollectionAssert.AreNotEqual(first, PairSampler.AllPairs(images, 100, seed: 2).ToArray());
    }

    [TestMethod]
    public void AllPairs_Samples_ReachEveryPairEquallyOften()
    {
        (string Path, string Label)[] images = Images(2, 3, 2, 1);
        var counts = new Dictionary<(string, string), int>();
        for (int seed = 0; seed < 4000; seed++)
        {
            foreach (FacePair pair in PairSampler.AllPairs(images, maximumPairs: 8, folds: 2, seed: seed).Where(pair => !pair.IsSamePerson))
            {
                counts[Key(pair)] = counts.GetValueOrDefault(Key(pair)) + 1;
            }
        }

        // 4 of 23 impostor pairs a time: 696 each, with a standard deviation of 24.
        Assert.HasCount(23, counts);
        Assert.IsTrue(counts.Values.All(count => Math.Abs(count - 4000 * 4 / 23) < 120), string.Join(" ", counts.Values));
    }

    [TestMethod]
    public void AllPairs_HugeSet_TakesMemoryForTheSampleOnly()
    {
        // Five billion pairs.
        (string Path, string Label)[] images = [.. Enumerable.Range(0, 100_000).Select(i => ($"{i}.jpg", $"{i / 10}"))];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.HasCount(1000, PairSampler.AllPairs(images, maximumPairs: 1000));
        Assert.IsLessThan(50_000_000, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void AllPairs_TooFewPairsForTheFolds_SaysSo()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => PairSampler.AllPairs(Images(2, 2)));
        StringAssert.Contains(error.Message, "2 genuine and 4 impostor pairs");
        StringAssert.Contains(error.Message, "fewer folds");
        Assert.ThrowsExactly<ArgumentException>(() => PairSampler.AllPairs([]));
    }

    [TestMethod]
    public void AllPairs_InvalidArguments_AreRefused()
    {
        (string Path, string Label)[] images = Images(4, 4, 4);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => PairSampler.AllPairs(images, folds: 1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => PairSampler.AllPairs(images, maximumPairs: 19));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => PairSampler.AllPairs([.. images, images[0]])).Message, "'0/0.jpg' occurs more than once");
        Assert.ThrowsExactly<ArgumentException>(() => PairSampler.AllPairs([.. images, ("x.jpg", "")]));
    }

    private static (string Path, string Label)[] Images(params int[] picturesOfPeople) =>
        [.. picturesOfPeople.SelectMany((count, person) => Enumerable.Range(0, count).Select(i => ($"{person}/{i}.jpg", $"{person}")))];

    private static (string, string) Key(FacePair pair) =>
        string.CompareOrdinal(pair.First, pair.Second) < 0 ? (pair.First, pair.Second) : (pair.Second, pair.First);
}
