using Microsoft.ML.ArcFace.Grouping;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Grouping;

/// <summary>Faces of nobody known become people: beside a twin that compares every face anew in each step, within bounds, and by the model's threshold.</summary>
[TestClass]
public class GroupByPersonTests
{
    private const int Size = 16;

    private sealed class Row
    {
        public string RelativePath { get; set; } = "";

        public string Label { get; set; } = "";

        [VectorType(Size)]
        public float[] Embedding { get; set; } = [];
    }

    [TestMethod]
    public void GroupByPerson_ThreePeople_AreThreeGroups()
    {
        PersonGroups groups = FaceGrouping.GroupByPerson(
            [new("a", [1, 0, 0]), new("b", [0, 2, 0.2f]), new("c", [3, 0.3f, 0]), new("d", [0, 0, 1]), new("e", [0, 1, 0]), new("f", [0.9f, 0.05f, 0]), new("broken", [0, 0, 0]), new("odd", [float.NaN, 0, 0])],
            0.5, progress: null, CancellationToken.None);
        CollectionAssert.AreEqual(new[] { 0, 1, 0, 2, 1, 0, -1, -1 }, groups.GroupOfFace.ToArray());
        Assert.AreEqual("f c a | b e | d", Text(groups), "The most typical face comes first.");
        CollectionAssert.AreEqual(new[] { "broken", "odd" }, groups.WithoutFace.ToArray());
        Assert.AreEqual((6, 1, 0.5), (groups.FaceCount, groups.SingleFaceCount, groups.Cosine));
        Assert.IsNull(groups.Groups[2].Faces[0].Cosine, "There is no other face to compare it with.");
        Assert.AreEqual(new GroupedFace(1, "b", groups.Groups[1].Faces[0].Cosine), groups.Groups[1].Faces[0]);
        Assert.AreEqual(1 / Math.Sqrt(1.01), groups.Groups[1].Faces[0].Cosine!.Value, 1e-6);
        Assert.AreEqual("6 faces in 3 groups, 1 of them of one face; 2 photographs without a face; single faces are joined at a cosine over 0.5000", groups.ToString());
    }

    [TestMethod]
    public void GroupByPerson_RandomFaces_GivesWhatTheNaiveTwinGives()
    {
        int joined = 0, several = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            FaceToGroup[] faces = Draw(seed, people: 9, photographs: 5, spread: 0.2 + (0.01 * seed), facesOfPhotograph: 1 + (seed % 3));
            double cosine = 0.3 + (0.05 * (seed % 7));
            PersonGroups groups = FaceGrouping.GroupByPerson(faces, cosine, progress: null, CancellationToken.None);
            Assert.AreEqual(Naive(faces, new LinkageRule(cosine)), Text(groups.GroupOfFace), $"Seed {seed}.");
            joined += faces.Length - groups.Groups.Count;
            several += groups.Groups.Count(group => group.Faces.Count > 3);
        }

        Assert.IsTrue(joined > 600 && several > 60, "The case says nothing.");
    }

    [TestMethod]
    public void GroupByPerson_FacesInAnotherOrder_GivesTheSamePeople()
    {
        FaceToGroup[] faces = Draw(seed: 3, people: 40, photographs: 6, spread: 0.5, facesOfPhotograph: 2);
        string expected = Names(FaceGrouping.GroupByPerson(faces, 0.5, progress: null, CancellationToken.None));
        var random = new Random(1);
        for (int round = 0; round < 5; round++)
        {
            random.Shuffle(faces);
            Assert.AreEqual(expected, Names(FaceGrouping.GroupByPerson(faces, 0.5, progress: null, CancellationToken.None)));
        }

        static string Names(PersonGroups groups) => string.Join(" | ", groups.Groups.Select(group => string.Join(' ', group.Faces.Select(face => face.Photograph).Order(StringComparer.Ordinal))).Order(StringComparer.Ordinal));
    }

    [TestMethod]
    public void GroupByPerson_FacesOfOnePhotograph_AreNeverOnePerson()
    {
        // Two faces of one photograph that are the same to the model: mother and daughter stay two, and all others choose.
        FaceToGroup[] faces = [new("both", [1, 0]), new("both", [1, 0]), new("a", [1, 0.1f]), new("b", [1, 0.1f]), new("other both", [1, -0.1f]), new("other both", [1, -0.1f])];
        PersonGroups groups = FaceGrouping.GroupByPerson(faces, 0.5, progress: null, CancellationToken.None);
        Assert.HasCount(2, groups.Groups);
        Assert.AreNotEqual(groups.GroupOfFace[0], groups.GroupOfFace[1]);
        Assert.AreNotEqual(groups.GroupOfFace[4], groups.GroupOfFace[5]);

        for (int seed = 0; seed < 20; seed++)
        {
            PersonGroups random = FaceGrouping.GroupByPerson(Draw(seed, people: 5, photographs: 20, spread: 0.8, facesOfPhotograph: 4), 0.1, progress: null, CancellationToken.None);
            Assert.IsTrue(random.Groups.All(group => group.Faces.DistinctBy(face => face.Photograph).Count() == group.Faces.Count), $"Seed {seed}.");
        }
    }

    [TestMethod]
    public void GroupByPerson_MorePairsThanAreKept_StillFindsThePeople()
    {
        FaceToGroup[] faces = Draw(seed: 7, people: 4, photographs: 150, spread: 0.15, facesOfPhotograph: 1);
        string all = Text(PersonGrouping.Group(faces, 0.5, WorkObserver.None).GroupOfFace);
        Assert.AreEqual(4, all.Split(' ').Distinct().Count(), "The case says nothing.");
        Assert.AreEqual(all, Text(PersonGrouping.Group(faces, 0.5, WorkObserver.None, mostPairs: faces.Length * 3).GroupOfFace), "A face has 149 others of its person, of which 3 are kept.");
    }

    [TestMethod]
    [DataRow(0.01)]
    [DataRow(0.05)]
    [DataRow(0.3)]
    public void Cosine_FalseShare_IsTheLowestThatKeepsIt(double falseShare)
    {
        var random = new Random(3);
        VerificationThreshold threshold = Thresholds.Of(0.2, rate: 0.01);
        double[] cosines = [.. Enumerable.Range(0, 3_000).Select(i => i < 300 ? 0.3 + (0.6 * random.NextDouble()) : 0.29 * random.NextDouble())];
        var alike = new AlikePairs();
        Array.ForEach(cosines, cosine => alike.Add((float)cosine));
        const long allPairs = 100_000;
        double actual = alike.Cosine(threshold, allPairs, falseShare);
        double[] kept = [.. Enumerable.Range(0, 1001).Select(step => step / 1000.0).Where(cosine => threshold.FalseMatchRateAt(cosine) * allPairs <= falseShare * Math.Max(1, cosines.Count(other => other >= cosine)))];
        Assert.AreEqual(kept.Min(), actual, 1e-3);
        Assert.IsTrue(actual > threshold.Cosine && actual < 0.9, "The case says nothing.");
        Assert.AreEqual(1, new AlikePairs().Cosine(threshold, long.MaxValue / 2, falseShare), "Where nothing can be told, nothing is joined.");
    }

    [TestMethod]
    public void FalseMatchRateAt_ThresholdsOfTheCurve_AreTheirRates()
    {
        VerificationThreshold threshold = Thresholds.Of(0.4, rate: 0.001);
        Assert.IsNull(threshold.FalseMatchRateAt(threshold.Cosine - 1e-6), "More strangers pass than the calibration tells of.");
        Assert.AreEqual(threshold.FalseMatchRate, threshold.FalseMatchRateAt(threshold.Cosine)!.Value, 1e-12);
        double last = 1;
        foreach (int people in new[] { 3, 40, 500, 6_000, 70_000 })
        {
            VerificationThreshold stricter = threshold.ForGallerySize(people);
            double rate = threshold.FalseMatchRateAt(stricter.Cosine)!.Value;
            Assert.AreEqual(stricter.FalseMatchRate, rate, 1e-6 * rate, $"{people} people.");
            Assert.IsLessThan(last, rate);
            last = rate;
        }
    }

    [TestMethod]
    public void NeighborGraph_Blocks_GiveEveryPairOnceAndNoOther()
    {
        float[][] faces = [.. Draw(seed: 2, people: 300, photographs: 2, spread: 0.3, facesOfPhotograph: 1).Select(face => face.Vector)];
        int[][] found = NeighborGraph.Find(faces, least: 0.35, NeighborGraph.MostPairs, new AlikePairs(), WorkObserver.None);
        for (int i = 0; i < faces.Length; i++)
        {
            int[] expected = [.. Enumerable.Range(i + 1, faces.Length - i - 1).Where(j => System.Numerics.Tensors.TensorPrimitives.Dot<float>(faces[i], faces[j]) > 0.35)];
            CollectionAssert.AreEqual(expected, found[i], $"Face {i}.");
        }

        int[][] nearest = NeighborGraph.Find(faces, least: -1, mostPairs: faces.Length * 2, new AlikePairs(), WorkObserver.None);
        for (int i = 0; i < faces.Length; i++)
        {
            int[] expected = [.. Enumerable.Range(i + 1, faces.Length - i - 1).OrderByDescending(j => System.Numerics.Tensors.TensorPrimitives.Dot<float>(faces[i], faces[j])).Take(2).Order()];
            CollectionAssert.AreEqual(expected, nearest[i], $"Face {i}.");
        }
    }

    [TestMethod]
    public void GroupByPerson_Progress_CountsPairsAndCanBeStopped()
    {
        FaceToGroup[] faces = Draw(seed: 1, people: 200, photographs: 3, spread: 0.3, facesOfPhotograph: 1);
        var reports = new List<FaceProgress>();
        VerificationThreshold threshold = Thresholds.Of(0.6);
        PersonGroups groups = FaceGrouping.GroupByPerson(faces, threshold, progress: reports.Add);
        FaceProgress compared = reports.Last(report => report.Work == "pairs of faces compared"), joined = reports.Last(report => report.Work == "faces joined");
        Assert.AreEqual((600L * 599 / 2, 600L * 599 / 2, true), (compared.Done, compared.Total, compared.IsEnd));
        Assert.AreEqual((600L - groups.Groups.Count, true), (joined.Done, joined.IsEnd));

        using var stop = new CancellationTokenSource();
        Assert.ThrowsExactly<OperationCanceledException>(() => FaceGrouping.GroupByPerson(faces, 0.5, report => stop.Cancel(), stop.Token));
        using var later = new CancellationTokenSource();
        Assert.ThrowsExactly<OperationCanceledException>(() => FaceGrouping.GroupByPerson(
            faces, 0.5,
            report =>
            {
                if (report.Work == "faces joined")
                {
                    later.Cancel();
                }
            },
            later.Token));
    }

    [TestMethod]
    public void GroupByPerson_WhatCannotBeSorted_IsNamed()
    {
        FaceToGroup good = new("a", [1, 0]);
        foreach ((FaceToGroup[] faces, string expected) in new (FaceToGroup[], string)[]
        {
            ([good, null!], "Face 1 (from 0)"),
            ([good, new("", [1, 0])], "Face 1 (from 0), its photograph's name"),
            ([good, new("b", [1, 0, 0])], "of face 1 (from 0), 'b', has 3 numbers, that of the first 2"),
        })
        {
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => FaceGrouping.GroupByPerson(faces, Thresholds.Of(0.5))).Message, expected);
        }

        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => FaceGrouping.GroupByPerson([], Thresholds.Of(0.5))).Message, "There are no faces");
        Assert.ThrowsExactly<ArgumentNullException>(() => FaceGrouping.GroupByPerson([good], null!));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FaceGrouping.GroupByPerson([good], double.NaN, null, default));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FaceGrouping.GroupByPerson([good], 1.1, null, default));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FaceGrouping.GroupByPerson([good], Thresholds.Of(0.5), falseShare: 1));
        PersonGroups none = FaceGrouping.GroupByPerson([new("a", [0, 0])], Thresholds.Of(0.5));
        Assert.IsEmpty(none.Groups);
        Assert.HasCount(1, FaceGrouping.GroupByPerson([good], Thresholds.Of(0.5)).Groups);
    }

    [TestMethod]
    public void GroupByPerson_View_GivesWhatVectorsGive()
    {
        var ml = new MLContext(seed: 1);
        FaceRecognitionCatalog catalog = ml.FaceRecognition();
        FaceToGroup[] faces = [.. Draw(seed: 4, people: 12, photographs: 4, spread: 0.4, facesOfPhotograph: 1), new("none", new float[Size])];
        Row[] rows = [.. faces.Select((face, index) => new Row { RelativePath = face.Photograph, Label = $"P{index / 4}", Embedding = face.Vector })];
        IDataView view = ml.Data.LoadFromEnumerable(rows);
        VerificationThreshold threshold = Thresholds.Of(0.5);
        PersonGroups groups = catalog.GroupByPerson(view, threshold);
        Assert.AreEqual(Text(FaceGrouping.GroupByPerson(faces, threshold).GroupOfFace), Text(groups.GroupOfFace));
        CollectionAssert.AreEqual(new[] { "none" }, groups.WithoutFace.ToArray());

        Assert.AreEqual(FaceEvaluation.EvaluateGrouping([.. rows.Select(row => row.Label)], groups.GroupOfFace).ToString(), catalog.EvaluateGrouping(view, groups).ToString());
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => catalog.GroupByPerson(view)).Message, "tells no threshold");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => catalog.EvaluateGrouping(ml.Data.TakeRows(view, 3), groups)).Message, "people of 3 faces and the groups of 49");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => catalog.GroupByPerson(view, threshold, embeddingColumnName: "Vector"));
    }

    /// <summary>Draws people as directions and their faces around these, spread by so much; photographs show several of them where asked for, in the order of the people.</summary>
    private static FaceToGroup[] Draw(int seed, int people, int photographs, double spread, int facesOfPhotograph)
    {
        var random = new Random(seed);
        float[][] directions = [.. Enumerable.Range(0, people).Select(_ => Normal(1))];
        return
        [
            .. Enumerable.Range(0, photographs).SelectMany(photograph => Enumerable.Range(0, people).Select(person =>
                new FaceToGroup($"{photograph}-{person / facesOfPhotograph}", Unit([.. directions[person].Zip(Normal(spread), (x, y) => x + y)])))),
        ];

        float[] Normal(double deviation) => [.. Enumerable.Range(0, Size).Select(_ => (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];

        static float[] Unit(float[] vector) => [.. vector.Select(value => (float)(value / Math.Sqrt(vector.Sum(x => (double)x * x))))];
    }

    /// <summary>Joins the two groups of the greatest mean cosine of all, which is computed anew from the faces in each step.</summary>
    private static string Naive(FaceToGroup[] faces, LinkageRule rule)
    {
        double[][] cosines = [.. faces.Select(first => faces.Select(second => first.Vector.Zip(second.Vector, (x, y) => (double)x * y).Sum()).ToArray())];
        List<int[]> groups = [.. Enumerable.Range(0, faces.Length).Select(face => (int[])[face])];
        while (true)
        {
            (int First, int Second, double Margin) best = (0, 0, 0);
            for (int i = 0; i < groups.Count; i++)
            {
                for (int j = i + 1; j < groups.Count; j++)
                {
                    bool mayJoin = groups[i].Concat(groups[j]).Select(face => faces[face].Photograph).Distinct().Count() == groups[i].Length + groups[j].Length;
                    double margin = mayJoin ? rule.Margin(Product(groups[i], groups[j]), groups[i].Length, groups[j].Length) : 0;
                    best = margin > best.Margin ? (i, j, margin) : best;
                }
            }

            if (best.Margin <= 0)
            {
                break;
            }

            groups[best.First] = [.. groups[best.First], .. groups[best.Second]];
            groups.RemoveAt(best.Second);
        }

        int[] groupOf = new int[faces.Length];
        foreach ((int index, int[] members) in groups.OrderByDescending(members => members.Length).ThenBy(members => members.Min()).Index())
        {
            Array.ForEach(members, face => groupOf[face] = index);
        }

        return Text(groupOf);

        double Product(int[] first, int[] second) => first.Sum(i => second.Sum(j => cosines[i][j]));
    }

    private static string Text(IEnumerable<int> groups) => string.Join(' ', groups);

    private static string Text(PersonGroups groups) => string.Join(" | ", groups.Groups.Select(group => string.Join(' ', group.Faces.Select(face => face.Photograph))));
}
