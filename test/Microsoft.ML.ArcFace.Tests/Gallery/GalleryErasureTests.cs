using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using static Microsoft.ML.ArcFace.Tests.Gallery.GalleryVectors;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>An erasure that a full disk prevents is made up for; meanwhile the gallery opens and serves.</summary>
[TestClass]
public class GalleryErasureTests
{
    [TestMethod]
    public void Remove_OnAFullDisk_ServesOpensAndErasesWhenThereIsRoom()
    {
        const int photographs = 600, size = 512, roomForOneChange = 400_000;
        using var folder = new TemporaryFolder();
        using SmallDisk disk = SmallDisk.Mount(Path.Combine(folder.FullName, "disk"), megabytes: 8);
        string path = Path.Combine(disk.Folder, "people.gallery");
        var random = new Random(1);
        float[][] vectors = [.. Enumerable.Range(0, photographs).Select(_ => UnitVectors.Normalized(Random(random, size)))];
        var ml = new MLContext();
        List<string> warnings = LoggedWarnings.Of(ml);
        FaceGallery OpenIt() => ml.FaceRecognition().CreateGalleryFor(TestModel with { EmbeddingSize = size }, path, new FaceGalleryOptions { CosineThreshold = 0.5 });
        using (FaceGallery gallery = OpenIt())
        {
            gallery.Enroll([.. vectors.Select((vector, i) => new FaceToEnroll($"person {i}", vector))]);
        }

        using (FaceGallery gallery = OpenIt())
        {
            disk.FillBut(roomForOneChange);
            var error = Assert.ThrowsExactly<FaceGalleryException>(() => gallery.Remove("person 7"));
            StringAssert.Contains(error.Message, "its bytes are still in the file");
            Assert.IsTrue(gallery.IsErasurePending);
            Assert.IsNull(gallery.Find("person 7"));
            Assert.AreEqual("person 8", gallery.Identify(vectors[8]).Person!.PersonId);
        }

        warnings.Clear();
        using (FaceGallery gallery = OpenIt())
        {
            StringAssert.Contains(warnings.Single(), "its bytes are still in the file");
            Assert.AreEqual((true, false, photographs - 1, "person 8"), (gallery.IsErasurePending, gallery.IsReadOnly, gallery.PhotographCount, gallery.Identify(vectors[8]).Person!.PersonId));
            Assert.AreEqual(IdentificationOutcome.Unknown, gallery.Identify(vectors[7]).Outcome);
            disk.Free();
            gallery.Enroll("new", Random(random, size));
            Assert.IsFalse(gallery.IsErasurePending, "It is tried again with the next change.");
            Assert.IsFalse(Contains(AllBytes(path), MemoryMarshal.AsBytes(vectors[7].AsSpan(0, 8))));
        }

        using FaceGallery last = OpenIt();
        Assert.AreEqual(photographs, last.PhotographCount);
    }
}
