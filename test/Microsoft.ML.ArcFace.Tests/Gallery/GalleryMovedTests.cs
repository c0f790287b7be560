using Microsoft.ML.ArcFace.Tests.TestSupport;
using static Microsoft.ML.ArcFace.Tests.Gallery.GalleryVectors;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>A file that is moved or removed while it is open takes no change that would be lost with it.</summary>
[TestClass]
[OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
public class GalleryMovedTests
{
    private readonly TemporaryFolder _folder = new();

    private string PathOfGallery => Path.Combine(_folder.FullName, "people.gallery");

    private string Log => PathOfGallery + "-wal";

    private string Elsewhere => Path.Combine(_folder.FullName, "elsewhere.gallery");

    [TestCleanup]
    public void RemoveFolder() => _folder.Dispose();

    [TestMethod]
    public void Change_FileRemoved_IsRefusedAndTheRestCanBeSaved()
    {
        using (FaceGallery gallery = WithAda())
        {
            File.Delete(PathOfGallery);
            File.Delete(Log);
            IsRefused(gallery, "moved or removed since it was opened.", Log, nameof(FaceGallery.BackupTo));
            gallery.BackupTo(Elsewhere);
        }

        CollectionAssert.AreEqual(new[] { Elsewhere }, Directory.GetFiles(_folder.FullName));
        HasPeople(Elsewhere, "ada");
    }

    [TestMethod]
    public void Change_FileMoved_IsRefusedUntilItIsBack()
    {
        using (FaceGallery gallery = WithAda())
        {
            File.Move(PathOfGallery, Elsewhere);
            IsRefused(gallery, "moved or removed since it was opened.");
            File.Move(Elsewhere, PathOfGallery);
            gallery.ThrowIfMoved();
            gallery.Enroll("bob", At(40));
        }

        HasPeople(PathOfGallery, "ada", "bob");
    }

    [TestMethod]
    public void Change_AnotherFileInItsPlace_IsRefusedAndLeavesThatAlone()
    {
        byte[] other = [1, 2, 3];
        using (FaceGallery gallery = WithAda())
        {
            File.WriteAllBytes(Elsewhere, other);
            File.Move(Elsewhere, PathOfGallery, overwrite: true);
            IsRefused(gallery, "another one is in its place");
        }

        CollectionAssert.AreEqual(other, File.ReadAllBytes(PathOfGallery));
    }

    [TestMethod]
    public void Change_LinkLedToAnotherFile_IsRefused()
    {
        string link = Path.Combine(_folder.FullName, "link.gallery");
        WithAda().Dispose();
        Open(Elsewhere).Dispose();
        File.CreateSymbolicLink(link, PathOfGallery);
        using FaceGallery gallery = Open(link);
        gallery.Enroll("bob", At(40));
        File.Delete(link);
        File.CreateSymbolicLink(link, Elsewhere);
        IsRefused(gallery, "another one is in its place");
    }

    [TestMethod]
    public void Change_LogRemoved_IsRefusedAndClosingKeepsWhatWasInIt()
    {
        using (FaceGallery gallery = WithAda())
        {
            File.Delete(Log);
            IsRefused(gallery, "The log", Log);
        }

        HasPeople(PathOfGallery, "ada");
    }

    [TestMethod]
    public void Change_NothingMoved_IsMadeAfterErasuresToo()
    {
        using (FaceGallery gallery = WithAda())
        {
            for (int turn = 0; turn < 3; turn++)
            {
                gallery.Enroll("bob", At(40 + turn));
                gallery.Remove("bob");
                gallery.ThrowIfMoved();
            }
        }

        HasPeople(PathOfGallery, "ada");
    }

    private FaceGallery WithAda()
    {
        FaceGallery gallery = Open(PathOfGallery);
        gallery.Enroll("ada", At(0));
        gallery.ThrowIfMoved();
        return gallery;
    }

    /// <summary>Every kind of change, and the question for it, is refused for the same reason; searches go on.</summary>
    private void IsRefused(FaceGallery gallery, params string[] said)
    {
        string person = gallery.GetPeople()[0].Id, photograph = gallery.Find(person)!.Photographs[0].Id;
        int people = gallery.PersonCount;
        Action[] changes =
        [
            gallery.ThrowIfMoved, () => gallery.Enroll("eve", At(80)), () => gallery.Rename(person, "Another"), () => gallery.Remove(person),
            () => gallery.RemovePhotograph(photograph), () => gallery.ReplacePhotographs(person, [new FaceToEnroll(person, At(3))]),
        ];
        foreach (Action change in changes)
        {
            var error = Assert.ThrowsExactly<FaceGalleryException>(change);
            Assert.AreEqual(FaceGalleryProblem.Unreachable, error.Problem);
            foreach (string text in said.Append(gallery.Path!))
            {
                StringAssert.Contains(error.Message, text);
            }
        }

        Assert.AreEqual(people, gallery.PersonCount);
        Assert.IsFalse(gallery.IsErasurePending);
        Assert.AreEqual(person, gallery.Identify(new FaceEmbedding(At(0), TestModel.Fingerprint)).Person?.PersonId);
    }

    private static void HasPeople(string path, params string[] ids)
    {
        using FaceGallery gallery = Open(path);
        CollectionAssert.AreEqual(ids, gallery.GetPeople().Select(person => person.Id).ToArray());
    }
}
