using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class CalibrateThresholdTests
{
    private static readonly MLContext Ml = new(seed: 1);
    private static readonly FaceRecognitionCatalog Faces = Ml.FaceRecognition();

    private sealed class Row
    {
        public string RelativePath { get; set; } = "";

        public string Label { get; set; } = "";

        [VectorType(8)]
        public float[] Embedding { get; set; } = [];
    }

    [TestMethod]
    public void CalibrateThreshold_View_KeepsTheRateOnItsPairs()
    {
        IDataView data = View(People(12, pictures: 3));
        IReadOnlyList<FacePair> pairs = Faces.AllPairs(data);
        VerificationThreshold threshold = Faces.CalibrateThreshold(data, pairs, 0.05);

        Assert.AreEqual((12, 36, 594), (threshold.PersonCount, threshold.GenuinePairCount, threshold.ImpostorPairCount));
        VerificationMetrics metrics = Faces.EvaluateVerification(data, pairs);
        RocPoint point = metrics.RocCurve.Where(roc => roc.FalseAcceptRate <= 0.05).MaxBy(roc => roc.FalseAcceptRate);
        Assert.AreEqual(point.FalseAcceptRate, threshold.FalseMatchRate, 1e-12);
        Assert.AreEqual(point.TrueAcceptRate, 1 - threshold.FalseNonMatchRate, 1e-12);
        Assert.IsTrue(threshold.LowerCosine <= threshold.Cosine && threshold.Cosine <= threshold.UpperCosine && threshold.LowerCosine < threshold.UpperCosine);
        StringAssert.Contains(threshold.ToString(), "FMR at most 0.05");
    }

    [TestMethod]
    public void CalibrateThreshold_LabelsAsKeys_GiveTheSame()
    {
        IDataView data = View(People(12, pictures: 3));
        IDataView keyed = Ml.Transforms.Conversion.MapValueToKey("Label").Fit(data).Transform(data);
        IReadOnlyList<FacePair> pairs = Faces.AllPairs(data);
        Assert.AreEqual(Faces.CalibrateThreshold(data, pairs, 0.05), Faces.CalibrateThreshold(keyed, pairs, 0.05));
    }

    [TestMethod]
    public void CalibrateThreshold_EverybodyInOnePlace_Warns()
    {
        var ml = new MLContext(seed: 1);
        var warnings = new List<string>();
        ml.Log += (_, line) => warnings.Add(line.Message);
        List<Row> rows = People(12, pictures: 3);
        ml.FaceRecognition().CalibrateThreshold(View(rows), Faces.AllPairs(View(rows)), 0.05);
        Assert.IsFalse(warnings.Any(line => line.Contains("hardly tells anybody apart", StringComparison.Ordinal)));

        // As after a training that learned nothing: the same direction for all, but for a thousandth.
        rows.ForEach(row => row.Embedding = [.. row.Embedding.Select((value, i) => (i == 0 ? 1 : 0) + (0.001f * value))]);
        VerificationThreshold threshold = ml.FaceRecognition().CalibrateThreshold(View(rows), Faces.AllPairs(View(rows)), 0.05);
        Assert.IsGreaterThan(0.999, threshold.Cosine);
        Assert.IsTrue(warnings.Any(line => line.Contains("hardly tells anybody apart", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void CalibrateThreshold_UnfitData_SaysWhatIsWrong()
    {
        List<Row> rows = People(6, pictures: 2);
        IReadOnlyList<FacePair> pairs = Faces.AllPairs(View(rows), folds: 2);
        Error("10/rate = 1000", View(rows), pairs, 0.01);
        Error("is said to show different people, but the labels are 'P0' and 'P0'", View(rows), [.. pairs, new("P0/0", "P0/1", IsSamePerson: false, Fold: 0)], 0.2);
        Error("P0/9", View(rows), [.. pairs, new("P0/9", "P0/1", IsSamePerson: true, Fold: 0)], 0.2);
        rows[3].Label = "";
        Error("'P1/1' has no label", View(rows), pairs, 0.2);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Faces.CalibrateThreshold(View(rows), pairs, 0.2, labelColumnName: "zz"));

        static void Error(string expected, IDataView data, IReadOnlyList<FacePair> pairs, double rate) =>
            StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Faces.CalibrateThreshold(data, pairs, rate)).Message, expected);
    }

    private static IDataView View(List<Row> rows) => Ml.Data.LoadFromEnumerable(rows);

    private static List<Row> People(int people, int pictures)
    {
        var random = new Random(2);
        var rows = new List<Row>();
        for (int person = 0; person < people; person++)
        {
            float[] centre = Vector();
            for (int picture = 0; picture < pictures; picture++)
            {
                rows.Add(new Row { RelativePath = $"P{person}/{picture}", Label = $"P{person}", Embedding = [.. centre.Zip(Vector(), (a, b) => a + (0.4f * b))] });
            }
        }

        return rows;

        float[] Vector() => [.. Enumerable.Range(0, 8).Select(_ => (float)(random.NextDouble() - 0.5))];
    }
}
