using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class PairsFileTests
{
    [TestMethod]
    public void Read_TwoFolds_NamesPicturesAndFolds()
    {
        FacePair[] expected =
        [
            new("Ada_Byron/0001.jpg", "Ada_Byron/0012.jpg", true, 0),
            new("Ada_Byron/0003.jpg", "Bob/10000.jpg", false, 0),
            new("Cy/0001.jpg", "Cy/0002.jpg", true, 1),
            new("Cy/0002.jpg", "Bob/0004.jpg", false, 1),
        ];
        CollectionAssert.AreEqual(
            expected,
            Read("2\t1\r\nAda_Byron\t1\t12\r\nAda_Byron\t3\tBob\t10000\r\nCy\t1\t2\r\nCy\t2\tBob\t4\r\n\r\n").ToArray());
    }

    [TestMethod]
    public void Read_OneCountInTheFirstLine_IsOneFold() =>
        CollectionAssert.AreEqual(
            new FacePair[] { new("Ada/0001.jpg", "Ada/0002.jpg", true, 0), new("Ada/0001.jpg", "Bob/0001.jpg", false, 0) },
            Read("1\nAda\t1\t2\nAda\t1\tBob\t1\n").ToArray());

    [TestMethod]
    [DataRow("", "Line 1 of the pairs file is missing")]
    [DataRow("x\ty", "Line 1 of the pairs file is 'x\ty'; expected the number of folds (1 to 10000)")]
    [DataRow("0\t5", "Line 1")]
    [DataRow("-3", "Line 1")]
    [DataRow("99999999999\t1", "Line 1")]
    [DataRow("1\t1\t1", "Line 1")]
    [DataRow("1\t1\nAda\t1\n", "Line 2 of the pairs file is 'Ada\t1'; expected name, tab, number, tab, number")]
    [DataRow("1\t1\nAda\t1\tBob\t2\n", "Line 2")]
    [DataRow("1\t1\n\t1\t2\n", "Line 2")]
    [DataRow("1\t1\nAda\t1\t-2\n", "in place of '-2'")]
    [DataRow("1\t1\nAda\t7\t7\nAda\t1\tBob\t1\n", "Line 2 of the pairs file is 'Ada\t7\t7'; expected two different pictures")]
    [DataRow("1\t1\nAda\t1\t2\nAda\t1\tAda\t3\n", "Line 3 of the pairs file is 'Ada\t1\tAda\t3'; expected two different names")]
    [DataRow("1\t1\nAda\t1\t2\nAda\t1\tBob\tx\n", "Line 3")]
    [DataRow("1\t1\nAda\t1\t2\nAda\t1\t3\n", "Line 3")]
    [DataRow("1\t1\nAda\t1\t2\n", "Line 3 of the pairs file is missing")]
    [DataRow("10000\t10000000\nAda\t1\t2\n", "Line 3 of the pairs file is missing")]
    [DataRow("1\t1\nAda\t1\t2\nAda\t1\tBob\t1\nBob\t1\t2\n", "Line 4 of the pairs file is 'Bob\t1\t2'; expected the end of the file")]
    public void Read_MalformedPairs_NamesTheLine(string text, string expected)
    {
        var exception = Assert.ThrowsExactly<PairsFileException>(() => Read(text));
        StringAssert.Contains(exception.Message, expected);
        StringAssert.StartsWith(exception.Message, $"Line {exception.LineNumber} of the pairs file is ");
        StringAssert.Contains(exception.Message, exception.Value);
        StringAssert.EndsWith(exception.Message, $"expected {exception.Expectation}.");
    }

    [TestMethod]
    public void Read_NoPairsFileAtAll_ShowsTheStartOfItsLineOnly()
    {
        var exception = Assert.ThrowsExactly<PairsFileException>(() => Read(new string('x', 100_000)));
        Assert.IsLessThan(300, exception.Message.Length);
    }

    [TestMethod]
    [DataRow("1;1\nAda;1;2\nAda;1;Bob;1\n", DisplayName = "semicolons")]
    [DataRow("1,1,\nAda,1,2,\nAda,1,Bob,1\n", DisplayName = "commas, and one at the end")]
    [DataRow("1 1\nAda 1  2\nAda 1 Bob 1\n", DisplayName = "spaces")]
    public void Read_OtherSeparators_AreFoundOut(string text) =>
        CollectionAssert.AreEqual(new FacePair[] { new("Ada/0001.jpg", "Ada/0002.jpg", true, 0), new("Ada/0001.jpg", "Bob/0001.jpg", false, 0) }, Read(text).ToArray());

    [TestMethod]
    public void Read_NamesInTwoUnicodeForms_AreOneName()
    {
        CollectionAssert.AreEqual(
            new FacePair[] { new("Jos\u00E9/0001.jpg", "Jos\u00E9/0002.jpg", true, 0), new("Jos\u00E9/0001.jpg", "Bob/0001.jpg", false, 0) }, Read("1\nJose\u0301\t1\t2\nJos\u00E9\t1\tBob\t1\n").ToArray());
        Assert.Contains("two different names", Assert.ThrowsExactly<PairsFileException>(() => Read("1\nAda\t1\t2\nJose\u0301\t1\tJos\u00E9\t2\n")).Message);
    }

    [TestMethod]
    public void LoadPairs_Latin1_IsRefusedOrReadByTheEncoding()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("pairs.txt", System.Text.Encoding.Latin1.GetBytes("1\nRen\u00E9\t1\t2\nRen\u00E9\t1\tBob\t1\n"));
        FaceRecognitionCatalog faces = new MLContext().FaceRecognition();
        var error = Assert.ThrowsExactly<PairsFileException>(() => faces.LoadPairs(file));
        Assert.AreEqual(2, error.LineNumber);
        Assert.Contains("E9, at byte 5 of the file", error.Message);
        Assert.AreEqual("Ren\u00E9/0001.jpg", faces.LoadPairs(file, encoding: System.Text.Encoding.Latin1)[0].First);
    }

    [TestMethod]
    public void Read_AbsentFile_SaysSo() =>
        Assert.ThrowsExactly<FileNotFoundException>(() => PairsFile.Read(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())));

    [TestMethod]
    public void Read_PicturePattern_NamesPicturesAsLfwDoes() =>
        CollectionAssert.AreEqual(
            new FacePair[] { new("Ada/Ada_0001.jpg", "Ada/Ada_0002.jpg", true, 0), new("Ada/Ada_0001.jpg", "Bob/Bob_0001.jpg", false, 0) },
            Read("1\nAda\t1\t2\nAda\t1\tBob\t1\n", "{0}/{0}_{1:0000}.jpg").ToArray());

    [TestMethod]
    [DataRow("{0}.jpg")]
    [DataRow("{1}.jpg")]
    [DataRow("{0}/{1}/{2}.jpg")]
    [DataRow("{0/{1}.jpg")]
    [DataRow(" ")]
    public void Read_PatternThatMixesPicturesUp_IsRefused(string pattern)
    {
        var exception = Assert.ThrowsExactly<ArgumentException>(() => Read("1\nAda\t1\t2\nAda\t1\tBob\t1\n", pattern));
        Assert.AreEqual("picturePattern", exception.ParamName);
    }

    [TestMethod]
    [RequiresFaceData("lfw112/test_pairs.txt", "lfw112/test")]
    public void Read_RealPairs_NamePicturesThatExist()
    {
        IReadOnlyList<FacePair> pairs = PairsFile.Read(TestData.PathOf("lfw112/test_pairs.txt"));

        Assert.IsNotEmpty(pairs);
        foreach (IGrouping<int, FacePair> fold in pairs.GroupBy(pair => pair.Fold))
        {
            Assert.AreEqual(fold.Count(pair => pair.IsSamePerson), fold.Count(pair => !pair.IsSamePerson), $"fold {fold.Key}");
        }

        Assert.IsEmpty(pairs.SelectMany(pair => new[] { pair.First, pair.Second })
            .Where(picture => !File.Exists(TestData.PathOf("lfw112/test/" + picture))));
    }

    private static IReadOnlyList<FacePair> Read(string text, string picturePattern = PairsFile.DefaultPicturePattern)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            return PairsFile.Read(file, picturePattern);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
