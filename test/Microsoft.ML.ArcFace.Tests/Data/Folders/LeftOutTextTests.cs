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
}
