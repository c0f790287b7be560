using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class PictureLabelsTests
{
    private readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void AllPairs_View_PairsItsPicturesByLabel()
    {
        IReadOnlyList<FacePair> pairs = _ml.FaceRecognition().AllPairs(View("Ada/1", "Ada/2", "Ada/3", "Bob/1"), folds: 3);

        Assert.HasCount(6, pairs);
        Assert.AreEqual(3, pairs.Count(pair => pair.IsSamePerson));
        Assert.IsTrue(pairs.All(pair => pair.IsSamePerson == (pair.First[..3] == pair.Second[..3])));
    }

    [TestMethod]
    public void AllPairs_MissingColumn_IsMLNetsError()
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.FaceRecognition().AllPairs(View("Ada/1"), labelColumnName: "zz"));
        StringAssert.Contains(error.Message, "Could not find input column 'zz'");
    }

    [TestMethod]
    public void AllPairs_LabelOfAnotherKind_IsMLNetsError()
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.FaceRecognition().AllPairs(View("Ada/1"), labelColumnName: "Quality"));
        StringAssert.Contains(error.Message, "Schema mismatch for input column 'Quality': expected String, got Single");
    }

    private IDataView View(params string[] paths) =>
        _ml.Data.LoadFromEnumerable(paths.Select(path => new { RelativePath = path, Label = path[..3], Quality = 1f }));
}
