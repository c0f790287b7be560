using System.Diagnostics;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using static Microsoft.ML.ArcFace.Tests.Gallery.GalleryVectors;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>Galleries that are searched but not written, and what is in a file without its model.</summary>
[TestClass]
public class GalleryReadOnlyTests
{
    private static readonly FaceGalleryOptions ReadOnly = new() { ReadOnly = true };
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly FaceRecognitionCatalog Faces = new MLContext().FaceRecognition();

    private readonly TemporaryFolder _folder = new();

    private string PathOfGallery => Path.Combine(_folder.FullName, "people #1?.gallery");

    [TestCleanup]
    public void RemoveFolder() => _folder.Dispose();

    [TestMethod]
    public void ReadOnly_SeveralAtOnce_AreSearchedAndNothingIsWritten()
    {
        using (FaceGallery writer = Open(PathOfGallery))
        {
            writer.Enroll([new FaceToEnroll("ada", At(0)), new FaceToEnroll("bob", At(90))]);
        }

        byte[] before = AllBytes(PathOfGallery);
        using FaceGallery one = Open(PathOfGallery, ReadOnly), other = Open(PathOfGallery, ReadOnly with { Aggregation = PersonAggregation.MeanOfPhotographs });
        foreach (FaceGallery gallery in new[] { one, other })
        {
            Assert.IsTrue(gallery.IsReadOnly);
            Assert.AreEqual(("ada", 2), (gallery.Identify(At(5)).Person!.PersonId, gallery.PhotographCount));
        }

        foreach (Action change in new Action[] { () => one.Enroll("cleo", At(5)), () => one.Enroll("ada", At(0)), () => one.Remove("ada"), () => one.Rename("ada", "x"), () => one.RemovePhotograph("x") })
        {
            var error = Assert.ThrowsExactly<FaceGalleryException>(change);
            Assert.AreEqual(FaceGalleryProblem.ReadOnly, error.Problem);
            StringAssert.Contains(error.Message, "can be searched, but not changed");
        }

        CollectionAssert.AreEqual(before, AllBytes(PathOfGallery));
        Assert.HasCount(1, Directory.GetFiles(_folder.FullName), "Nothing lies beside it.");

        // It is read and closed: whoever writes is not kept from it.
        using FaceGallery later = Open(PathOfGallery);
        Assert.IsFalse(later.IsReadOnly);
        later.Enroll("cleo", At(180));
        Assert.AreEqual(2, one.PersonCount, "It is as it was when it was read.");
        Assert.AreEqual(FaceGalleryProblem.InUse, Assert.ThrowsExactly<FaceGalleryException>(() => Open(PathOfGallery, ReadOnly)).Problem);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void ReadOnly_LogThatAProcessLeft_IsReadWithIt(bool encrypted)
    {
        FaceGalleryOptions options = new() { EncryptionKey = encrypted ? Key : null };
        string left = Path.Combine(_folder.FullName, "left");
        Directory.CreateDirectory(left);
        string copy = Path.Combine(left, "people.gallery");
        using (FaceGallery writer = Open(PathOfGallery, options))
        {
            writer.Enroll("ada", At(0));
            writer.Remove("ada");                              // moves the log into the file
            writer.Enroll([new FaceToEnroll("ada", At(0)), new FaceToEnroll("bob", At(90))]);
            File.Copy(PathOfGallery, copy);
            File.Copy(PathOfGallery + "-wal", copy + "-wal");
        }

        byte[][] before = [File.ReadAllBytes(copy), File.ReadAllBytes(copy + "-wal")];
        Assert.IsGreaterThan(0, before[1].Length, "Ada and Bob are in the log alone.");
        using FaceGallery gallery = Open(copy, options with { ReadOnly = true });
        Assert.AreEqual(("bob", 2), (gallery.Search(At(91))[0].PersonId, gallery.PersonCount));
        CollectionAssert.AreEqual(new[] { "ada", "bob" }, Faces.ReadGallery(copy, options.EncryptionKey).People.Select(person => person.Id).ToArray());
        CollectionAssert.AreEqual(before[0], File.ReadAllBytes(copy));
        CollectionAssert.AreEqual(before[1], File.ReadAllBytes(copy + "-wal"));
        Assert.HasCount(2, Directory.GetFiles(left));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Open_WhereNobodyMayWrite_SearchesAndRefusesChangesWithTheReason(bool leavesALog)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("This is about the rights of Unix.");
            return;
        }

        // Rights do not bind root, who can mount; everybody else cannot mount, but is bound by rights.
        bool isRoot = Environment.UserName == "root";
        string place = Path.Combine(_folder.FullName, "place"), path = Path.Combine(place, "people.gallery");
        Directory.CreateDirectory(place);
        if (isRoot && !Runs("mount", "-t", "tmpfs", "-o", "size=4M", "tmpfs", place))
        {
            Assert.Inconclusive("Root may not mount here.");
            return;
        }

        using (FaceGallery writer = Open(PathOfGallery))
        {
            writer.Enroll([new FaceToEnroll("ada", At(0)), new FaceToEnroll("bob", At(90))]);
            if (leavesALog)
            {
                File.Copy(PathOfGallery, path);
                File.Copy(PathOfGallery + "-wal", path + "-wal");
            }
        }

        if (!leavesALog)
        {
            File.Copy(PathOfGallery, path);
        }

        try
        {
            if (isRoot)
            {
                Assert.IsTrue(Runs("mount", "-o", "remount,ro", place));
            }
            else
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead);
                File.SetUnixFileMode(place, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            }

            using FaceGallery gallery = Open(path);
            Assert.AreEqual((true, "ada", 2), (gallery.IsReadOnly, gallery.Identify(At(4)).Person!.PersonId, gallery.PersonCount));
            var error = Assert.ThrowsExactly<FaceGalleryException>(() => gallery.Enroll("cleo", At(180)));
            Assert.AreEqual(FaceGalleryProblem.ReadOnly, error.Problem);
            StringAssert.Contains(error.Message, isRoot ? "is on a read-only file system" : "may not write to");
            StringAssert.Contains(Assert.ThrowsExactly<FaceGalleryException>(() => Open(Path.Combine(place, "new.gallery"))).Message, "cannot be opened");
        }
        finally
        {
            if (isRoot)
            {
                Runs("umount", place);
            }
            else
            {
                File.SetUnixFileMode(place, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
    }

    [TestMethod]
    public void ReadOnly_WhatDoesNotFit_IsRefused()
    {
        Open(PathOfGallery, new FaceGalleryOptions { EncryptionKey = Key }).Dispose();
        Assert.AreEqual(FaceGalleryProblem.WrongKey, ProblemOf(() => Open(PathOfGallery, ReadOnly)));
        Assert.AreEqual(FaceGalleryProblem.WrongKey, ProblemOf(() => Faces.ReadGallery(PathOfGallery)));
        Assert.AreEqual(FaceGalleryProblem.OtherModel, ProblemOf(() => Faces.CreateGalleryFor(TestModel with { Fingerprint = "another" }, PathOfGallery, ReadOnly with { EncryptionKey = Key })));
        string none = Path.Combine(_folder.FullName, "none.gallery"), text = _folder.Write("text.gallery", "some text that is no gallery"u8.ToArray());
        Assert.AreEqual(FaceGalleryProblem.Unreachable, ProblemOf(() => Open(none, ReadOnly)));
        Assert.IsFalse(File.Exists(none));
        Assert.AreEqual(FaceGalleryProblem.NotAGallery, ProblemOf(() => Open(text, ReadOnly)));
        Assert.AreEqual(FaceGalleryProblem.NotAGallery, ProblemOf(() => Faces.ReadGallery(text)));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Open(path: null, ReadOnly));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Faces.ReadGallery(text, new byte[3]));
    }

    [TestMethod]
    public void ReadGallery_WithoutTheModel_ListsPeopleAndWhatTheFileIsFor()
    {
        string path = Path.Combine(_folder.FullName, "new", "folders", "people.gallery");
        using (FaceGallery gallery = Open(path, new FaceGalleryOptions { EncryptionKey = Key }))
        {
            Assert.IsTrue(File.Exists(path), "The folders were made.");
        }

        GalleryContents empty = Faces.ReadGallery(path, Key);
        Assert.AreEqual((TestModel.Fingerprint, Size, true, 0), (empty.Fingerprint, empty.EmbeddingSize, empty.IsEncrypted, empty.People.Count));
        GalleryPerson[] people;
        using (FaceGallery gallery = Open(path, new FaceGalleryOptions { EncryptionKey = Key }))
        {
            gallery.Enroll([new FaceToEnroll("b", At(0)) { Name = "Bob", Source = "b.jpg" }, new FaceToEnroll("a", At(90)), new FaceToEnroll("b", At(10))]);
            people = [.. gallery.GetPeople()];
        }

        IReadOnlyList<GalleryPerson> listed = Faces.ReadGallery(path, Key).People;
        CollectionAssert.AreEqual(new[] { ("b", "Bob"), ("a", "a") }, listed.Select(person => (person.Id, person.Name)).ToArray());
        CollectionAssert.AreEqual(people.SelectMany(person => person.Photographs).ToArray(), listed.SelectMany(person => person.Photographs).ToArray());
    }

    private static FaceGalleryProblem ProblemOf(Action open) => Assert.ThrowsExactly<FaceGalleryException>(open).Problem;

    private static bool Runs(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
