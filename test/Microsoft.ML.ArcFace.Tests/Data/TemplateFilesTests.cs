using System.Text;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Data.Lists;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Data;

/// <summary>The lists of IJB: pictures of templates, their landmarks, subjects, and pairs of templates.</summary>
[TestClass]
public class TemplateFilesTests
{
    private const string List = "1.jpg 1 69544\n2.jpg 1 69544\r\n3.jpg 20 7\n";
    private const string Landmarks = "1.jpg 1 2 3 4 5 6 7 8 9 10 0.5\n2.jpg 1.5 2 3 4 5 6 7 8 9 -10 0.25\n3.jpg 0 0 0 0 0 0 0 0 0 0 1\n";
    private const string Subjects = "TEMPLATE_ID,SUBJECT_ID,FILENAME\n1,s1,img/1.jpg\n1,s1,img/2.jpg\n";

    private static readonly FaceRecognitionCatalog Faces = new MLContext(seed: 1).FaceRecognition();

    [TestMethod]
    public void LoadFromTemplateList_EveryFile_GivesWhatTheyHold()
    {
        using var folder = new TemporaryFolder();
        IDataView view = Faces.LoadFromTemplateList(
            Write(folder, "list.txt", List), "crops", Write(folder, "landmarks.txt", Landmarks), Write(folder, "gallery.csv", Subjects));

        CollectionAssert.AreEqual(new[] { "1.jpg", "2.jpg" }, view.GetColumn<string>("RelativePath").ToArray());
        CollectionAssert.AreEqual(new[] { Path.Combine("crops", "1.jpg"), Path.Combine("crops", "2.jpg") }, view.GetColumn<string>("ImagePath").ToArray());
        CollectionAssert.AreEqual(new[] { "1", "1" }, view.GetColumn<string>("TemplateId").ToArray());
        CollectionAssert.AreEqual(new[] { "69544", "69544" }, view.GetColumn<string>("MediaId").ToArray());
        CollectionAssert.AreEqual(new[] { "s1", "s1" }, view.GetColumn<string>("Label").ToArray());
        CollectionAssert.AreEqual(new[] { 0.5f, 0.25f }, view.GetColumn<float>("Quality").ToArray());
        CollectionAssert.AreEqual(new[] { 1.5f, 2, 3, 4, 5, 6, 7, 8, 9, -10 }, view.GetColumn<float[]>("Landmarks").Last());
        Assert.AreEqual(10, ((VectorDataViewType)view.Schema["Landmarks"].Type).Size);
    }

    [TestMethod]
    public void LoadFromTemplateList_ListAlone_HasNoOtherColumns()
    {
        using var folder = new TemporaryFolder();
        IDataView view = Faces.LoadFromTemplateList(Write(folder, "list.txt", List));
        CollectionAssert.AreEqual(new[] { "ImagePath", "RelativePath", "TemplateId", "MediaId" }, view.Schema.Select(column => column.Name).ToArray());
        Assert.AreEqual(3L, view.GetRowCount());
        Assert.AreEqual(Path.Combine(folder.FullName, "1.jpg"), view.GetColumn<string>("ImagePath").First());
        Assert.ThrowsExactly<FileNotFoundException>(() => Faces.LoadFromTemplateList(Path.Combine(folder.FullName, "absent.txt")));
    }

    [TestMethod]
    [DataRow("1.jpg 1\n", null, null, "Line 1 of 'list' is not a picture, a template id and a media id")]
    [DataRow("\n", null, null, "names no pictures")]
    [DataRow(List, "1.jpg 1 2 3 4 5 6 7 8 9 10 0.5\n", null, "Line 2 of 'points' is missing")]
    [DataRow("1.jpg 1 1\n", Landmarks, null, "Line 2 of 'points' has no counterpart")]
    [DataRow("1.jpg 1 1\n", "2.jpg 1 2 3 4 5 6 7 8 9 10 0.5\n", null, "of another picture than line 1 of 'list'")]
    [DataRow("1.jpg 1 1\n", "1.jpg 1 2 3 4 5 6 7 8 9 10\n", null, "Line 1 of 'points' is not a picture, x and y")]
    [DataRow("1.jpg 1 1\n", "1.jpg 1 2 3 4 5 6 7 8 9 NaN 0.5\n", null, "Line 1 of 'points' is not a picture, x and y")]
    [DataRow("1.jpg 1 1\n", "1.jpg 1 2 3 4 5 6 7 8 9 10 -0.5\n", null, "a score of 0 or more")]
    [DataRow(List, null, "T,S\n5,s5\n", "names no pictures of the templates asked for")]
    [DataRow(List, null, "T,S\n1,s1\n5,s5\n", "no pictures of template '5'")]
    [DataRow(List, null, "T,S\n1\n", "Line 2 of 'subjects' is not a template id")]
    [DataRow(List, null, "T,S\n1,s1\n1,s2\n", "Line 3 of 'subjects' gives template '1' a second subject")]
    public void Read_ImproperLine_NamesIt(string list, string? landmarks, string? subjects, string expected)
    {
        var error = Assert.ThrowsExactly<FaceDataFormatException>(() => TemplateList.Read(
            new StringReader(list), "list", landmarks is null ? null : new StringReader(landmarks), "points",
            subjects is null ? null : TemplateList.ReadSubjects(new StringReader(subjects), "subjects"), new ListedPaths("root")));
        StringAssert.Contains(error.Message, expected);
    }

    [TestMethod]
    public void LoadTemplatePairs_TwoFolds_ShareBothKinds()
    {
        using var folder = new TemporaryFolder();
        IReadOnlyList<FacePair> pairs = Faces.LoadTemplatePairs(Write(folder, "pairs.txt", "1 2 1\n3 4 1\n1 3 0\n\n1 4 0\n2 3 0\n2 4 0\n"), folds: 2);

        CollectionAssert.AreEqual(
            new FacePair[] { new("1", "2", true, 0), new("3", "4", true, 1), new("1", "3", false, 0), new("1", "4", false, 0), new("2", "3", false, 1), new("2", "4", false, 1) },
            pairs.ToArray());
        Assert.AreEqual(pairs[3], pairs.ElementAt(3));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Faces.LoadTemplatePairs(Path.Combine(folder.FullName, "pairs.txt"), folds: 1));
    }

    [TestMethod]
    [DataRow("1 2\n", "Line 1 of 'pairs' is not two template ids")]
    [DataRow("1 2 2\n", "Line 1 of 'pairs' is not two template ids")]
    [DataRow("1 2 1\n7 7 1\n", "Line 2 of 'pairs' compares a template with itself")]
    [DataRow("1 2 1\n1 3 0\n", "has 1 pairs of the same person and 1 of different people; 2 folds")]
    [DataRow("", "has 0 pairs")]
    public void ReadPairs_ImproperLine_NamesIt(string text, string expected) =>
        StringAssert.Contains(Assert.ThrowsExactly<FaceDataFormatException>(() => TemplatePairs.Read(new StringReader(text), "pairs", 2)).Message, expected);

    private static string Write(TemporaryFolder folder, string name, string text) => folder.Write(name, Encoding.UTF8.GetBytes(text));
}
