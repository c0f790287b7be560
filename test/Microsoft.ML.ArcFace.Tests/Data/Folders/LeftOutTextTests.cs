using Microsoft.ML.ArcFace.Data.Folders;

namespace Microsoft.ML.ArcFace.Tests.Data.Folders;

[TestClass]
public class LeftOutTextTests
{
    [TestMethod]
    public void Of_MoreKindsThanLines_NamesTheOthersInTheLastOne()
    {
        LeftOutFiles[] endings = [.. Enumerable.Range(0, 10).Select(kind => new LeftOutFiles(LeftOutReason.OtherEnding, $".x{kind}", 1, [$"a.x{kind}"]))];
        string text = LeftOutText.Of("people", [.. endings, new LeftOutFiles(LeftOutReason.Link, "", 2, ["Ada", "Bob"]), new LeftOutFiles(LeftOutReason.Unreadable, "", 1, ["Eve"])]);

        string[] lines = text.Split(Environment.NewLine);
        Assert.HasCount(12, lines);
        Assert.AreEqual("  and 3 more: 2 links to folders, or to nothing; 1 unreadable", lines[^1]);
    }

    [TestMethod]
    [DataRow(LeftOutReason.Link, 1, "1 file or folder is left out:", "1 link to a folder, or to nothing (a): ")]
    [DataRow(LeftOutReason.Link, 2, "2 files or folders are left out:", "2 links to folders, or to nothing (a, …): ")]
    [DataRow(LeftOutReason.OutsideOfPeople, 1, "1 file or folder is left out:", "1 photograph outside of a person's folder (a): ")]
    [DataRow(LeftOutReason.EmptyFolder, 1, "1 file or folder is left out:", "1 folder without a photograph (a): ")]
    [DataRow(LeftOutReason.EmptyFolder, 3, "3 files or folders are left out:", "3 folders without a photograph (a, …): ")]
    public void Of_OneOrSeveral_IsGrammatical(LeftOutReason reason, int count, string first, string second)
    {
        string[] lines = LeftOutText.Of("people", [new LeftOutFiles(reason, "", count, ["a"])]).Split(Environment.NewLine);
        Assert.AreEqual($"'people': {first}", lines[0]);
        Assert.StartsWith($"  {second}", lines[1]);
    }
}
