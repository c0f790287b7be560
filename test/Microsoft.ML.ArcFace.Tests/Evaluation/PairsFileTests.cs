using Microsoft.ML.ArcFace.Evaluation;

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
    [DataRow("1\t1\nAda\t1\t2\nAda\t1\tBob\tx\n", "Line 3")]
    [DataRow("1\t1\nAda\t1\t2\nAda\t1\t3\n", "Line 3")]
    [DataRow("1\t1\nAda\t1\t2\n", "Line 3 of the pairs file is missing")]
    [DataRow("10000\t10000000\nAda\t1\t2\n", "Line 3 of the pairs file is missing")]
    [DataRow("1\t1\nAda\t1\t2\nAda\t1\tBob\t1\nBob\t1\t2\n", "Line 4 of the pairs file is 'Bob\t1\t2'; expected the end of the file")]
    public void Read_MalformedPairs_NamesTheLine(string text, string expected)
    {
        var exception = Assert.ThrowsExactly<FormatException>(() => Read(text));
        StringAssert.Contains(exception.Message, expected);
    }

    [TestMethod]
    public void Read_NoPairsFileAtAll_ShowsTheStartOfItsLineOnly()
    {
        var exception = Assert.ThrowsExactly<FormatException>(() => Read(new string('x', 100_000)));
        Assert.IsLessThan(300, exception.Message.Length);
    }

    [TestMethod]
    public void Read_AbsentFile_SaysSo() =>
        Assert.ThrowsExactly<FileNotFoundException>(() => PairsFile.Read(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())));

    private static IReadOnlyList<FacePair> Read(string text)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            return PairsFile.Read(file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
