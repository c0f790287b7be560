using System.Text;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Data.Lists;
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
        FaceFile[] files = Read("\"a,1.jpg\",\"Ada \"\"A\"\" B\"\n");
        Assert.AreEqual(("a,1.jpg", "Ada \"A\" B"), (files[0].RelativePath, files[0].Label));
    }

    [TestMethod]
    [DataRow("a.jpg\n", "Line 1 of 'l.csv' has 1 field; due are a path and a label")]
    [DataRow("a.jpg,Ada\n,Bob\n", "Line 2")]
    [DataRow("\"a.jpg,Ada\n", "without its counterpart")]
    [DataRow("", "names no photographs")]
    [DataRow("path,label\n", "names no photographs")]
    public void LoadFromList_ImproperLine_NamesIt(string text, string message) =>
        StringAssert.Contains(Assert.ThrowsExactly<FaceDataFormatException>(() => Read(text)).Message, message);

    [TestMethod]
    public void Read_FileWithoutLineEnds_IsNotReadWhole()
    {
        var error = Assert.ThrowsExactly<FaceDataFormatException>(() => Read(new string('x', 1 << 20)));
        StringAssert.Contains(error.Message, "longer than 16384");
    }

    [TestMethod]
    [DataRow("a/1.jpg;Ada\nb/1.jpg;Bob\n", DisplayName = "semicolons")]
    [DataRow("path;label\na/1.jpg;Ada\nb/1.jpg;Bob\n", DisplayName = "semicolons under names")]
    [DataRow("a/1.jpg\tAda\nb/1.jpg\tBob\n", DisplayName = "tabs in a .csv")]
    [DataRow("a\\1.jpg,Ada\nb\\1.jpg,Bob\n", DisplayName = "Windows paths")]
    [DataRow("a/1.jpg,Ada\rb/1.jpg,Bob\r", DisplayName = "line ends of an old Mac")]
    public void LoadFromList_SeparatorsOfOtherPrograms_AreFoundOut(string text)
    {
        using var folder = new TemporaryFolder();
        folder.Write("a/1.jpg", [1]);
        folder.Write("b/1.jpg", [1]);
        IDataView view = Ml.FaceRecognition().LoadFromList(folder.Write("l.csv", Encoding.UTF8.GetBytes(text)));
        CollectionAssert.AreEqual(new[] { "Ada", "Bob" }, view.GetColumn<string>("Label").ToArray());
        CollectionAssert.AreEqual(new[] { "a/1.jpg", "b/1.jpg" }, view.GetColumn<string>("RelativePath").ToArray());
        Assert.IsTrue(view.GetColumn<string>("ImagePath").All(File.Exists));
    }

    [TestMethod]
    [DataRow("1\ta/1.jpg\t0\n1\tb/1.jpg\t17\n", "0", "17", DisplayName = "InsightFace")]
    [DataRow("1\ta/1.jpg\t0\t1\t2\t3\t4\n0\tb/1.jpg\t17\n", "0", "17", DisplayName = "InsightFace, with landmarks and an unaligned photograph")]
    [DataRow("0\t0.000000\ta/1.jpg\n1\t17.000000\tb/1.jpg\n", "0", "17", DisplayName = "im2rec")]
    [DataRow("7\t3\t0.5\ta/1.jpg\n9\t4\t0.5\tb/1.jpg\n", "3", "4", DisplayName = "im2rec with two labels")]
    [DataRow("a/1.jpg;Byron, Ada\nb/1.jpg;Lovelace, Ada\n", "Byron, Ada", "Lovelace, Ada", DisplayName = "commas within names")]
    [DataRow("a/1.jpg,1;2\nb/1.jpg,3;4\n", "1;2", "3;4", DisplayName = "semicolons within names")]
    [DataRow("a/1.jpg\tthe \"King\"\nb/1.jpg\t\"quoted\"\n", "the \"King\"", "quoted", DisplayName = "quotation marks between tabs")]
    public void Read_Layout_IsFoundOut(string text, string first, string second)
    {
        FaceFile[] files = Read(text);
        CollectionAssert.AreEqual(new[] { "a/1.jpg", "b/1.jpg" }, files.Select(file => file.RelativePath).ToArray());
        CollectionAssert.AreEqual(new[] { first, second }, files.Select(file => file.Label).ToArray());
    }

    [TestMethod]
    [DataRow("Ada,a/1.jpg\n", "Line 1 of 'l.csv' is 'Ada,a/1.jpg', which does not begin with a path; due are", DisplayName = "label first")]
    [DataRow("5,a/1.jpg,Ada\n", "does not begin with a path", DisplayName = "a number first")]
    [DataRow("photo id,who\na/1.jpg,Ada\n", "is 'photo id,who', which does not begin with a path", DisplayName = "names that are not known")]
    [DataRow("1\ta/1.jpg\t0\n1\tb/1.jpg\n", "InsightFace's .lst (1, path, number of the person)", DisplayName = "InsightFace's without a person")]
    public void Read_OtherLayout_IsRefusedWithTheOneThatIsDue(string text, string message) =>
        StringAssert.Contains(Assert.ThrowsExactly<FaceDataFormatException>(() => Read(text)).Message, message);


    [TestMethod]
    public void LoadFromList_BytesThatAreNotUtf8_AreRefusedOrReadByTheEncoding()
    {
        using var folder = new TemporaryFolder();
        string list = folder.Write("l.csv", Encoding.Latin1.GetBytes("a/1.jpg,Ada\na/2.jpg,Ren\u00E9\n"));
        string message = Assert.ThrowsExactly<FaceDataFormatException>(() => Ml.FaceRecognition().LoadFromList(list)).Message;
        Assert.Contains("Line 2", message);
        Assert.Contains("E9, at byte 23 of the file", message);
        Assert.Contains("--encoding latin1", message);
        CollectionAssert.AreEqual(new[] { "Ada", "Ren\u00E9" }, Ml.FaceRecognition().LoadFromList(list, encoding: Encoding.Latin1).GetColumn<string>("Label").ToArray());
    }

    [TestMethod]
    public void LoadFromList_Utf16AndUtf8WithMarks_AreReadByThem()
    {
        using var folder = new TemporaryFolder();
        foreach (Encoding encoding in new[] { Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32, new UTF8Encoding(true) })
        {
            string list = folder.Write("l.csv", [.. encoding.GetPreamble(), .. encoding.GetBytes("path,label\na/1.jpg,Ren\u00E9 \u6797\n")]);
            Assert.AreEqual("Ren\u00E9 \u6797", Ml.FaceRecognition().LoadFromList(list).GetColumn<string>("Label").Single());
        }

        string unmarked = folder.Write("l.csv", Encoding.Unicode.GetBytes("a/1.jpg,Ada\n"));
        Assert.Contains("UTF-16 without its mark", Assert.ThrowsExactly<FaceDataFormatException>(() => Ml.FaceRecognition().LoadFromList(unmarked)).Message);
        Assert.AreEqual("Ada", Ml.FaceRecognition().LoadFromList(unmarked, encoding: Encoding.Unicode).GetColumn<string>("Label").Single());
    }

    [TestMethod]
    public void LoadFromList_PathInTheOtherUnicodeForm_IsFound()
    {
        using var folder = new TemporaryFolder();
        folder.Write("Jose\u0301/e\u0301.jpg", [1]);
        folder.Write("Zoe\u0308/1.jpg", [1]);
        string list = folder.Write("l.csv", Encoding.UTF8.GetBytes("Jos\u00E9/\u00E9.jpg,Jos\u00E9\nJose\u0301/e\u0301.jpg,Jose\u0301\nZo\u00EB\\1.jpg,Zo\u00EB\n\u00E9/absent.jpg,x\n"));
        IDataView view = Ml.FaceRecognition().LoadFromList(list);
        CollectionAssert.AreEqual(new[] { true, true, true, false }, view.GetColumn<string>("ImagePath").Select(File.Exists).ToArray());
        CollectionAssert.AreEqual(new[] { "Jos\u00E9", "Jos\u00E9", "Zo\u00EB", "x" }, view.GetColumn<string>("Label").ToArray());
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void LoadFromList_BackslashInAFilesName_StaysWhereThereIsSuchAFile()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("a\\1.jpg", [1]);
        Assert.AreEqual(file, Ml.FaceRecognition().LoadFromList(folder.Write("l.csv", "a\\1.jpg,Ada\n"u8.ToArray())).GetColumn<string>("ImagePath").Single());
    }

    private static FaceFile[] Read(string text) => FaceList.Read(new StringReader(text), "l.csv", new ListedPaths("root"), out _);
}
