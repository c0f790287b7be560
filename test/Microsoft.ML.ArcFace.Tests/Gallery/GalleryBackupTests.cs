using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using static Microsoft.ML.ArcFace.Tests.Gallery.GalleryVectors;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>Copies of galleries: whole, of open ones too, and never in the place of something else unless that is said.</summary>
[TestClass]
public class GalleryBackupTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly FaceRecognitionCatalog Faces = new MLContext().FaceRecognition();

    private readonly TemporaryFolder _folder = new();

    private string PathOfGallery => Path.Combine(_folder.FullName, "people.gallery");

    [TestCleanup]
    public void RemoveFolder() => _folder.Dispose();

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void BackupTo_OpenGallery_HasAllThatWasAcknowledged(bool encrypted)
    {
        var options = new FaceGalleryOptions { EncryptionKey = encrypted ? Key : null };
        string copy = Path.Combine(_folder.FullName, "copies", "people.backup");
        using FaceGallery gallery = Open(PathOfGallery, options);
        gallery.Enroll([new FaceToEnroll("ada", At(0)), new FaceToEnroll("bob", At(90))]);
        gallery.BackupTo(copy);
        Assert.AreEqual("people.backup", Path.GetFileName(Directory.GetFiles(Path.GetDirectoryName(copy)!).Single()), "The copy is one file.");
        gallery.Enroll("cleo", At(180));
        using (FaceGallery restored = Open(copy, options))
        {
            Assert.AreEqual((2, "bob"), (restored.PersonCount, restored.Identify(At(91)).Person!.PersonId));
            Assert.AreEqual(FaceGalleryProblem.Unreachable, ProblemOf(() => gallery.BackupTo(copy)));
            Assert.AreEqual(FaceGalleryProblem.InUse, ProblemOf(() => gallery.BackupTo(copy, overwrite: true)), "It is open.");
        }

        gallery.BackupTo(copy, overwrite: true);
        using FaceGallery again = Open(copy, options with { ReadOnly = true });
        Assert.AreEqual(3, again.PersonCount);
        Assert.AreEqual(FaceGalleryProblem.Unreachable, ProblemOf(() => gallery.BackupTo(PathOfGallery, overwrite: true)));
        string link = Path.Combine(_folder.FullName, "link.gallery");
        File.CreateSymbolicLink(link, PathOfGallery);
        Assert.AreEqual(FaceGalleryProblem.InUse, ProblemOf(() => gallery.BackupTo(link, overwrite: true)));
        Assert.AreEqual(3, gallery.PersonCount);
    }

    [TestMethod]
    public void BackupTo_ReadOnlyGallery_CopiesFileAndLog()
    {
        string left = Path.Combine(_folder.FullName, "left.gallery"), copy = Path.Combine(_folder.FullName, "copy.gallery");
        using (FaceGallery writer = Open(PathOfGallery))
        {
            writer.Enroll([new FaceToEnroll("ada", At(0)), new FaceToEnroll("bob", At(90))]);
            File.Copy(PathOfGallery, left);
            File.Copy(PathOfGallery + "-wal", left + "-wal");
        }

        using FaceGallery gallery = Open(left, new FaceGalleryOptions { ReadOnly = true });
        gallery.BackupTo(copy);
        using FaceGallery restored = Open(copy);
        Assert.AreEqual(2, restored.PersonCount, "Ada and Bob were in the log alone.");
        string second = Path.Combine(_folder.FullName, "second.gallery");
        Faces.BackupGallery(left, second);
        Assert.HasCount(2, Faces.ReadGallery(second).People);
    }

    [TestMethod]
    public void Backup_PartsOfKilledProcesses_AreDeletedAfterADay()
    {
        Open(PathOfGallery).Dispose();
        string copy = Path.Combine(_folder.FullName, "copy");
        string[] old = [.. new[] { "", "-wal", "-journal" }.Select(ending => Part(ending, days: 2))], kept = [Part("", days: 0), Part(".x", days: 2)];
        FaceGallery.Backup(PathOfGallery, copy);
        Assert.IsFalse(old.Any(File.Exists));
        Assert.IsTrue(kept.All(File.Exists) && File.Exists(copy));

        string Part(string ending, int days)
        {
            string part = $"{copy}.{Guid.NewGuid():N}.part{ending}";
            File.WriteAllBytes(part, [1]);
            File.SetLastWriteTimeUtc(part, DateTime.UtcNow.AddDays(-days));
            return part;
        }
    }

    [TestMethod]
    [DataRow(" a b ")]
    [DataRow("line\nbreak\r\n")]
    [DataRow("50% of #1 & ?mode=ro")]
    [DataRow("José 😀;'\"")]
    public void Path_OfAnyCharacters_IsOpenedReadAndCopied(string name)
    {
        string path = Path.Combine(_folder.FullName, "in " + name, name);
        using (FaceGallery gallery = Open(path))
        {
            gallery.Enroll("ada", At(0));
        }

        Assert.AreEqual("ada", FaceGallery.Read(path).People.Single().Id);
        FaceGallery.Backup(path, path + "2");
        Assert.AreEqual("ada", FaceGallery.Read(path + "2").People.Single().Id);
        using FaceGallery searched = Open(path, new FaceGalleryOptions { ReadOnly = true });
        Assert.AreEqual(1, searched.PersonCount);
    }

    [TestMethod]
    public void BackupGallery_InUseOrDamaged_IsRefusedAndWritesNothing()
    {
        string copy = Path.Combine(_folder.FullName, "copy.gallery");
        using (FaceGallery writer = Open(PathOfGallery, new FaceGalleryOptions { EncryptionKey = Key }))
        {
            writer.Enroll([.. Enumerable.Range(0, 30).Select(i => new FaceToEnroll($"{i}", At(i)))]);
            Assert.AreEqual(FaceGalleryProblem.InUse, ProblemOf(() => Faces.BackupGallery(PathOfGallery, copy)));
        }

        // Without its key.
        byte[] bytes = File.ReadAllBytes(PathOfGallery);
        bytes[^100] ^= 1;
        string damaged = _folder.Write("damaged.gallery", bytes);
        Assert.AreEqual(FaceGalleryProblem.Damaged, ProblemOf(() => Faces.BackupGallery(damaged, copy)));
        Assert.IsFalse(File.Exists(copy));
        File.WriteAllText(copy, "kept");
        Assert.AreEqual(FaceGalleryProblem.Unreachable, ProblemOf(() => Faces.BackupGallery(PathOfGallery, copy)));
        Assert.AreEqual("kept", File.ReadAllText(copy));
        Faces.BackupGallery(PathOfGallery, copy, overwrite: true);
        Assert.HasCount(30, Faces.ReadGallery(copy, Key).People);
        Assert.HasCount(3, Directory.GetFiles(_folder.FullName));
    }

    [TestMethod]
    public void BackupTo_MemoryOrDisposed_IsRefused()
    {
        FaceGallery memory = Open();
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => memory.BackupTo(PathOfGallery)).Message, "memory alone");
        memory.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => memory.BackupTo(PathOfGallery));
    }

    [TestMethod]
    [DataRow("-wal")]
    [DataRow("-journal")]
    public void BackupAndRecover_LogOfAGalleryThatIsGone_AreRefused(string log)
    {
        string target = Path.Combine(_folder.FullName, "restored.gallery"), left = _folder.Write("restored.gallery" + log, [1, 2, 3]);
        using (FaceGallery writer = Open(PathOfGallery))
        {
            writer.Enroll("ada", At(0));
            StringAssert.Contains(Assert.ThrowsExactly<FaceGalleryException>(() => writer.BackupTo(target, overwrite: true)).Message, left);
        }

        StringAssert.Contains(Assert.ThrowsExactly<FaceGalleryException>(() => Faces.BackupGallery(PathOfGallery, target)).Message, left);
        StringAssert.Contains(Assert.ThrowsExactly<FaceGalleryException>(() => Faces.RecoverGallery(PathOfGallery, target)).Message, left);
        Assert.IsFalse(File.Exists(target));
        File.Delete(left);
        Assert.AreEqual(1, Faces.RecoverGallery(PathOfGallery, target).PersonCount);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void BackupAndRecover_SpecialFileInTheTargetsPlace_IsNeitherWaitedForNorReplaced()
    {
        using (FaceGallery writer = Open(PathOfGallery))
        {
            writer.Enroll("ada", At(0));
        }

        foreach (string special in new[] { SpecialFiles.Pipe(_folder, "pipe"), SpecialFiles.EndlessDevice(_folder, "zero"), SpecialFiles.Socket(_folder, "socket") })
        {
            SpecialFile? before = RegularFile.SpecialAt(special);
            string kind = Assert.ThrowsExactly<FaceGalleryException>(() => SpecialFiles.WithoutWaiting(() => Backup(special))).Message;
            Assert.AreEqual(kind, Assert.ThrowsExactly<FaceGalleryException>(() => Faces.RecoverGallery(PathOfGallery, special)).Message);
            StringAssert.StartsWith(kind, $"'{special}' is a ");
            Assert.AreEqual(before, RegularFile.SpecialAt(special));
        }

        bool Backup(string target)
        {
            Faces.BackupGallery(PathOfGallery, target, overwrite: true);
            return true;
        }
    }

    [TestMethod]
    public void RecoverGallery_PlaceThatCannotBeWritten_NamesThePlace()
    {
        using (FaceGallery writer = Open(PathOfGallery))
        {
            writer.Enroll("ada", At(0));
        }

        string target = Path.Combine(_folder.Write("file", [1]), "restored.gallery");
        StringAssert.StartsWith(Assert.ThrowsExactly<FaceGalleryException>(() => Faces.RecoverGallery(PathOfGallery, target)).Message, $"The new gallery '{target}'");
        string taken = _folder.Write("taken.gallery", [1]);
        StringAssert.DoesNotMatch(Assert.ThrowsExactly<FaceGalleryException>(() => Faces.RecoverGallery(PathOfGallery, taken)).Message, new("--overwrite"), "recover has no such option.");
    }

    private static FaceGalleryProblem ProblemOf(Action use) => Assert.ThrowsExactly<FaceGalleryException>(use).Problem;
}
