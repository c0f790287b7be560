using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class PictureEmbeddingsTests
{
    private static readonly FacePair[] Pairs =
    [
        new("Ada/0001.jpg", "Ada/0002.jpg", true, 0),
        new("Ada/0001.jpg", "Bob/0001.jpg", false, 0),
        new("Bob/0001.jpg", "Bob/0002.jpg", true, 1),
        new("Ada/0002.jpg", "Bob/0002.jpg", false, 1),
    ];

    [TestMethod]
    public void EvaluateVerification_RowsInAnyOrder_FindsPicturesByTheirPath()
    {
        VerificationMetrics metrics = Evaluate(Pairs, [.. Rows().Reverse(), new Row("Cy/0001.jpg", [0, 0])]);

        Assert.AreEqual(1, metrics.Accuracy);
        Assert.AreEqual(2, metrics.GenuinePairCount);
        Assert.AreEqual(2, metrics.ImpostorPairCount);
    }

    [TestMethod]
    public void EvaluateVerification_SameRowTwice_CountsItOnce() => Assert.AreEqual(1, Evaluate(Pairs, [.. Rows(), .. Rows()]).Accuracy);

    [TestMethod]
    public void EvaluateVerification_TwoPicturesOfOneName_Refuses()
    {
        var exception = Assert.ThrowsExactly<InvalidOperationException>(() => Evaluate(Pairs, [.. Rows(), new Row("Ada/0002.jpg", [0.5f, 0.5f])]));
        StringAssert.Contains(exception.Message, "'Ada/0002.jpg' twice");
    }

    [TestMethod]
    public void EvaluateVerification_AbsentPictures_CountsThemAndNamesTheFirst()
    {
        FacePair[] pairs = [.. Pairs, .. Enumerable.Range(1, 9).Select(i => new FacePair("Ada/0001.jpg", $"Eve/000{i}.jpg", false, 0))];
        var exception = Assert.ThrowsExactly<InvalidOperationException>(() => Evaluate(pairs, Rows()));
        StringAssert.Contains(exception.Message, "9 of the 13 pictures");
        StringAssert.Contains(exception.Message, "Eve/0001.jpg, Eve/0002.jpg, Eve/0003.jpg, …");
    }

    [TestMethod]
    [DataRow(0f)]
    [DataRow(float.NaN)]
    public void EvaluateVerification_UnreadablePicture_IsNamed(float value)
    {
        var exception = Assert.ThrowsExactly<InvalidOperationException>(
            () => Evaluate(Pairs, [.. Rows().Select(row => row.RelativePath == "Bob/0002.jpg" ? new Row(row.RelativePath, [value, value]) : row)]));
        StringAssert.Contains(exception.Message, "1 of the 4 pictures");
        StringAssert.Contains(exception.Message, "Bob/0002.jpg");
    }

    [TestMethod]
    [DataRow("Vector", "RelativePath", "Could not find input column 'Vector'")]
    [DataRow("Embedding", "Path", "Could not find input column 'Path'")]
    [DataRow("RelativePath", "RelativePath", "Vector<Single>")]
    [DataRow("Embedding", "Embedding", "expected String")]
    public void EvaluateVerification_ColumnAbsentOrOfAnotherKind_SaysSoInTheWordsOfMLNet(string embedding, string image, string expected)
    {
        var context = new MLContext();
        var exception = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => ViewEvaluation.Verification(context, context.Data.LoadFromEnumerable(Rows()), Pairs, embedding, image));
        StringAssert.Contains(exception.Message, expected);
    }

    [TestMethod]
    public void EvaluateVerification_NullPair_Refuses() => Assert.ThrowsExactly<ArgumentException>(() => Evaluate([null!], Rows()));

    [TestMethod]
    public void EvaluateVerification_NoPairs_SaysWhatItTakes() => Assert.ThrowsExactly<InvalidOperationException>(() => Evaluate([], Rows()));

    [TestMethod]
    public void EvaluateVerification_FoldOfOneKind_IsRefusedBeforeAnythingIsEmbedded()
    {
        FacePair[] pairs = [.. Pairs.Select(pair => pair with { Fold = pair.IsSamePerson ? 0 : 1 })];
        IEnumerable<Row> rows = Enumerable.Range(0, 4).Select<int, Row>(_ => throw new AssertFailedException("No row may be read."));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Evaluate(pairs, rows)).Message, "2 of 2 folds hold pairs of one kind only");
    }

    private static VerificationMetrics Evaluate(IEnumerable<FacePair> pairs, IEnumerable<Row> rows)
    {
        var context = new MLContext();
        return ViewEvaluation.Verification(context, context.Data.LoadFromEnumerable(rows), pairs, nameof(Row.Embedding), nameof(Row.RelativePath));
    }

    private static Row[] Rows() =>
        [new("Ada/0001.jpg", [1, 0]), new("Ada/0002.jpg", [0.9f, 0.1f]), new("Bob/0001.jpg", [0, 1]), new("Bob/0002.jpg", [0.1f, 0.9f])];

    private sealed class Row(string relativePath, float[] embedding)
    {
        public string RelativePath { get; } = relativePath;

        [VectorType(2)]
        public float[] Embedding { get; } = embedding;
    }
}
