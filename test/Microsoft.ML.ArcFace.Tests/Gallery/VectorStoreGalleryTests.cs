using Microsoft.Extensions.VectorData;
using static Microsoft.ML.ArcFace.Tests.Gallery.GalleryVectors;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

[TestClass]
public class VectorStoreGalleryTests
{
    private static readonly FaceRecognitionCatalog Faces = new MLContext().FaceRecognition();
    private static readonly IdentificationOptions Options = new() { CosineThreshold = 0.5 };

    [TestMethod]
    public async Task Gallery_WithGuidKeys_DoesWhatEveryGalleryDoes()
    {
        await using IFaceGallery gallery = await Faces.OpenGalleryAsync(TestModel, new MemoryCollection<Guid>(), Options);
        await GalleryContract.CheckAsync(gallery);
    }

    [TestMethod]
    public async Task Gallery_WithTextKeys_DoesWhatEveryGalleryDoes()
    {
        await using IFaceGallery gallery = await Faces.OpenGalleryAsync(TestModel, new MemoryCollection<string>(), Options);
        await GalleryContract.CheckAsync(gallery);
    }

    [TestMethod]
    public async Task Gallery_OfAModelOfTheLibrary_TakesItsEmbeddingsAlone()
    {
        using var collection = new MemoryCollection<Guid>();
        await GalleryOfAModel.CheckAsync(model => Faces.OpenGalleryAsync(model, collection, Options));
    }

    [TestMethod]
    public async Task Search_ManyPeople_RanksExactlyWhatTheStoreFindsRoundly()
    {
        using var collection = new MemoryCollection<Guid>();
        await using IFaceGallery gallery = await Faces.OpenGalleryAsync(TestModel, collection, Options);
        await gallery.EnrollAsync([.. Enumerable.Range(0, 40).Select(i => new FaceToEnroll($"{i}", At(i * 0.3)))]);
        IReadOnlyList<FaceCandidate> nearest = await gallery.SearchAsync(At(0), 4);
        CollectionAssert.AreEqual(new[] { "0", "1", "2", "3" }, nearest.Select(person => person.PersonId).ToArray());
    }

    [TestMethod]
    public async Task Enroll_StoreThatFailsHalfway_KeepsNothing()
    {
        using var collection = new MemoryCollection<Guid>();
        await using IFaceGallery gallery = await Faces.OpenGalleryAsync(TestModel, collection, Options);
        await gallery.EnrollAsync([new FaceToEnroll("ada", At(0))]);
        collection.FailsAfter = 1;
        await Assert.ThrowsExactlyAsync<VectorStoreException>(() => gallery.EnrollAsync([new FaceToEnroll("bob", At(0)), new FaceToEnroll("bob", At(5))]));
        Assert.AreEqual((1, 1), (collection.Count, await gallery.CountVectorsAsync()));
    }

    [TestMethod]
    public async Task Open_MoreThanAPageOfRecords_CountsAll()
    {
        using var collection = new MemoryCollection<Guid>();
        await using (IFaceGallery first = await Faces.OpenGalleryAsync(TestModel, collection, Options))
        {
            await first.EnrollAsync([.. Enumerable.Range(0, 2000).Select(i => new FaceToEnroll($"{i % 7}", At(i)))]);
        }

        await using IFaceGallery again = await Faces.OpenGalleryAsync(TestModel, collection, Options);
        Assert.AreEqual(2000, await again.CountVectorsAsync());
        Assert.IsTrue(await again.RemoveAsync("3"));
        Assert.AreEqual(collection.Count, await again.CountVectorsAsync());
    }

    [TestMethod]
    public async Task Open_AnotherModelOrKey_IsRefused()
    {
        using var collection = new MemoryCollection<Guid>();
        await using IFaceGallery gallery = await Faces.OpenGalleryAsync(TestModel, collection, Options);
        await gallery.EnrollAsync([new FaceToEnroll("ada", At(0))]);
        var error = await Assert.ThrowsExactlyAsync<FaceGalleryException>(() => Faces.OpenGalleryAsync(TestModel with { Fingerprint = "another" }, collection, Options));
        Assert.AreEqual(FaceGalleryProblem.OtherModel, error.Problem);
        await Assert.ThrowsExactlyAsync<NotSupportedException>(() => Faces.OpenGalleryAsync(TestModel, new MemoryCollection<int>(), Options));
        await Assert.ThrowsExactlyAsync<ArgumentOutOfRangeException>(() => Faces.OpenGalleryAsync(TestModel, collection, new IdentificationOptions { AmbiguityMargin = -1 }));
    }

    [TestMethod]
    public void CreateDefinition_OfRecords_NamesKeyVectorAndIndexes()
    {
        VectorStoreCollectionDefinition definition = FaceVectorRecord<string>.CreateDefinition(512, IndexKind.Hnsw);
        Assert.AreEqual(typeof(string), definition.Properties.OfType<VectorStoreKeyProperty>().Single().Type);
        VectorStoreVectorProperty vector = definition.Properties.OfType<VectorStoreVectorProperty>().Single();
        Assert.AreEqual((512, DistanceFunction.CosineSimilarity, IndexKind.Hnsw), (vector.Dimensions, vector.DistanceFunction, vector.IndexKind));
        CollectionAssert.AreEquivalent(
            typeof(FaceVectorRecord<string>).GetProperties().Select(property => property.Name).ToArray(), definition.Properties.Select(property => property.Name).ToArray());
    }
}
