using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Tests.Names;

[TestClass]
public class CountedTests
{
    [TestMethod]
    [DataRow(0, "0 epochs", "0 people"), DataRow(1, "1 epoch", "1 person"), DataRow(2545, "2,545 epochs", "2,545 people")]
    public void Of_AnyNumber_HasTheNameOfOneOrOfSeveral(long count, string epochs, string people)
    {
        Assert.AreEqual(epochs, Counted.Of(count, "epoch"));
        Assert.AreEqual(people, Counted.People(count));
    }
}
