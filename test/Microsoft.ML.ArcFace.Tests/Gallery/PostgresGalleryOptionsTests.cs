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
}
