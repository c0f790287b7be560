using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Gallery;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using static Microsoft.ML.ArcFace.Tests.Gallery.GalleryVectors;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>Whatever happened to a file, it opens with all that was in it, or is told to be damaged and left as it is.</summary>
[TestClass]
public class GalleryDamageTests
{
    private const int PageSize = 16384;

    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly FaceRecognitionCatalog Faces = new MLContext().FaceRecognition();

    private readonly TemporaryFolder _folder = new();

    private string PathOfGallery => Path.Combine(_folder.FullName, "people.gallery");

    [TestCleanup]
    public void RemoveFolder() => _folder.Dispose();

    [TestMethod]
    [DataRow(0, true)]
    [DataRow(0, false)]
    [DataRow(1, true)]
    [DataRow(1, false)]
    public void Open_FileCutOff_IsDamagedAndLeftAlone(int length, bool createIfMissing)
    {
        Enroll();
        byte[] cut = File.ReadAllBytes(PathOfGallery)[..length];
        File.WriteAllBytes(PathOfGallery, cut);
        string link = Path.Combine(_folder.FullName, "link.gallery");
        File.CreateSymbolicLink(link, PathOfGallery);
        foreach (string path in new[] { PathOfGallery, link })
        {
            StringAssert.Contains(Fails(() => Open(path, new FaceGalleryOptions { CreateIfMissing = createIfMissing }), FaceGalleryProblem.Damaged), length == 0 ? "empty (0 bytes)" : "1 byte");
            Fails(() => Open(path, new FaceGalleryOptions { CreateIfMissing = createIfMissing, EncryptionKey = Key }), FaceGalleryProblem.Damaged);
            Fails(() => Open(path, new FaceGalleryOptions { ReadOnly = true }), FaceGalleryProblem.Damaged);
            Fails(() => Faces.ReadGallery(path), FaceGalleryProblem.Damaged);
            Fails(() => Faces.BackupGallery(path, Path.Combine(_folder.FullName, "copy")), FaceGalleryProblem.Damaged);
        }

        CollectionAssert.AreEqual(cut, File.ReadAllBytes(PathOfGallery));
        Assert.HasCount(2, Directory.GetFiles(_folder.FullName), "Nothing lies beside it.");
    }

    [TestMethod]
    [DataRow("VACUUM")]
    [DataRow("CREATE TABLE photographs (number INTEGER PRIMARY KEY)")]
    [DataRow("PRAGMA journal_mode = WAL; CREATE TABLE song (title TEXT)")]
    [DataRow("PRAGMA application_id = 1098008135")]
    public void Open_DatabaseWithoutOurTables_IsDamagedAndLeftAlone(string statement)
    {
        Execute(PathOfGallery, statement + "; PRAGMA user_version = 1");
        byte[] before = File.ReadAllBytes(PathOfGallery);
        foreach (bool createIfMissing in new[] { true, false })
        {
            StringAssert.Contains(Fails(() => Open(PathOfGallery, new FaceGalleryOptions { CreateIfMissing = createIfMissing }), FaceGalleryProblem.Damaged), "without the tables of a gallery");
        }

        Fails(() => Open(PathOfGallery, new FaceGalleryOptions { ReadOnly = true }), FaceGalleryProblem.Damaged);
        CollectionAssert.AreEqual(before, File.ReadAllBytes(PathOfGallery));
    }

    [TestMethod]
    public void Open_LogWithoutItsFile_IsDamagedAndLeftAlone()
    {
        byte[] log = _folder.Write("people.gallery-wal", [.. Enumerable.Repeat((byte)1, 100)]) is var path ? File.ReadAllBytes(path) : [];
        StringAssert.Contains(Fails(() => Open(PathOfGallery), FaceGalleryProblem.Damaged), "people.gallery-wal");
        CollectionAssert.AreEqual(log, File.ReadAllBytes(PathOfGallery + "-wal"));
        Assert.IsFalse(File.Exists(PathOfGallery));
    }

    [TestMethod]
    public void Open_TargetedChangesOfAPlainFile_AreAllNoticed()
    {
        const int people = 9;
        Enroll();
        byte[] whole = File.ReadAllBytes(PathOfGallery);
        var changes = new List<byte[]>();
        for (int person = 0; person < people; person++)
        {
            int at = whole.AsSpan().IndexOf(MemoryMarshal.AsBytes(VectorOf(person).AsSpan())), other = whole.AsSpan().IndexOf(MemoryMarshal.AsBytes(VectorOf((person + 1) % people).AsSpan()));
            int length = Size * sizeof(float);
            changes.Add(Changed(bytes => bytes[at + 3] ^= 0x80));
            changes.Add(Changed(bytes => Exchange(bytes, at, at + (4 * sizeof(float)), sizeof(float))));
            changes.Add(Changed(bytes => Exchange(bytes, at, other, length)));
            changes.Add(Changed(bytes => bytes[at] ^= 1));
            int name = whole.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"Name {person}")), source = whole.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"{person}.jpg"));
            changes.Add(Changed(bytes => Exchange(bytes, name, name + 1, 1)));
            changes.Add(Changed(bytes => bytes[name + 5] = (byte)('0' + ((person + 1) % people))));
            changes.Add(Changed(bytes => bytes[source] ^= 1));
        }

        foreach ((int number, byte[] changed) in changes.Index())
        {
            string path = _folder.Write($"changed-{number}.gallery", changed);
            Assert.IsFalse(changed.AsSpan().SequenceEqual(whole), $"{number}");
            Fails(() => Open(path), FaceGalleryProblem.Damaged);
            Fails(() => Open(path, new FaceGalleryOptions { ReadOnly = true }), FaceGalleryProblem.Damaged);
            Fails(() => Faces.ReadGallery(path), FaceGalleryProblem.Damaged);
            CollectionAssert.AreEqual(changed, File.ReadAllBytes(path), "A damaged file is left as it is.");
        }

        Assert.HasCount(63, changes);

        byte[] Changed(Action<byte[]> change)
        {
            byte[] bytes = [.. whole];
            change(bytes);
            return bytes;
        }

        static void Exchange(byte[] bytes, int first, int second, int length)
        {
            byte[] kept = bytes[first..(first + length)];
            Array.Copy(bytes, second, bytes, first, length);
            kept.CopyTo(bytes, second);
        }
    }

    [TestMethod]
    [DataRow("DELETE FROM photograph WHERE number = 2")]
    [DataRow("DELETE FROM photograph WHERE person = 2; DELETE FROM person WHERE number = 2")]
    [DataRow("UPDATE photograph SET person = 2 WHERE number = 1")]
    [DataRow("UPDATE photograph SET number = 99 WHERE number = 1")]
    [DataRow("UPDATE photograph SET digest = NULL WHERE number = 1")]
    [DataRow("UPDATE photograph SET details = NULL WHERE number = 1")]
    [DataRow("UPDATE photograph SET details = 7 WHERE number = 1")]
    [DataRow("UPDATE gallery SET people = 1")]
    [DataRow("UPDATE gallery SET photographs = photographs + 1")]
    [DataRow("UPDATE gallery SET embedding_size = 32")]
    [DataRow("UPDATE gallery SET fingerprint = 'fingerprint of a madel'")]
    [DataRow("UPDATE gallery SET seal = NULL")]
    [DataRow("UPDATE gallery SET people = NULL")]
    [DataRow("DELETE FROM gallery")]
    [DataRow("DROP INDEX photograph_of_person")]
    [DataRow("DROP TABLE photograph")]
    [DataRow("PRAGMA user_version = 0")]
    public void Open_RowsThatChanged_AreDamaged(string statement)
    {
        foreach (byte[]? key in new[] { null, Key })
        {
            Enroll(key);

            // As nothing but damage does it: past the rules of the tables.
            Execute(PathOfGallery, $"PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; {Loosely(statement)}");
            Fails(() => Open(PathOfGallery, new FaceGalleryOptions { EncryptionKey = key }), FaceGalleryProblem.Damaged);
            Fails(() => Open(PathOfGallery, new FaceGalleryOptions { EncryptionKey = key, ReadOnly = true }), FaceGalleryProblem.Damaged);
            File.Delete(PathOfGallery);
        }

        static string Loosely(string statement) => statement.Contains("details = NULL", StringComparison.Ordinal)
            ? $"PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, 'details BLOB NOT NULL', 'details BLOB') WHERE name = 'photograph'; PRAGMA writable_schema = RESET; {statement}"
            : statement;
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Open_AnyBitOfAPagesHeader_KeepsAllOrIsRefused(bool encrypted)
    {
        byte[]? key = encrypted ? Key : null;
        Enroll(key, people: 150);
        string[] expected = Contents(PathOfGallery, key);
        byte[] whole = File.ReadAllBytes(PathOfGallery);
        int refused = 0, tried = 0;
        for (int page = 0; page < whole.Length / PageSize; page++)
        {
            // Kind, first free block, count of cells, their start, fragments, right child.
            for (int bit = 0; bit < 12 * 8; bit += 7)
            {
                byte[] damaged = [.. whole];
                damaged[(page * PageSize) + (page == 0 ? 100 : 0) + (bit / 8)] ^= (byte)(1 << (bit % 8));
                string path = _folder.Write("damaged.gallery", damaged);
                tried++;
                try
                {
                    CollectionAssert.AreEqual(expected, Contents(path, key), $"page {page}, bit {bit}");
                }
                catch (FaceGalleryException)
                {
                    refused++;
                }

                File.Delete(path + "-wal");
            }
        }

        Assert.IsGreaterThan(tried / 4, refused);
    }

    [TestMethod]
    public void Recover_IdThatTwoPeopleHave_KeepsBothApart()
    {
        Enroll();
        using (GalleryFile file = GalleryFile.Open(PathOfGallery, TestModel, key: null, createIfMissing: false))
        {
            file.Load(new GalleryMemory(Size, PersonAggregation.BestPhotograph, searchInHalfPrecision: false));
            file.Commit(
            [
                new PersonAdded(100, "person 3", "Another"),
                new PhotographAdded(100, 100, "person 3", new GalleryPhotograph(Guid.NewGuid().ToString("N"), null, DateTimeOffset.UnixEpoch), At(200)),
            ]);
        }

        StringAssert.Contains(Fails(() => Open(PathOfGallery), FaceGalleryProblem.Damaged), "'person 3', which another one has");
        Fails(() => Faces.ReadGallery(PathOfGallery), FaceGalleryProblem.Damaged);
        string recovered = Path.Combine(_folder.FullName, "recovered.gallery");
        RecoveredGallery result = Faces.RecoverGallery(PathOfGallery, recovered);
        Assert.AreEqual((10, 10, 10L, 10L), (result.PersonCount, result.PhotographCount, result.ExpectedPersonCount, result.ExpectedPhotographCount));
        StringAssert.Contains(result.Lost.Single(), "'person 3 (100)'");
        using FaceGallery gallery = Open(recovered);
        Assert.AreEqual(("person 3 (100)", "person 3"), (gallery.Search(At(200))[0].PersonId, gallery.Search(VectorOf(3))[0].PersonId));
        Fails(() => Faces.RecoverGallery(PathOfGallery, recovered), FaceGalleryProblem.Unreachable);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Recover_PagesThatAreGone_GivesAllTheOthers(bool encrypted)
    {
        const int people = 300;
        byte[]? key = encrypted ? Key : null;
        Enroll(key, people);
        byte[] whole = File.ReadAllBytes(PathOfGallery);
        string[] expected = Contents(PathOfGallery, key);
        int fromAll = 0;
        for (int page = 2; page < whole.Length / PageSize; page++)
        {
            byte[] damaged = [.. whole];
            damaged.AsSpan(page * PageSize, PageSize).Clear();
            string path = _folder.Write("damaged.gallery", damaged), recovered = Path.Combine(_folder.FullName, $"recovered-{page}.gallery");
            RecoveredGallery result;
            try
            {
                result = Faces.RecoverGallery(path, recovered, key);
            }
            catch (FaceGalleryException error)
            {
                // Without its first record, or the root of a table, nothing is left.
                Assert.AreEqual(FaceGalleryProblem.Damaged, error.Problem);
                Assert.IsFalse(File.Exists(recovered));
                continue;
            }

            string[] found = Contents(recovered, key);
            Assert.HasCount(result.PhotographCount, found);
            Assert.IsEmpty(found.Except(expected), "Nothing comes out that was not in it.");
            Assert.AreEqual(found.Length < people, result.Lost.Count > 0);
            fromAll += found.Length > people / 2 ? 1 : 0;
            CollectionAssert.AreEqual(damaged, File.ReadAllBytes(path));
        }

        Assert.IsGreaterThan(3, fromAll);
    }

    /// <summary>Says all that a gallery has, a line a photograph, and uses it.</summary>
    private static string[] Contents(string path, byte[]? key)
    {
        using FaceGallery gallery = Open(path, new FaceGalleryOptions { EncryptionKey = key });
        gallery.Search(At(0));
        return [.. gallery.GetPeople().SelectMany(person => person.Photographs.Select(photograph => $"{person.Id} {person.Name} {photograph}"))];
    }

    [TestMethod]
    public void RecoverOrBackup_OfWhatIsNoGallery_AdvisesNoRecovery()
    {
        // Another program's table of that name, under the number by which galleries are known.
        WholeDatabase.Write(PathOfGallery, overwrite: false, connection => GallerySchema.Execute(connection, "PRAGMA application_id = 0x41724647; PRAGMA user_version = 2; CREATE TABLE gallery (painter TEXT)"));
        string other = Path.Combine(_folder.FullName, "other");
        foreach (string message in new[] { Fails(() => FaceGallery.Recover(PathOfGallery, other), FaceGalleryProblem.Damaged), Fails(() => FaceGallery.Backup(PathOfGallery, other), FaceGalleryProblem.Damaged) })
        {
            StringAssert.Contains(message, "'gallery' has not the columns");
            StringAssert.DoesNotMatch(message, new Regex("recover "));
        }

        Assert.IsFalse(File.Exists(other));
    }

    private static string Fails(Action use, FaceGalleryProblem problem)
    {
        var error = Assert.ThrowsExactly<FaceGalleryException>(use);
        Assert.AreEqual(problem, error.Problem, error.Message);
        return error.Message;
    }

    private static void Execute(string path, string statement)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=false");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = statement;
        command.ExecuteNonQuery();
    }

    private static float[] VectorOf(int person) => UnitVectors.Normalized(Random(new Random(person)));

    private void Enroll(byte[]? key = null, int people = 9)
    {
        using FaceGallery gallery = Open(PathOfGallery, new FaceGalleryOptions { EncryptionKey = key });
        gallery.Enroll([.. Enumerable.Range(0, people).Select(person => new FaceToEnroll($"person {person}", VectorOf(person)) { Name = $"Name {person}", Source = $"{person}.jpg" })]);
    }
}
