using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Training;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Tests.Training;

[TestClass]
public class TrainingFacesTests
{
    private const int Rows = 1300;

    private sealed class Face
    {
        [VectorType(FaceTensor.ByteCount)]
        public float[] Image { get; set; } = [];

        public string Label { get; set; } = "";
    }

    /// <summary>Kept in memory, and read again through a pool that is smaller than the set.</summary>
    [TestMethod]
    [DataRow(long.MaxValue)]
    [DataRow(0L)]
    public void Shuffled_AnyCache_GivesEveryFaceOnceInAnOrderOfTheSeed(long cacheBytes)
    {
        var ml = new MLContext(seed: 1);
        IHost host = ((IHostEnvironment)ml).Register(nameof(TrainingFacesTests));
        using IChannel channel = host.Start("test");
        TrainingFaces faces = TrainingFaces.Read(host, channel, ml.Data.LoadFromEnumerable(Stream()), new ArcFaceTrainer.Options { ImageCacheBytes = cacheBytes }.Setup, WorkObserver.None);
        Assert.AreEqual(Rows, faces.Count);
        Assert.AreEqual(cacheBytes > 0, faces.Cached is not null);

        int[] first = Order(1), again = Order(1), second = Order(2);
        CollectionAssert.AreEqual(first, again);
        CollectionAssert.AreNotEqual(first, second);
        CollectionAssert.AreEqual(Enumerable.Range(0, Rows).ToArray(), first.Order().ToArray());
        CollectionAssert.AreEqual(Enumerable.Range(0, Rows).ToArray(), second.Order().ToArray());

        // The number of a row stands in its first two bytes; its label must have come with it.
        int[] Order(int seed) => [.. faces.Shuffled(seed).Select(face =>
        {
            int row = (face.Pixels[0] * 256) + face.Pixels[1];
            Assert.AreEqual(row % 4, face.Label);
            return row;
        })];
    }

    /// <summary>Rows made one at a time: neither the test nor the view holds them.</summary>
    private static IEnumerable<Face> Stream()
    {
        var face = new Face { Image = new float[FaceTensor.ByteCount] };
        for (int row = 0; row < Rows; row++)
        {
            // Planar: the red and the green of the first pixel.
            (face.Image[0], face.Image[FaceTensor.Size * FaceTensor.Size]) = (row / 256, row % 256);
            face.Label = $"{row % 4}";
            yield return face;
        }
    }
}
