using Microsoft.ML.ArcFace.Tests.TestSupport;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Data;

[TestClass]
public class PhotographCheckTests
{
    private static readonly byte[] Readable = EncodedImages.Gradient(20, 30, SKEncodedImageFormat.Png);

    [TestMethod]
    public void CheckPhotographs_AllReadable_CountsThem()
    {
        using var folder = new TemporaryFolder();
        folder.Write("ada/1.png", Readable);
        folder.Write("ada/2.png", Readable);
        folder.Write("bob/1.png", Readable);
        FaceRecognitionCatalog faces = new MLContext().FaceRecognition();

        Assert.AreEqual(3, faces.CheckPhotographs(faces.LoadFromFolder(folder.FullName)));
    }

    [TestMethod]
    public void CheckPhotographs_SomeDamaged_CountsAllAndNamesTheFirstFive()
    {
        using var folder = new TemporaryFolder();
        folder.Write("ada/0.png", Readable);
        string[] damaged = [.. Enumerable.Range(1, 7).Select(number => folder.Write($"ada/{number}.png", Readable[..60]))];
        FaceRecognitionCatalog faces = new MLContext().FaceRecognition();
        IDataView data = faces.LoadFromFolder(folder.FullName);

        InvalidOperationException error = Assert.ThrowsExactly<InvalidOperationException>(() => faces.CheckPhotographs(data));

        StringAssert.Contains(error.Message, "7 of 8 photographs");
        foreach (string file in damaged[..5])
        {
            StringAssert.Contains(error.Message, file);
        }

        Assert.IsFalse(error.Message.Contains(damaged[5], StringComparison.Ordinal));
        StringAssert.Contains(error.Message, "And 2 more.");
    }

    [TestMethod]
    public void CheckPhotographs_NoRows_IsAnError()
    {
        using var folder = new TemporaryFolder();
        folder.Write("ada/1.png", Readable);
        var ml = new MLContext();
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        IDataView none = ml.Data.SkipRows(faces.LoadFromFolder(folder.FullName), 1);

        InvalidOperationException error = Assert.ThrowsExactly<InvalidOperationException>(() => faces.CheckPhotographs(none));

        StringAssert.Contains(error.Message, "no photographs");
    }
}
