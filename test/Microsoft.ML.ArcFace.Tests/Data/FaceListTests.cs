using System.Text;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Data;

[TestClass]
public class FaceListTests
{
    private static readonly MLContext Ml = new(seed: 1);

    [TestMethod]
    [DataRow("l.csv", "a/1.jpg,Ada\nb/1.jpg,Bob\n", DisplayName = "comma")]
    [DataRow("l.tsv", "a/1.jpg\tAda\r\nb/1.jpg\tBob", DisplayName = "tab, no last line end")]
    [DataRow("l.csv", "Label,Path\nAda,a/1.jpg\n\nBob,b/1.jpg\n", DisplayName = "named columns, empty line")]
    [DataRow("l.csv", "\"a/1.jpg\",\"Ada\"\n\"b/1.jpg\",Bob,0.9\n", DisplayName = "quotation marks, a further field")]
    public void LoadFromList_EveryForm_GivesPathsAndPeople(string name, string text)
    {
        using var folder = new TemporaryFolder();
        IDataView view = Ml.FaceRecognition().LoadFromList(folder.Write(name, Encoding.UTF8.GetBytes(text)));
        CollectionAssert.AreEqual(new[] { "Ada", "Bob" }, view.GetColumn<string>("Label").ToArray());
        CollectionAssert.AreEqual(new[] { "a/1.jpg", "b/1.jpg" }, view.GetColumn<string>("RelativePath").ToArray());
        Assert.AreEqual(Path.Combine(folder.FullName, "a/1.jpg"), view.GetColumn<string>("ImagePath").First());
        Assert.AreEqual(2, view.GetRowCount());
    }

    [TestMethod]
    public void LoadFromList_QuotedCommaAndQuote_StayInTheName()
    {
        FaceFile[] files = FaceList.Read(new StringReader("\"a,1.jpg\",\"Ada \"\"A\"\" B\"\n"), "l.csv", ',', "root");
        Assert.AreEqual(("a,1.jpg", "Ada \"A\" B"), (files[0].RelativePath, files[0].Label));
    }

    [TestMethod]
    [DataRow("a.jpg\n", "Line 1 of 'l.csv' has 1 fields")]
    [DataRow("a.jpg,Ada\n,Bob\n", "Line 2")]
    [DataRow("\"a.jpg,Ada\n", "without its counterpart")]
    [DataRow("", "names no photographs")]
    [DataRow("path,label\n", "names no photographs")]
    public void LoadFromList_ImproperLine_NamesIt(string text, string message) =>
        StringAssert.Contains(Assert.ThrowsExactly<FaceDataFormatException>(() => FaceList.Read(new StringReader(text), "l.csv", ',', "root")).Message, message);

    [TestMethod]
    public void Read_FileWithoutLineEnds_IsNotReadWhole()
    {
        var error = Assert.ThrowsExactly<FaceDataFormatException>(() => FaceList.Read(new StringReader(new string('x', 1 << 20)), "l.csv", ',', "root"));
        StringAssert.Contains(error.Message, "longer than 16384");
    }
}
