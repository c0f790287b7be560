using FsCheck;
using FsCheck.Fluent;
using Microsoft.ML.ArcFace.Gallery;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>The search against its naive twin: every cosine in double precision, sorted.</summary>
[TestClass]
public class VectorSearchTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Nearest_AnyTableAfterAnyRemovals_IsThatOfTheNaiveTwin(bool halves) =>
        Prop.ForAll(Gen.Choose(0, 1_000_000).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var naive = new NaiveGallery(random.Next(1, 80), halves);
            int people = random.Next(1, 12);
            for (int step = 0; step < 60; step++)
            {
                naive.AddOrRemove(random, people);
            }

            float[] probe = naive.RandomUnit(random);
            int count = random.Next(1, 15);
            (VectorRow Row, float Score)[] found = VectorSearch.Nearest(naive.Table, probe, count, -1);
            (PersonEntry Person, double Score)[] expected = naive.Nearest(probe, count);
            return found.Length == expected.Length
                && found.Zip(expected).All(pair => Math.Abs(pair.First.Score - pair.Second.Score) < 1e-6)
                && found.Select(one => one.Row.Person).Distinct().Count() == found.Length;
        }).QuickCheckThrowOnFailure();

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Nearest_ManyBlocksAndThreads_IsThatOfTheNaiveTwin(bool halves)
    {
        // 3,000 vectors of 512 numbers fill several blocks.
        var random = new Random(3);
        var naive = new NaiveGallery(512, halves);
        PersonEntry[] people = [.. Enumerable.Range(0, 700).Select(number => new PersonEntry(number, $"{number}", $"{number}"))];
        for (int number = 0; number < 3000; number++)
        {
            naive.Add(number, people[random.Next(people.Length)], naive.RandomUnit(random));
        }

        Assert.IsGreaterThan(4, naive.Table.Blocks.Count);
        for (int probe = 0; probe < 5; probe++)
        {
            float[] vector = naive.RandomUnit(random);
            (VectorRow Row, float Score)[] found = VectorSearch.Nearest(naive.Table, vector, 10, -1);
            CollectionAssert.AreEqual(naive.Nearest(vector, 10).Select(one => one.Person.Id).ToArray(), found.Select(one => one.Row.Person.Id).ToArray());
        }
    }

    [TestMethod]
    public void Nearest_InHalfPrecision_GivesTheSameNumbersToTheBit()
    {
        // Vectors that differ by less than half precision can tell.
        var random = new Random(4);
        NaiveGallery exact = new(64, halves: false), rounded = new(64, halves: true);
        float[] first = exact.RandomUnit(random);
        for (int number = 0; number < 500; number++)
        {
            float[] near = Evaluation(first, random, 1e-4f);
            exact.Add(number, new PersonEntry(number, $"{number}", "x"), near);
            rounded.Add(number, new PersonEntry(number, $"{number}", "x"), near);
        }

        string[] Of(NaiveGallery gallery) => [.. VectorSearch.Nearest(gallery.Table, first, 20, 2).Select(one => $"{one.Row.Number} {one.Score:R}")];
        CollectionAssert.AreEqual(Of(exact), Of(rounded));

        static float[] Evaluation(float[] vector, Random random, float spread) =>
            Microsoft.ML.ArcFace.Evaluation.UnitVectors.Normalized([.. vector.Select(value => value + (spread * (float)(random.NextDouble() - 0.5)))]);
    }

    [TestMethod]
    public void Nearest_EqualScores_ComeInTheOrderOfEnrollment()
    {
        var naive = new NaiveGallery(8, halves: false);
        float[] vector = naive.RandomUnit(new Random(5));
        foreach (int number in new[] { 4, 2, 9, 1 })
        {
            naive.Add(number, new PersonEntry(number, $"{number}", "x"), vector);
        }

        CollectionAssert.AreEqual(new long[] { 1, 2, 4 }, VectorSearch.Nearest(naive.Table, vector, 3, -1).Select(one => one.Row.Number).ToArray());
    }

    [TestMethod]
    public void Remove_ARow_LeavesZerosBehind()
    {
        var naive = new NaiveGallery(8, halves: true);
        var person = new PersonEntry(1, "1", "x");
        VectorRow[] rows = [.. Enumerable.Range(0, 3).Select(number => naive.Add(number, person, naive.RandomUnit(new Random(number))))];
        VectorTable.Block block = naive.Table.Blocks[0];
        float[] last = naive.Table[rows[2]].ToArray();
        naive.Table.Remove(rows[0]);
        Assert.AreEqual((2, 0), (naive.Table.Count, rows[2].Index));
        CollectionAssert.AreEqual(last, naive.Table[rows[2]].ToArray());
        Assert.IsTrue(block.Vector(2).ToArray().All(value => value == 0) && block.Half(2).ToArray().All(value => value == (Half)0));
    }

    private sealed class NaiveGallery(int size, bool halves)
    {
        private readonly Dictionary<VectorRow, float[]> _rows = [];
        private readonly Dictionary<int, PersonEntry> _people = [];
        private int _number;

        public VectorTable Table { get; } = new(size, halves);

        public float[] RandomUnit(Random random) => Microsoft.ML.ArcFace.Evaluation.UnitVectors.Normalized(GalleryVectors.Random(random, size));

        public VectorRow Add(int number, PersonEntry person, float[] vector)
        {
            var row = new VectorRow(number, person, photograph: null);
            Table.Add(row, vector);
            _rows.Add(row, vector);
            return row;
        }

        public void AddOrRemove(Random random, int people)
        {
            if (_rows.Count > 0 && random.Next(3) == 0)
            {
                VectorRow removed = _rows.Keys.ElementAt(random.Next(_rows.Count));
                Table.Remove(removed);
                _rows.Remove(removed);
                return;
            }

            int person = random.Next(people);
            if (!_people.TryGetValue(person, out PersonEntry? entry))
            {
                _people.Add(person, entry = new PersonEntry(person, $"{person}", $"{person}"));
            }

            Add(_number++, entry, RandomUnit(random));
        }

        public (PersonEntry Person, double Score)[] Nearest(float[] probe, int count) =>
        [
            .. _rows.GroupBy(row => row.Key.Person, row => GalleryVectors.Cosine(row.Value, probe))
                .Select(person => (person.Key, person.Max())).OrderByDescending(person => person.Item2).Take(count),
        ];
    }
}
