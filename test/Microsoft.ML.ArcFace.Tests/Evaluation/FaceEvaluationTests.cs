using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

/// <summary>The entry points over plain vectors: they give what the catalog gives for a view of the same, and refuse what they cannot judge.</summary>
[TestClass]
public class FaceEvaluationTests
{
    private static readonly FaceRecognitionCatalog Catalog = new MLContext(seed: 1).FaceRecognition();

    private sealed class Row
    {
        public string RelativePath { get; set; } = "";

        public string Label { get; set; } = "";

        public string Group { get; set; } = "";

        public string TemplateId { get; set; } = "";

        public string MediaId { get; set; } = "";

        public float Quality { get; set; }

        [Microsoft.ML.Data.VectorType(8)]
        public float[] Embedding { get; set; } = [];
    }

    [TestMethod]
    public void EvaluateVerification_SameFaces_GivesWhatTheCatalogGives()
    {
        LabeledEmbedding[] faces = Faces();
        IReadOnlyList<FacePair> pairs = FaceEvaluation.AllPairs(faces, folds: 5, seed: 3);
        CollectionAssert.AreEqual(Catalog.AllPairs(View(faces), folds: 5, seed: 3).ToArray(), pairs.ToArray());

        VerificationMetrics expected = Catalog.EvaluateVerification(View(faces), pairs), actual = FaceEvaluation.EvaluateVerification(faces, pairs);
        Assert.AreEqual(expected.ToString(), actual.ToString());
        CollectionAssert.AreEqual(expected.RocCurve.ToArray(), actual.RocCurve.ToArray());
        Assert.IsTrue(actual.AreaUnderRocCurve is > 0.6 and < 1, "The case says nothing.");
    }

    [TestMethod]
    public void EvaluateVerification_Cosines_GivesWhatVectorsGive()
    {
        LabeledEmbedding[] faces = Faces();
        IReadOnlyList<FacePair> pairs = FaceEvaluation.AllPairs(faces, folds: 5);
        VerificationMetrics ofCosines = FaceEvaluation.EvaluateVerification([.. pairs.Select(pair => Cosine(faces, pair))], [.. pairs.Select(pair => pair.IsSamePerson)], [.. pairs.Select(pair => pair.Fold)]);
        Assert.AreEqual(FaceEvaluation.EvaluateVerification(faces, pairs).ToString(), ofCosines.ToString());
    }

    [TestMethod]
    public void CalibrateThreshold_VectorsCosinesAndView_GiveOneThreshold()
    {
        LabeledEmbedding[] faces = Faces();
        IReadOnlyList<FacePair> pairs = FaceEvaluation.AllPairs(faces, folds: 2);
        VerificationThreshold threshold = FaceEvaluation.CalibrateThreshold(faces, pairs, 0.05);
        Assert.AreEqual(Catalog.CalibrateThreshold(View(faces), pairs, 0.05, seed: 7), FaceEvaluation.CalibrateThreshold(faces, pairs, 0.05, seed: 7));

        VerificationThreshold ofCosines = FaceEvaluation.CalibrateThreshold([.. pairs.Select(pair => Cosine(faces, pair))], [.. pairs.Select(pair => (PersonOf(pair.First), PersonOf(pair.Second)))], 0.05);
        Assert.AreEqual(threshold.Cosine, ofCosines.Cosine);
        Assert.AreEqual(threshold.FalseNonMatchRate, ofCosines.FalseNonMatchRate);
        Assert.AreEqual(threshold.PersonCount, ofCosines.PersonCount);
        Assert.IsTrue(threshold.FalseMatchRate is > 0 and <= 0.05);
        Assert.IsNull(threshold.TrainedOnPeople, "Nobody knows the model.");
    }

    [TestMethod]
    public void EvaluateIdentification_SameFaces_GivesWhatTheCatalogGives()
    {
        LabeledEmbedding[] faces = Faces(), gallery = [.. faces.Where((face, i) => i % 5 < 2 && face.Person != "P0")], probes = [.. faces.Where((_, i) => i % 5 >= 2)];
        IdentificationMetrics expected = Catalog.EvaluateIdentification(View(probes), View(gallery)), actual = FaceEvaluation.EvaluateIdentification(probes, gallery);
        Assert.AreEqual(expected.ToString(), actual.ToString());
        CollectionAssert.AreEqual(expected.CumulativeMatchCharacteristic.ToArray(), actual.CumulativeMatchCharacteristic.ToArray());
        Assert.AreEqual(3, actual.NonMatedProbeCount);
    }

    [TestMethod]
    public void EvaluateAngles_SameFaces_GivesWhatTheCatalogGives() =>
        Assert.AreEqual(Catalog.EvaluateAngles(View(Faces())).ToString(), FaceEvaluation.EvaluateAngles(Faces()).ToString());

    [TestMethod]
    public void EvaluateGroups_SameFaces_GivesWhatTheCatalogGives()
    {
        LabeledEmbedding[] faces = Faces();
        IReadOnlyList<FacePair> pairs = FaceEvaluation.AllPairs(faces, folds: 2);
        Dictionary<string, string> groups = faces.ToDictionary(face => face.Image, face => GroupOf(face.Person));
        GroupMetrics actual = FaceEvaluation.EvaluateGroups(faces, groups, pairs, cosine: 0.5, leastPairCount: 10);
        Assert.AreEqual(Catalog.EvaluateGroups(View(faces), pairs, 0.5, leastPairCount: 10).ToString(), actual.ToString());
        Assert.HasCount(2, actual.Groups);

        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => FaceEvaluation.EvaluateGroups(faces, new Dictionary<string, string>(), pairs, 0.5)).Message, "has a group");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FaceEvaluation.EvaluateGroups(faces, groups, pairs, 1.5));
        Assert.ThrowsExactly<InvalidOperationException>(() => FaceEvaluation.EvaluateGroups(faces, groups, [], 0.5));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void AggregateTemplates_SamePictures_GivesWhatTheCatalogGives(bool weightByNorm)
    {
        LabeledEmbedding[] faces = Faces();
        LabeledEmbedding[] templates = [.. FaceEvaluation.AggregateTemplates(faces.Select((face, i) => new TemplatePicture(face.Person, face.Vector) { Medium = $"{i % 3}", Person = face.Person, Quality = 0.5f + (i % 4) }), weightByNorm)];
        IDataView view = Catalog.AggregateTemplates(View(faces), "TemplateId", "MediaId", "Quality", "Label", weightByNorm: weightByNorm);
        CollectionAssert.AreEqual(Data(view, row => row.TemplateId), templates.Select(template => template.Image).ToArray());
        CollectionAssert.AreEqual(Data(view, row => row.Label), templates.Select(template => template.Person).ToArray());
        CollectionAssert.AreEqual(Data(view, row => row.Embedding).SelectMany(vector => vector).ToArray(), templates.SelectMany(template => template.Vector).ToArray());
    }

    [TestMethod]
    public void Pairs_OfFiles_AreReadAsTheCatalogReadsThem()
    {
        using var folder = new TemporaryFolder();
        string lfw = folder.Write("pairs.txt", "1\t1\nAda\t1\t2\nAda\t1\tBob\t3\n"u8.ToArray()), templates = folder.Write("templates.txt", "1 2 1\n1 3 0\n2 4 1\n2 3 0\n"u8.ToArray());
        CollectionAssert.AreEqual(new FacePair[] { new("Ada/0001.jpg", "Ada/0002.jpg", true, 0), new("Ada/0001.jpg", "Bob/0003.jpg", false, 0) }, FaceEvaluation.LoadPairs(lfw).ToArray());
        CollectionAssert.AreEqual(Catalog.LoadTemplatePairs(templates, folds: 2).ToArray(), FaceEvaluation.LoadTemplatePairs(templates, folds: 2).ToArray());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FaceEvaluation.LoadTemplatePairs(templates, folds: 1));
    }

    [TestMethod]
    public void Faces_ThatCannotBeJudged_AreNamed()
    {
        LabeledEmbedding good = new("a", "Ada", [1, 0]);
        FacePair[] pairs = [new("a", "b", true, 0)];
        foreach ((LabeledEmbedding[] faces, string expected) in new (LabeledEmbedding[], string)[]
        {
            ([good, new("b", "Ada", [0, 0])], "face 1 (from 0), 'b', is zero"),
            ([good, new("b", "Ada", [float.NaN, 0])], "'b'"),
            ([good, new("a", "Ada", [0, 1])], "'a' occurs twice"),
            ([good, new("a", "Bob", [1, 0])], "'a' occurs twice"),
            ([good, new("", "Ada", [0, 1])], "Face 1 (from 0) has no name"),
            ([good, null!], "Face 1 (from 0)"),
            ([good, new("b", "Ada", [1, 0, 0])], "2 and 3 numbers"),
        })
        {
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => FaceEvaluation.EvaluateVerification(faces, pairs)).Message, expected);
        }

        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => FaceEvaluation.EvaluateVerification([good], pairs)).Message, "missing in the list of faces: b");
        Assert.ThrowsExactly<ArgumentException>(() => FaceEvaluation.EvaluateIdentification([good], [good with { Person = "" }]));
        Assert.ThrowsExactly<ArgumentException>(() => FaceEvaluation.CalibrateThreshold([0.5, 2], [("a", "a"), ("a", "b")], 0.1));
        Assert.ThrowsExactly<ArgumentException>(() => FaceEvaluation.CalibrateThreshold([0.5], [], 0.1));
        Assert.ThrowsExactly<ArgumentException>(() => FaceEvaluation.AggregateTemplates([new TemplatePicture("1", [1, 0]) { Quality = -1 }]));
        Assert.ThrowsExactly<ArgumentException>(() => FaceEvaluation.AggregateTemplates([new TemplatePicture("1", [0, 0])]));
        Assert.ThrowsExactly<InvalidOperationException>(() => FaceEvaluation.AggregateTemplates([new TemplatePicture("1", [1, 0]) { Person = "Ada" }, new TemplatePicture("1", [1, 0]) { Person = "Bob" }]));
    }

    [TestMethod]
    public void CalibrateThreshold_PairContradictsThePeople_IsNamed()
    {
        LabeledEmbedding[] faces = Faces();
        FacePair[] pairs = [.. FaceEvaluation.AllPairs(faces, folds: 2).Select((pair, i) => i == 0 ? pair with { IsSamePerson = !pair.IsSamePerson } : pair)];
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => FaceEvaluation.CalibrateThreshold(faces, pairs, 0.1)).Message, pairs[0].First);
    }

    /// <summary>Ten people with five noisy pictures each, of different lengths.</summary>
    private static LabeledEmbedding[] Faces()
    {
        var random = new Random(5);
        float[][] centers = [.. Enumerable.Range(0, 10).Select(_ => Vector(1))];
        return [.. Enumerable.Range(0, 50).Select(i => new LabeledEmbedding($"P{i / 5}/{i % 5}.jpg", $"P{i / 5}", [.. Vector(1.5f).Zip(centers[i / 5], (noise, center) => (1 + (i % 3)) * (noise + center))]))];

        float[] Vector(float scale) => [.. Enumerable.Range(0, 8).Select(_ => scale * (random.NextSingle() - 0.5f))];
    }

    private static double Cosine(LabeledEmbedding[] faces, FacePair pair) =>
        ArcFace.Evaluation.UnitVectors.Cosine(faces.Single(face => face.Image == pair.First).Vector, faces.Single(face => face.Image == pair.Second).Vector);

    private static string PersonOf(string image) => image.Split('/')[0];

    private static string GroupOf(string person) => person[1] < '5' ? "low" : "high";

    private static IDataView View(LabeledEmbedding[] faces) => new MLContext().Data.LoadFromEnumerable(faces.Select((face, i) => new Row
    {
        RelativePath = face.Image, Label = face.Person, Group = GroupOf(face.Person), Embedding = face.Vector, TemplateId = face.Person, MediaId = $"{i % 3}", Quality = 0.5f + (i % 4),
    }).ToArray());

    private static T[] Data<T>(IDataView view, Func<Row, T> of) => [.. new MLContext().Data.CreateEnumerable<Row>(view, reuseRowObject: false, ignoreMissingColumns: true).Select(of)];
}
