using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>What holds for every gallery of a model of this library, whose embeddings say that it made them.</summary>
internal static class GalleryOfAModel
{
    /// <summary>Opens a gallery, empty at first, for models of <see cref="GalleryVectors.Size"/> numbers.</summary>
    public static async Task CheckAsync(Func<FaceGalleryModel, Task<IFaceGallery>> open)
    {
        var ml = new MLContext();
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        using FaceEmbeddingTransformer model = FaceEmbeddingTransformerTests.Create(), other = FaceEmbeddingTransformerTests.Create(addMirrorImage: true);
        long alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using Picture ada = new(1), bob = new(2);
        IDataView pictures = ml.Data.LoadFromEnumerable([ada, bob]), ofModel = model.Transform(pictures);
        float[][] vectors = [.. ofModel.GetColumn<float[]>("Embedding")];

        // Before anything is awaited: libtorch's tensors are counted for each thread.
        Assert.AreEqual(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        IDataView bare = ml.Data.LoadFromEnumerable([new Row { Label = "cleo", Embedding = vectors[0] }]);
        await using (IFaceGallery gallery = await open(faces.GetGalleryModel(model)))
        {
            Assert.AreEqual(new EnrollmentSummary(2, 2, 0), await gallery.EnrollFromAsync(ofModel));
            Assert.AreEqual(2, (await gallery.EnrollFromAsync(model.WithThreshold(Thresholds.Of(0.4)).Transform(pictures))).AlreadyThereCount, "A copy with a threshold is the same model.");
            Assert.AreEqual("2", (await gallery.SearchAsync(new FaceEmbedding(vectors[1], model.Fingerprint)))[0].PersonId);
            Assert.AreEqual("1", (await gallery.SearchAsync(gallery.Model.Embedding(vectors[0])))[0].PersonId);
            foreach (Func<Task> use in new Func<Task>[]
            {
                () => gallery.EnrollFromAsync(other.Transform(pictures)), () => gallery.SearchAsync(new FaceEmbedding(vectors[0], other.Fingerprint)),
                () => gallery.IdentifyAsync(new FaceEmbedding(vectors[0], other.Fingerprint)),
            })
            {
                var error = await Assert.ThrowsExactlyAsync<FaceGalleryException>(use);
                Assert.AreEqual(FaceGalleryProblem.OtherModel, error.Problem);
                Assert.Contains(model.Fingerprint[..12], error.Message);
                Assert.Contains(other.Fingerprint[..12], error.Message);
            }

            foreach (Func<Task> use in new Func<Task>[]
            {
                () => gallery.EnrollFromAsync(bare), () => gallery.EnrollAsync([new FaceToEnroll("cleo", vectors[0])]), () => gallery.SearchAsync(vectors[0]), () => gallery.IdentifyAsync(vectors[0]),
                () => gallery.ReplacePhotographsAsync("1", [new FaceToEnroll("1", vectors[1])]),
            })
            {
                await Assert.ThrowsExactlyAsync<ArgumentException>(use);
            }

            Assert.AreEqual(2, await gallery.CountVectorsAsync());
        }

        await using (IFaceGallery again = await open(faces.GetGalleryModel(model)))
        {
            Assert.AreEqual(2, await again.CountVectorsAsync());
        }

        var refused = await Assert.ThrowsExactlyAsync<FaceGalleryException>(() => open(faces.GetGalleryModel(other)));
        Assert.AreEqual(FaceGalleryProblem.OtherModel, refused.Problem);
        Assert.Contains(model.Fingerprint, refused.Message);
        Assert.Contains(other.Fingerprint, refused.Message);
    }

    private sealed class Picture : IDisposable
    {
        public Picture(int seed)
        {
            byte[] pixels = new byte[112 * 112 * 4];
            new Random(seed).NextBytes(pixels);
            (Label, Image) = ($"{seed}", MLImage.CreateFromPixels(112, 112, MLPixelFormat.Rgba32, pixels));
        }

        public string Label { get; }

        [ImageType(112, 112)]
        public MLImage Image { get; }

        public void Dispose() => Image.Dispose();
    }

    private sealed class Row
    {
        public string Label { get; set; } = "";

        [VectorType(GalleryVectors.Size)]
        public float[] Embedding { get; set; } = [];
    }
}
