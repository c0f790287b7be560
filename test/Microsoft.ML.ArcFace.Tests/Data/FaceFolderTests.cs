using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Data;

[TestClass]
public class FaceFolderTests
{
    [TestMethod]
    public void Load_Tree_ListsPhotographsInOrdinalOrder()
    {
        using var folder = new TemporaryFolder();
        foreach (string path in new[] { "b/2.png", "b/1.JPG", "B c/x.webp", "a/deep/er/3.bmp", "a/1.jpeg", "a/notes.txt", "a/.hidden.jpg", "a/.cache/4.jpg", ".thumbnails/5.jpg" })
        {
            folder.Write(path, [1]);
        }

        IDataView view = new MLContext().FaceRecognition().LoadFromFolder(folder.FullName);

        CollectionAssert.AreEqual(
            new[] { "B c/x.webp", "a/1.jpeg", "a/deep/er/3.bmp", "b/1.JPG", "b/2.png" }, Column(view, "RelativePath"));
        CollectionAssert.AreEqual(new[] { "B c", "a", "a", "b", "b" }, Column(view, "Label"));
        Assert.IsTrue(Column(view, "ImagePath").All(File.Exists));
        CollectionAssert.AreEqual(new[] { "ImagePath", "Label", "RelativePath" }, view.Schema.Select(column => column.Name).ToArray());
        Assert.IsTrue(view.Schema.All(column => column.Type is TextDataViewType));
    }

    [TestMethod]
    public void Load_RelativePathOfTheFolder_GivesPathsThatOpen()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a/1.jpg", [1]);
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, folder.FullName);
        IDataView view = new MLContext().FaceRecognition().LoadFromFolder(relative + Path.DirectorySeparatorChar);
        Assert.IsTrue(File.Exists(Column(view, "ImagePath").Single()));
        Assert.AreEqual("a/1.jpg", Column(view, "RelativePath").Single());
    }

    [TestMethod]
    public void Load_View_CanBeShuffled()
    {
        using var folder = new TemporaryFolder();
        for (int i = 0; i < 50; i++)
        {
            folder.Write($"a/{i:000}.jpg", [1]);
        }

        var ml = new MLContext(seed: 1);
        IDataView view = ml.FaceRecognition().LoadFromFolder(folder.FullName);

        Assert.IsTrue(view.CanShuffle);
        Assert.AreEqual(50, view.GetRowCount());
        string[] shuffled = Column(ml.Data.ShuffleRows(view, seed: 3), "RelativePath");
        CollectionAssert.AreNotEqual(Column(view, "RelativePath"), shuffled);
        CollectionAssert.AreEquivalent(Column(view, "RelativePath"), shuffled);
    }

    [TestMethod]
    public void Load_LinksInACircle_ListsEachPhotographOnce()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a/1.jpg", [1]);
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(folder.FullName, "a", "again"), Path.Combine(folder.FullName, "a"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Assert.Inconclusive($"This user may not make links: {error.Message}");
        }

        CollectionAssert.AreEqual(new[] { "a/1.jpg" }, Column(new MLContext().FaceRecognition().LoadFromFolder(folder.FullName), "RelativePath"));
    }

    [TestMethod]
    public void Load_PhotographsOutsideOfPeopleAndEmptyPeople_WarnsOfBoth()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a/1.jpg", [1]);
        folder.Write("stray.jpg", [1]);
        folder.Write("empty/readme.txt", [1]);
        var warnings = new List<string>();
        var ml = new MLContext();
        ml.Log += (_, entry) => warnings.Add(entry.RawMessage);

        ml.FaceRecognition().LoadFromFolder(folder.FullName);

        string warning = warnings.Single(line => line.Contains("are left out"));
        Assert.Contains("1 folder without a photograph (empty)", warning);
        Assert.Contains("1 photograph outside of a person's folder (stray.jpg)", warning);
        Assert.IsTrue(warnings.Any(line => line.Contains("1 photograph of 1 person")));
    }

    [TestMethod]
    public void Load_AbsentFolder_NamesIt()
    {
        using var folder = new TemporaryFolder();
        string absent = Path.Combine(folder.FullName, "absent");
        var error = Assert.ThrowsExactly<DirectoryNotFoundException>(() => new MLContext().FaceRecognition().LoadFromFolder(absent));
        Assert.Contains($"The folder '{absent}' does not exist", error.Message);
        Assert.Contains("Give a folder that holds one folder a person", error.Message);
    }

    [TestMethod]
    public void Load_File_SaysThatItIsOne()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("1.jpg", [1]);
        Assert.Contains("is a file", Assert.ThrowsExactly<DirectoryNotFoundException>(() => new MLContext().FaceRecognition().LoadFromFolder(file)).Message);
    }

    [TestMethod]
    [DataRow(new string[0], "it has 0 folders, none with a photograph, and 0 photographs that lie in it directly")]
    [DataRow(new[] { "a/readme.txt", "b/x.gif" }, "it has 2 folders, none with a photograph, and 0 photographs")]
    [DataRow(new[] { "1.jpg", "2.PNG", "readme.txt" }, "it has 0 folders, none with a photograph, and 2 photographs that lie in it directly")]
    public void Load_NoPhotographsOfPeople_SaysWhatIsThereInstead(string[] files, string found)
    {
        using var folder = new TemporaryFolder();
        foreach (string file in files)
        {
            folder.Write(file, [1]);
        }

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => new MLContext().FaceRecognition().LoadFromFolder(folder.FullName));
        Assert.Contains(found, error.Message);
        Assert.Contains("Give a folder that holds one folder a person", error.Message);
    }

    private static string[] Column(IDataView view, string name) => [.. view.GetColumn<string>(name)];
}
