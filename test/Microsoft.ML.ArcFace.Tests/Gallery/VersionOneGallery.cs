using Microsoft.Data.Sqlite;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Gallery;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>Writes galleries as version 1 of the file had them: without counts and digests.</summary>
internal static class VersionOneGallery
{
    private const string Tables = """
        CREATE TABLE gallery (id BLOB NOT NULL, fingerprint TEXT NOT NULL, embedding_size INTEGER NOT NULL, key_check BLOB, erasure_pending INTEGER NOT NULL);
        CREATE TABLE person (number INTEGER PRIMARY KEY AUTOINCREMENT, details BLOB NOT NULL);
        CREATE TABLE photograph (number INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE, details BLOB NOT NULL, embedding BLOB NOT NULL);
        CREATE INDEX photograph_of_person ON photograph (person);
        """;

    /// <summary>Writes one photograph for each vector: of the person of that id.</summary>
    public static void Write(string path, FaceGalleryModel model, byte[]? key, params (string Id, float[] Vector)[] photographs)
    {
        byte[] galleryId = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];
        using RecordSeal? seal = key is null ? null : new RecordSeal(key);
        var records = new GalleryRecords(galleryId, seal);
        using var connection = new SqliteConnection($"Data Source={path};Pooling=false");
        connection.Open();
        Execute("PRAGMA page_size = 16384");
        Execute("PRAGMA journal_mode = WAL");
        using SqliteTransaction transaction = connection.BeginTransaction();
        Execute($"PRAGMA application_id = {0x41724647}; PRAGMA user_version = 1; {Tables}");
        Execute("INSERT INTO gallery VALUES ($a, $b, $c, $d, 0)", galleryId, model.Fingerprint, model.EmbeddingSize, seal is null ? DBNull.Value : records.KeyCheck());
        string[] ids = [.. photographs.Select(photograph => photograph.Id).Distinct(StringComparer.Ordinal)];
        foreach ((int index, string id) in ids.Index())
        {
            Execute("INSERT INTO person (number, details) VALUES ($a, $b)", index + 1, records.Write(new StoredPerson(id, id), index + 1));
        }

        foreach ((int index, (string id, float[] vector)) in photographs.Index())
        {
            int person = Array.IndexOf(ids, id) + 1;
            var details = new GalleryPhotograph($"{index:x32}", $"{index}.jpg", DateTimeOffset.UnixEpoch.AddDays(index));
            Execute("INSERT INTO photograph VALUES ($a, $b, $c, $d)", index + 1, person, records.Write(details, index + 1, person), records.Write(UnitVectors.Normalized(vector), index + 1, person));
        }

        transaction.Commit();

        void Execute(string statement, params object[] values)
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = statement;
            foreach ((int index, object value) in values.Index())
            {
                command.Parameters.AddWithValue($"${(char)('a' + index)}", value);
            }

            command.ExecuteNonQuery();
        }
    }
}
