using FsCheck;
using FsCheck.Fluent;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class AngleEvaluatorTests
{
    private sealed class Row
    {
        public string Label { get; set; } = "";

        [VectorType(2)]
        public float[] Embedding { get; set; } = [];
    }

    [TestMethod]
    public void Evaluate_AnglesByHand_AreThoseOfTableThree()
    {
        // In the plane, in degrees: Ada at 0 and 20 (mean 10), Bob at 90 and 130 (mean 110), Cleo at 190 (nearest to Bob).
        IDataView data = View(("Ada", 0), ("Ada", 20), ("Bob", 90), ("Bob", 130), ("Cleo", 190));
        ClassCenter[] centers = [Center("Ada", 15), Center("Bob", 100), Center("Dora", 180)];
        AngleMetrics metrics = ViewEvaluation.Angles(new MLContext(), data, centers, "Label", "Embedding");

        Assert.AreEqual((5 + 10) / 2.0, metrics.CenterToMeanDegrees!.Value, 1e-4);
        Assert.AreEqual((85 + 80 + 80) / 3.0, metrics.BetweenCentersDegrees!.Value, 1e-4);
        Assert.AreEqual((10 + 10 + 20 + 20 + 0) / 5.0, metrics.IntraDegrees, 1e-4);
        Assert.AreEqual((100 + 80 + 80) / 3.0, metrics.InterDegrees, 1e-4);
        Assert.AreEqual((20 + 40) / 2.0, metrics.PositivePairAngles.MeanDegrees!.Value, 1e-4);
        Assert.AreEqual(8L, metrics.NegativePairAngles.Total);
        Assert.AreEqual((90 + 130 + 70 + 110 + 170 + 170 + 100 + 60) / 8.0, metrics.NegativePairAngles.MeanDegrees!.Value, 1e-4);
        Assert.AreEqual((15 + 5 + 10 + 30) / 4.0, metrics.OwnCenterAngles!.MeanDegrees!.Value, 1e-4);
        Assert.AreEqual((3, 2, 5), (metrics.PersonCount, metrics.PersonWithCenterCount, metrics.PhotographCount));
        StringAssert.Contains(metrics.ToString(), "W-EC");
    }

    [TestMethod]
    public void Evaluate_WithoutModelOrWithStrangers_HasNoAnglesOfCentres()
    {
        IDataView data = View(("Ada", 0), ("Bob", 90));
        AngleMetrics without = ViewEvaluation.Angles(new MLContext(), data, null, "Label", "Embedding");
        Assert.IsNull(without.CenterToMeanDegrees);
        Assert.IsNull(without.BetweenCentersDegrees);
        Assert.IsNull(without.OwnCenterAngles);
        AngleMetrics strangers = ViewEvaluation.Angles(new MLContext(), data, [Center("Cleo", 0), Center("Dora", 60)], "Label", "Embedding");
        Assert.IsNull(strangers.CenterToMeanDegrees);
        Assert.AreEqual(60, strangers.BetweenCentersDegrees!.Value, 1e-4);
    }

    [TestMethod]
    public void Evaluate_AnyEmbeddings_TurningThemAllChangesNothing() =>
        Prop.ForAll(Gen.Choose(0, 10_000).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            (string, double)[] rows = [.. Enumerable.Range(0, 12).Select(i => ($"person {i % 4}", random.NextDouble() * 360))];
            double turn = random.NextDouble() * 360;
            AngleMetrics one = ViewEvaluation.Angles(new MLContext(), View(rows), null, "Label", "Embedding");
            AngleMetrics other = ViewEvaluation.Angles(new MLContext(), View([.. rows.Select(row => (row.Item1, row.Item2 + turn))]), null, "Label", "Embedding");
            return Math.Abs(one.IntraDegrees - other.IntraDegrees) < 1e-3 && Math.Abs(one.InterDegrees - other.InterDegrees) < 1e-3
                && Math.Abs(one.NegativePairAngles.MeanDegrees!.Value - other.NegativePairAngles.MeanDegrees!.Value) < 1e-3;
        }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void Evaluate_UnusableEmbeddings_AreLeftOut()
    {
        var ml = new MLContext();
        IDataView data = ml.Data.LoadFromEnumerable(new[]
        {
            new Row { Label = "Ada", Embedding = [1, 0] }, new Row { Label = "Bob", Embedding = [0, 2] },
            new Row { Label = "Bob", Embedding = [float.NaN, 0] }, new Row { Label = "", Embedding = [1, 1] },
        });
        AngleMetrics metrics = ml.FaceRecognition().EvaluateAngles(data);
        Assert.AreEqual(2, metrics.PhotographCount);
        Assert.AreEqual(90, metrics.InterDegrees, 1e-4);
    }

    [TestMethod]
    public void EvaluateAngles_BadInput_SaysWhatToDo()
    {
        var ml = new MLContext();
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => faces.EvaluateAngles(View(("Ada", 0)))).Message, "at least 2");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => faces.EvaluateAngles(View(("Ada", 0)), labelColumnName: "zz")).Message, "Could not find input column 'zz'");
        ITransformer other = ml.Transforms.CopyColumns("B", "Label").Fit(View(("Ada", 0)));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => faces.EvaluateAngles(View(("Ada", 0)), other)).Message, "0 face embeddings");
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => ViewEvaluation.Angles(ml, View(("Ada", 0), ("Bob", 9)), [new ClassCenter("Ada", [1, 0, 0])], "Label", "Embedding")).Message,
            "3");
    }

    [TestMethod]
    public void Evaluate_KeyLabels_AreNamedByTheirValues()
    {
        var ml = new MLContext();
        IDataView keyed = ml.Transforms.Conversion.MapValueToKey("Label").Fit(View(("Ada", 0), ("Bob", 50))).Transform(View(("Ada", 0), ("Bob", 50)));
        AngleMetrics metrics = ViewEvaluation.Angles(ml, keyed, [Center("Bob", 57), Center("Ada", 3)], "Label", "Embedding");
        Assert.AreEqual(5, metrics.CenterToMeanDegrees!.Value, 1e-4);
    }

    [TestMethod]
    public void Quantile_KnownAngles_LiesBetweenThem()
    {
        var histogram = new AngleHistogram();
        for (int i = 0; i < 100; i++)
        {
            histogram.Add(i + 0.5);
        }

        Assert.AreEqual(5, histogram.Quantile(0.05), 1e-9);
        Assert.AreEqual(95, histogram.Quantile(0.95), 1e-9);
        Assert.AreEqual(50, histogram.MeanDegrees!.Value, 1e-9);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => histogram.Quantile(double.NaN));
        Assert.IsTrue(double.IsNaN(new AngleHistogram().Quantile(0.5)));
    }

    private static ClassCenter Center(string person, double degrees) => new(person, At(degrees, length: 3));

    private static float[] At(double degrees, double length = 1) =>
        [(float)(length * Math.Cos(degrees * Math.PI / 180)), (float)(length * Math.Sin(degrees * Math.PI / 180))];

    private static IDataView View(params (string Label, double Degrees)[] rows) =>
        new MLContext().Data.LoadFromEnumerable(rows.Select(row => new Row { Label = row.Label, Embedding = At(row.Degrees, length: 2) }));
}
