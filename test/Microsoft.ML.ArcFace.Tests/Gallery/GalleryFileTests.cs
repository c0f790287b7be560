using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using static Microsoft.ML.ArcFace.Tests.Gallery.GalleryVectors;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>What stands in the file, what does not stand there any more, and what is refused.</summary>
[TestClass]
public class GalleryFileTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private readonly TemporaryFolder _folder = new();

    private string PathOfGallery => Path.Combine(_folder.FullName, "people.gallery");

    [TestCleanup]
    public void RemoveFolder() => _folder.Dispose();

    [TestMethod]
    [DataRow(1)]
    [DataRow(40)]
    public void Remove_APerson_LeavesNoByteOfThemInAnyFile(int others)
    {
        // Vectors as large as those of a model, so that pages split and merge.
        const int size = 512;
        var random = new Random(others);
        using FaceGallery gallery = new MLContext().FaceRecognition().CreateGalleryFor(TestModel with { EmbeddingSize = size }, PathOfGallery);
        gallery.Enroll([.. Enumerable.Range(0, others).Select(person => new FaceToEnroll($"other {person}", Random(random, size)))]);
        float[] vector = Microsoft.ML.ArcFace.Evaluation.UnitVectors.Normalized(Random(random, size));
        gallery.Enroll([new FaceToEnroll("id-of-ada", vector) { Name = "Ada Lovelace", Source = "holiday.jpg" }, new FaceToEnroll("id-of-ada", Random(random, size))]);
        foreach (byte[] trace in Traces())
        {
            Assert.IsTrue(Contains(AllBytes(PathOfGallery), trace), "Before, everything is there.");
        }

        for (int person = 0; person < others; person += 9)
        {
            gallery.Enroll($"other {person}", Random(random, size));
        }

        Assert.IsTrue(gallery.Remove("id-of-ada"));
        CheckGone("while the gallery is open");
        gallery.Dispose();
        CheckGone("after it was closed");

        void CheckGone(string when)
        {
            byte[] bytes = AllBytes(PathOfGallery);
            Assert.IsTrue(Contains(bytes, "other 0"u8), when);
            foreach (byte[] trace in Traces())
            {
                Assert.IsFalse(Contains(bytes, trace), $"{when}: {Encoding.UTF8.GetString(trace)}");
            }
        }

        // Any four numbers in a row of the vector.
        IEnumerable<byte[]> Traces() => Enumerable.Range(0, size / 4).Select(i => MemoryMarshal.AsBytes(vector.AsSpan(i * 4, 4)).ToArray())
            .Concat(new[] { "Ada Lovelace", "id-of-ada", "holiday.jpg" }.Select(Encoding.UTF8.GetBytes));
    }

    [TestMethod]
    public void RenameAndReplace_LeaveNothingOfTheOld()
    {
        using FaceGallery gallery = Open(PathOfGallery);
        float[] old = Microsoft.ML.ArcFace.Evaluation.UnitVectors.Normalized(Random(new Random(1)));
        gallery.Enroll("ada", old, "Ada Byron", "old.jpg");
        gallery.Rename("ada", "Ada Lovelace");
        gallery.ReplacePhotographs("ada", [new FaceToEnroll("ada", At(3))]);
        byte[] bytes = AllBytes(PathOfGallery);
        Assert.IsTrue(Contains(bytes, "Ada Lovelace"u8));
        Assert.IsFalse(Contains(bytes, "Ada Byron"u8) || Contains(bytes, "old.jpg"u8) || Contains(bytes, MemoryMarshal.AsBytes(old.AsSpan(4, 4))));
    }

    [TestMethod]
    public void Open_ErasureThatWasInterrupted_IsMadeUpFor()
    {
        using (FaceGallery gallery = Open(PathOfGallery))
        {
            gallery.Enroll("ada", At(0));
        }

        // As a process leaves it that ends between the removal and the erasure.
        using (var connection = new SqliteConnection($"Data Source={PathOfGallery};Pooling=false"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE scratch AS SELECT 'Ada Lovelace' AS name; DROP TABLE scratch; UPDATE gallery SET erasure_pending = 1";
            command.ExecuteNonQuery();
        }

        Assert.IsTrue(Contains(AllBytes(PathOfGallery), "Ada Lovelace"u8), "The bytes of what SQLite removed are still there.");
        Open(PathOfGallery).Dispose();
        Assert.IsFalse(Contains(AllBytes(PathOfGallery), "Ada Lovelace"u8));
    }

    [TestMethod]
    public void Encrypted_File_ShowsNothingAndOpensWithItsKeyAlone()
    {
        var options = new FaceGalleryOptions { EncryptionKey = Key };
        float[] vector = Microsoft.ML.ArcFace.Evaluation.UnitVectors.Normalized(Random(new Random(2)));
        using (FaceGallery gallery = Open(PathOfGallery, options))
        {
            gallery.Enroll("id-of-ada", vector, "Ada Lovelace", "holiday.jpg");
            Check();
        }

        Check();
        Assert.AreEqual(FaceGalleryProblem.WrongKey, Fails(() => Open(PathOfGallery), "is encrypted. Give its key"));
        Assert.AreEqual(FaceGalleryProblem.WrongKey, Fails(() => Open(PathOfGallery, options with { EncryptionKey = [.. Key[..31], 0] }), "under another key"));
        using FaceGallery again = Open(PathOfGallery, options);
        Assert.AreEqual(("Ada Lovelace", "holiday.jpg"), (again.Find("id-of-ada")!.Name, again.Find("id-of-ada")!.Photographs[0].Source));
        Assert.AreEqual(1, again.Search(vector)[0].Score, 1e-6);

        void Check()
        {
            byte[] bytes = AllBytes(PathOfGallery);
            foreach (string text in new[] { "Ada Lovelace", "id-of-ada", "holiday.jpg" })
            {
                Assert.IsFalse(Contains(bytes, Encoding.UTF8.GetBytes(text)), text);
            }

            Assert.IsFalse(Enumerable.Range(0, Size - 1).Any(i => Contains(bytes, MemoryMarshal.AsBytes(vector.AsSpan(i, 2)))));
        }
    }

    [TestMethod]
    public void Open_PlainFileWithAKey_IsRefused()
    {
        Open(PathOfGallery).Dispose();
        Assert.AreEqual(FaceGalleryProblem.WrongKey, Fails(() => Open(PathOfGallery, new FaceGalleryOptions { EncryptionKey = Key }), "is not encrypted"));
    }

    [TestMethod]
    [DataRow("UPDATE photograph SET embedding = (SELECT embedding FROM photograph WHERE number = 2) WHERE number = 1", "photograph 1")]
    [DataRow("UPDATE person SET details = (SELECT details FROM person WHERE number = 2) WHERE number = 1", "person 1")]
    [DataRow("UPDATE photograph SET person = 2 WHERE number = 1", "photograph 1")]
    [DataRow("UPDATE gallery SET id = randomblob(16)", "another key")]
    public void Encrypted_RecordsThatWereMoved_AreRefused(string tampering, string finding)
    {
        var options = new FaceGalleryOptions { EncryptionKey = Key };
        using (FaceGallery gallery = Open(PathOfGallery, options))
        {
            gallery.Enroll([new FaceToEnroll("ada", At(0)), new FaceToEnroll("bob", At(90))]);
        }

        Tamper(tampering);
        Fails(() => Open(PathOfGallery, options), finding);
    }

    [TestMethod]
    public void Encrypted_Records_NeverShareANonce()
    {
        var options = new FaceGalleryOptions { EncryptionKey = Key };
        using (FaceGallery gallery = Open(PathOfGallery, options))
        {
            gallery.Enroll([.. Enumerable.Range(0, 200).Select(i => new FaceToEnroll($"{i}", At(i)))]);
        }

        var nonces = new List<string>();
        using var connection = new SqliteConnection($"Data Source={PathOfGallery};Pooling=false");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT details FROM person UNION ALL SELECT details FROM photograph UNION ALL SELECT embedding FROM photograph UNION ALL SELECT key_check FROM gallery";
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            nonces.Add(Convert.ToHexString(reader.GetFieldValue<byte[]>(0).AsSpan(0, 24)));
        }

        Assert.HasCount(601, nonces.Distinct().ToArray());
    }

    [TestMethod]
    public void Open_OlderFileWithBothFormsOfAName_KeepsBothPeople()
    {
        const string composed = "Jos\u00E9", decomposed = "Jose\u0301";
        VersionOneGallery.Write(PathOfGallery, TestModel, key: null, (composed, At(0)), (decomposed, At(90)));
        using FaceGallery both = Open(PathOfGallery);
        CollectionAssert.AreEqual(new[] { composed, decomposed }, both.GetPeople().Select(person => person.Id).ToArray());
        Assert.AreEqual((composed, decomposed), (both.Identify(At(1)).Person!.PersonId, both.Identify(At(91)).Person!.PersonId));
        Assert.AreEqual(decomposed, both.Enroll(decomposed, At(95)).PersonId);
        Assert.IsTrue(both.Remove(composed));
        Assert.AreEqual(decomposed, both.Find(decomposed)!.Id);
        Assert.AreEqual(1, both.PersonCount);
    }

    [TestMethod]
    public void Open_VectorsOfAnotherModel_AreRefused()
    {
        Open(PathOfGallery).Dispose();
        FaceRecognitionCatalog faces = new MLContext().FaceRecognition();
        Assert.AreEqual(FaceGalleryProblem.OtherModel, Fails(() => faces.CreateGalleryFor(TestModel with { Fingerprint = "0123456789abcdef" }, PathOfGallery), "0123456789ab…"));
        Assert.AreEqual(FaceGalleryProblem.OtherModel, Fails(() => faces.CreateGalleryFor(TestModel with { EmbeddingSize = 512 }, PathOfGallery), "(512 numbers)"));
    }

    [TestMethod]
    public void Open_WhatIsNoGallery_SaysWhy()
    {
        using (FaceGallery first = Open(PathOfGallery))
        {
            Assert.AreEqual(FaceGalleryProblem.InUse, Fails(() => Open(PathOfGallery), "open elsewhere"));
        }

        string other = _folder.Write("other.gallery", [.. Enumerable.Repeat((byte)7, 5000)]);
        Assert.AreEqual(FaceGalleryProblem.NotAGallery, Fails(() => Open(other), "another kind of file"));
        Assert.AreEqual(FaceGalleryProblem.Unreachable, Fails(() => Open(Path.Combine(other, "x.gallery")), "cannot be opened"));
        Assert.AreEqual(FaceGalleryProblem.Unreachable, Fails(() => Open(_folder.FullName), "a folder of that name"));
        Assert.AreEqual(FaceGalleryProblem.Unreachable, Fails(() => Open(Path.Combine(_folder.FullName, "x.gallery"), new FaceGalleryOptions { CreateIfMissing = false }), "CreateIfMissing"));
        Tamper("PRAGMA user_version = 3");
        Assert.AreEqual(FaceGalleryProblem.TooNew, Fails(() => Open(PathOfGallery), "version 3"));
        Tamper("PRAGMA application_id = 1");
        Assert.AreEqual(FaceGalleryProblem.NotAGallery, Fails(() => Open(PathOfGallery), "no gallery"));
    }

    [TestMethod]
    public void Create_OnUnix_IsReadableByItsOwnerAlone()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("Windows has no such rights.");
            return;
        }

        using FaceGallery gallery = Open(PathOfGallery);
        gallery.Enroll("ada", At(0));
        foreach (string file in Directory.EnumerateFiles(_folder.FullName))
        {
            Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file), file);
        }
    }

    [TestMethod]
    public void Open_DamagedFiles_AreReadOrRefused()
    {
        using (FaceGallery gallery = Open(PathOfGallery))
        {
            gallery.Enroll([.. Enumerable.Range(0, 20).Select(i => new FaceToEnroll($"{i}", At(i)))]);
        }

        byte[] whole = File.ReadAllBytes(PathOfGallery);
        var random = new Random(8);
        int refused = 0;
        for (int round = 0; round < 150; round++)
        {
            byte[] damaged = round % 5 == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
            for (int flip = 0; flip < 12; flip++)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            string path = _folder.Write("damaged.gallery", damaged);
            try
            {
                using FaceGallery gallery = Open(path);
                gallery.Search(At(0));
            }
            catch (FaceGalleryException)
            {
                refused++;
            }

            File.Delete(path + "-wal");
        }

        Assert.IsGreaterThan(50, refused);
    }

    [TestMethod]
    public void Seal_PublishedTestVectors_AreMet()
    {
        // C2SP XAES-256-GCM: both cases of the most significant bit of the subkey.
        byte[] nonce = Encoding.ASCII.GetBytes("ABCDEFGHIJKLMNOPQRSTUVWX"), plain = Encoding.ASCII.GetBytes("XAES-256-GCM");
        Check([.. Enumerable.Repeat((byte)1, 32)], [], "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
        Check([.. Enumerable.Repeat((byte)3, 32)], Encoding.ASCII.GetBytes("c2sp.org/XAES-256-GCM"), "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");

        void Check(byte[] key, byte[] context, string expected)
        {
            using var seal = new Microsoft.ML.ArcFace.Gallery.RecordSeal(key);
            byte[] record = seal.Seal(plain, context, nonce);
            Assert.AreEqual(expected, Convert.ToHexStringLower(record.AsSpan(nonce.Length)));
            CollectionAssert.AreEqual(plain, seal.Open(record, context));
            record[^1] ^= 1;
            Assert.IsNull(seal.Open(record, context));
        }
    }

    private static FaceGalleryProblem Fails(Func<FaceGallery> open, string because)
    {
        var error = Assert.ThrowsExactly<FaceGalleryException>(() => open().Dispose());
        StringAssert.Contains(error.Message, because);
        return error.Problem;
    }

    private void Tamper(string statement)
    {
        using var connection = new SqliteConnection($"Data Source={PathOfGallery};Pooling=false");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = statement;
        command.ExecuteNonQuery();
    }
}
