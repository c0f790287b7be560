using System.Diagnostics;
using Microsoft.ML.ArcFace.Gallery;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using static Microsoft.ML.ArcFace.Tests.Gallery.GalleryVectors;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>One gallery has a file for itself, however many processes, links and handles ask for it.</summary>
[TestClass]
public class GallerySharingTests
{
    private readonly TemporaryFolder _folder = new();

    private string PathOfGallery => Path.Combine(_folder.FullName, "people.gallery");

    [TestCleanup]
    public void RemoveFolder() => _folder.Dispose();

    [TestMethod]
    public void Open_SixteenProcessesAtOnce_OneMakesItAndHasIt()
    {
        const int processes = 16;
        Process[] children = [.. Enumerable.Range(0, processes).Select(_ =>
        {
            ProcessStartInfo start = ChildProgram.StartInfo(OneOpening.Name, PathOfGallery);
            start.RedirectStandardInput = true;
            return Process.Start(start)!;
        })];
        string?[] answers = [.. children.Select(child => child.StandardOutput.ReadLine())];
        foreach (Process child in children)
        {
            child.StandardInput.Close();
            child.WaitForExit();
            child.Dispose();
        }

        Assert.AreEqual(1, answers.Count(answer => answer == "opened"), string.Join(", ", answers));
        Assert.AreEqual(processes - 1, answers.Count(answer => answer == nameof(FaceGalleryProblem.InUse)), string.Join(", ", answers));
        CollectionAssert.AreEqual(new[] { PathOfGallery }, Directory.GetFiles(_folder.FullName));
        using FaceGallery gallery = Open(PathOfGallery);
        Assert.AreEqual(0, gallery.PersonCount);
    }

    [TestMethod]
    public void Write_ManyAtOnce_OneMakesTheFileAndNobodyReplacesIt()
    {
        const int writers = 8, rounds = 40;
        for (int round = 0; round < rounds; round++)
        {
            string path = $"{PathOfGallery}-{round}";
            using var start = new Barrier(writers);
            int written = 0, refused = 0;
            Thread[] threads = [.. Enumerable.Range(0, writers).Select(writer => new Thread(() =>
            {
                try
                {
                    WholeDatabase.Write(path, overwrite: false, connection =>
                    {
                        GallerySchema.Execute(connection, $"CREATE TABLE written (by_{writer})");

                        // All of them are about to take the place.
                        start.SignalAndWait();
                    });
                    Interlocked.Increment(ref written);
                }
                catch (IOException)
                {
                    Interlocked.Increment(ref refused);
                }
            }))];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());

            Assert.AreEqual((1, writers - 1), (written, refused));
        }
    }

    [TestMethod]
    public void Open_ByALink_IsTheSameGallery()
    {
        string link = Path.Combine(_folder.FullName, "link.gallery"), dangling = Path.Combine(_folder.FullName, "dangling.gallery"), made = Path.Combine(_folder.FullName, "made.gallery");
        File.CreateSymbolicLink(link, PathOfGallery);
        using (FaceGallery gallery = Open(PathOfGallery))
        {
            gallery.Enroll("ada", At(0));
            Assert.AreEqual(FaceGalleryProblem.InUse, Assert.ThrowsExactly<FaceGalleryException>(() => Open(link)).Problem);
            Assert.AreEqual(FaceGalleryProblem.InUse, Assert.ThrowsExactly<FaceGalleryException>(() => Open(PathOfGallery)).Problem);
            Assert.AreEqual(FaceGalleryProblem.InUse, Assert.ThrowsExactly<FaceGalleryException>(() => Open(link, new FaceGalleryOptions { ReadOnly = true })).Problem);
            gallery.Enroll("bob", At(90));
        }

        using (FaceGallery linked = Open(link))
        {
            linked.Enroll("cleo", At(180));
        }

        using FaceGallery again = Open(PathOfGallery);
        Assert.AreEqual(3, again.PersonCount);

        // A link whose file is not there yet: the file is made, and the link stays one.
        File.CreateSymbolicLink(dangling, made);
        Open(dangling).Dispose();
        Assert.IsTrue(File.Exists(made));
        Assert.IsNotNull(new FileInfo(dangling).LinkTarget);
    }
}
