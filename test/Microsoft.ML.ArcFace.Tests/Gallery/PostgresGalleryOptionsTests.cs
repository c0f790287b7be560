using Microsoft.ML.ArcFace.Postgres;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

[TestClass]
public class PostgresGalleryOptionsTests
{
    [TestMethod]
    public async Task Open_OptionsOutOfRange_AreReportedAtOnce()
    {
        var options = new PostgresGalleryOptions { Schema = "faces; DROP TABLE person", CandidateCount = 0, IndexNeighbourCount = 1, IndexCandidateCount = 1 };
        string message = (await Assert.ThrowsExactlyAsync<ArgumentOutOfRangeException>(() => PostgresFaceGallery.OpenAsync("Host=/nowhere", GalleryVectors.TestModel, options))).Message;
        foreach (string name in new[] { "Schema", "CandidateCount is 0", "IndexNeighborCount", "IndexCandidateCount is 1" })
        {
            StringAssert.Contains(message, name);
        }

        message = (await Assert.ThrowsExactlyAsync<ArgumentOutOfRangeException>(() => PostgresFaceGallery.OpenAsync("Host=/nowhere", GalleryVectors.TestModel with { EmbeddingSize = 5000 }))).Message;
        StringAssert.Contains(message, "up to 4000");
    }

    [TestMethod]
    public void ToString_Options_SaysEachUnderOneName()
    {
        var options = new PostgresGalleryOptions { IndexNeighbourCount = 20, SearchExactly = true, CosineThreshold = 0.5 };
        Assert.AreEqual(
            "PostgresGalleryOptions { CosineThreshold = 0.5, AmbiguityMargin = 0.05, Schema = faces, CandidateCount = 200, IndexNeighborCount = 20, IndexCandidateCount = 128, SearchExactly = True }",
            options.ToString());
        Assert.AreEqual(options, options with { IndexNeighborCount = 20 });
    }
}
