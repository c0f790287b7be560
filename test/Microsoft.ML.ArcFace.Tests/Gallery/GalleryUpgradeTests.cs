using Microsoft.Data.Sqlite;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using static Microsoft.ML.ArcFace.Tests.Gallery.GalleryVectors;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>Files of version 1 become files of the present version, with a copy from before beside them.</summary>
[TestClass]
public class GalleryUpgradeTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private readonly TemporaryFolder _folder = new();

    private string PathOfGallery => Path.Combine(_folder.FullName, "people.gallery");

    private string PathOfBackup => PathOfGallery + ".version1.backup";

    [TestCleanup]
    public void RemoveFolder() => _folder.Dispose();

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Open_VersionOne_IsUpgradedWithACopyFromBefore(bool encrypted)
    {
        byte[]? key = encrypted ? Key : null;
        var options = new FaceGalleryOptions { EncryptionKey = key, CosineThreshold = 0.5 };
        Write(key);
        var ml = new MLContext();
        List<string> warnings = LoggedWarnings.Of(ml);
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        using (FaceGallery gallery = faces.CreateGalleryFor(TestModel, PathOfGallery, options))
        {
            Assert.IsFalse(gallery.IsReadOnly);
            Assert.AreEqual((2, 3, "ada"), (gallery.PersonCount, gallery.PhotographCount, gallery.Identify(At(4)).Person!.PersonId));
            StringAssert.Contains(warnings.Single(), PathOfBackup);
            Assert.AreEqual(EnrollmentOutcome.Enrolled, gallery.Enroll("cleo", At(180)).Outcome);
            Assert.IsTrue(gallery.Remove("bob"));
            StringAssert.Contains(warnings[^1], "What was removed is still in");
        }

        CollectionAssert.AreEqual(new[] { "ada", "bob" }, faces.ReadGallery(PathOfBackup, key).People.Select(person => person.Id).ToArray());
        CollectionAssert.AreEqual(new[] { "ada", "cleo" }, faces.ReadGallery(PathOfGallery, key).People.Select(person => person.Id).ToArray());
        if (!OperatingSystem.IsWindows())
        {
            Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(PathOfBackup));
        }

        // Its tables are those of a new gallery, and its digests are looked at.
        string other = Path.Combine(_folder.FullName, "new.gallery");
        Open(other, options).Dispose();
        CollectionAssert.AreEqual(Schema(other), Schema(PathOfGallery));
        Execute(PathOfGallery, "UPDATE photograph SET embedding = zeroblob(length(embedding)) WHERE number = 1");
        Assert.AreEqual(FaceGalleryProblem.Damaged, Assert.ThrowsExactly<FaceGalleryException>(() => Open(PathOfGallery, options)).Problem);
        Assert.HasCount(3, Directory.GetFiles(_folder.FullName));
    }

    [TestMethod]
    public void Open_VersionOneAgain_KeepsEarlierCopies()
    {
        Write(key: null);
        File.WriteAllText(PathOfBackup, "kept");
        Open(PathOfGallery).Dispose();
        Open(PathOfGallery).Dispose();
        Assert.AreEqual("kept", File.ReadAllText(PathOfBackup));
        Assert.IsTrue(File.Exists(PathOfGallery + ".version1-2.backup"));
        Assert.HasCount(3, Directory.GetFiles(_folder.FullName));
    }

    [TestMethod]
    public void ReadOnly_VersionOne_IsSearchedAndLeftAsItIs()
    {
        Write(key: null);
        byte[] before = File.ReadAllBytes(PathOfGallery);
        using FaceGallery gallery = Open(PathOfGallery, new FaceGalleryOptions { ReadOnly = true });
        Assert.AreEqual("ada", gallery.Identify(At(4)).Person!.PersonId);
        CollectionAssert.AreEqual(before, File.ReadAllBytes(PathOfGallery));
        Assert.HasCount(1, Directory.GetFiles(_folder.FullName));
    }

    [TestMethod]
    public void Open_DamagedVersionOne_IsRefusedBeforeItIsUpgraded()
    {
        Write(key: null);
        Execute(PathOfGallery, "UPDATE person SET details = (SELECT details FROM person WHERE number = 2) WHERE number = 1");
        byte[] before = File.ReadAllBytes(PathOfGallery);
        Assert.AreEqual(FaceGalleryProblem.Damaged, Assert.ThrowsExactly<FaceGalleryException>(() => Open(PathOfGallery)).Problem);
        CollectionAssert.AreEqual(before, File.ReadAllBytes(PathOfGallery));
        Assert.HasCount(1, Directory.GetFiles(_folder.FullName));
    }

    [TestMethod]
    [DataRow(0.3)]
    [DataRow(1.3)]
    public void Open_VersionOneOnAFullDisk_IsSearchedAndUpgradedLater(double room)
    {
        // Room for no copy, or for the copy but not for the transaction.
        const int photographs = 600, size = 512;
        using SmallDisk disk = SmallDisk.Mount(Path.Combine(_folder.FullName, "disk"), megabytes: 8);
        string path = Path.Combine(disk.Folder, "people.gallery");
        var random = new Random(1);
        FaceGalleryModel model = TestModel with { EmbeddingSize = size };
        (string Id, float[] Vector)[] written = [.. Enumerable.Range(0, photographs).Select(i => ($"person {i}", Random(random, size)))];
        VersionOneGallery.Write(path, model, key: null, written);
        byte[] before = File.ReadAllBytes(path);
        disk.FillBut((int)(before.Length * room));
        var ml = new MLContext();
        List<string> warnings = LoggedWarnings.Of(ml);
        var options = new FaceGalleryOptions { CosineThreshold = 0.5 };
        using (FaceGallery gallery = ml.FaceRecognition().CreateGalleryFor(model, path, options))
        {
            Assert.AreEqual((true, photographs, "person 7"), (gallery.IsReadOnly, gallery.PhotographCount, gallery.Identify(written[7].Vector).Person!.PersonId));
            StringAssert.Contains(warnings.Single(), "disk is full");
            StringAssert.Contains(Assert.ThrowsExactly<FaceGalleryException>(() => gallery.Enroll("new", written[0].Vector)).Message, "free as much space");
        }

        CollectionAssert.AreEquivalent(new[] { "filler", "people.gallery" }, Directory.GetFiles(disk.Folder).Select(Path.GetFileName).ToArray());
        CollectionAssert.AreEqual(before, File.ReadAllBytes(path));
        disk.Free();
        using FaceGallery upgraded = ml.FaceRecognition().CreateGalleryFor(model, path, options);
        Assert.AreEqual((false, photographs), (upgraded.IsReadOnly, upgraded.PhotographCount));
    }

    private static string[] Schema(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=false");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name";
        using SqliteDataReader reader = command.ExecuteReader();
        var statements = new List<string>();
        while (reader.Read())
        {
            statements.Add(reader.GetString(0));
        }

        return [.. statements];
    }

    private static void Execute(string path, string statement)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=false");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = statement;
        command.ExecuteNonQuery();
    }

    private void Write(byte[]? key) => VersionOneGallery.Write(PathOfGallery, TestModel, key, ("ada", At(0)), ("bob", At(90)), ("ada", At(10)));
}
