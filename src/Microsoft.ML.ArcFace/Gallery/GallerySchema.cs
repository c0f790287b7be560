using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>What a gallery's file says of itself.</summary>
/// <param name="GalleryId">16 random bytes that no other gallery has.</param>
/// <param name="Fingerprint">The model whose embeddings it keeps.</param>
/// <param name="EmbeddingSize">Numbers in an embedding.</param>
/// <param name="IsErasurePending">Whether something was removed and may still be read from unused parts of the file.</param>
internal sealed record GalleryHeader(byte[] GalleryId, string Fingerprint, int EmbeddingSize, bool IsErasurePending)
{
    public GalleryRecords RecordsFor(RecordSeal? seal) => new(GalleryId, seal);
}

/// <summary>The tables of a gallery's file, version 1: <c>gallery</c> (what it is), <c>person</c> and <c>photograph</c>.</summary>
internal static class GallerySchema
{
    /// <summary>"ArFG", by which SQLite's files of this kind are known.</summary>
    private const int ApplicationId = 0x41724647;

    private const int Version = 1, GalleryIdLength = 16;

    private const string Tables = """
        CREATE TABLE gallery (id BLOB NOT NULL, fingerprint TEXT NOT NULL, embedding_size INTEGER NOT NULL, key_check BLOB, erasure_pending INTEGER NOT NULL);
        CREATE TABLE person (number INTEGER PRIMARY KEY AUTOINCREMENT, details BLOB NOT NULL);
        CREATE TABLE photograph (number INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE, details BLOB NOT NULL, embedding BLOB NOT NULL);
        CREATE INDEX photograph_of_person ON photograph (person);
        """;

    /// <summary>Opens the file for this connection alone; deleted bytes are overwritten with zeros.</summary>
    public static SqliteConnection Connect(string path)
    {
        const int secondsToWaitForOthers = 1;
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            ForeignKeys = true,
            DefaultTimeout = secondsToWaitForOthers,
        }.ToString());
        try
        {
            connection.Open();

            // Pages that hold several vectors of 512 numbers: SQLite's own would hold one each.
            Execute(connection, "PRAGMA page_size = 16384");
            Execute(connection, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY");
            Execute(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE; COMMIT");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Checks the file against what is asked for; one without tables becomes a gallery.</summary>
    /// <exception cref="FaceGalleryException">It is something else, or of another model, or the key does not open it.</exception>
    public static GalleryHeader OpenOrCreate(SqliteConnection connection, string path, FaceGalleryModel model, RecordSeal? seal)
    {
        if (Number(connection, "PRAGMA application_id") == 0 && Number(connection, "SELECT COUNT(*) FROM sqlite_master") == 0)
        {
            return Create(connection, model, seal);
        }

        GalleryHeader header = Read(connection, path, seal);
        ThrowIfOfAnotherModel(path, header, model);
        return header;
    }

    /// <summary>Reads what a file says of itself.</summary>
    /// <exception cref="FaceGalleryException">It is something else, or the key does not open it.</exception>
    public static GalleryHeader Read(SqliteConnection connection, string path, RecordSeal? seal)
    {
        if (Number(connection, "PRAGMA application_id") != ApplicationId)
        {
            throw new FaceGalleryException(FaceGalleryProblem.NotAGallery, $"'{path}' is a database, but no gallery of faces. Give another path.");
        }

        if (Number(connection, "PRAGMA user_version") is var version and not Version)
        {
            throw new FaceGalleryException(FaceGalleryProblem.TooNew, $"The gallery '{path}' has version {version}; this package reads version {Version}. Use a newer package.");
        }

        return ReadHeader(connection, path, seal);
    }

    /// <exception cref="FaceGalleryException">The file keeps vectors of another model.</exception>
    public static void ThrowIfOfAnotherModel(string path, GalleryHeader header, FaceGalleryModel model)
    {
        if (header.Fingerprint != model.Fingerprint || header.EmbeddingSize != model.EmbeddingSize)
        {
            throw new FaceGalleryException(FaceGalleryProblem.OtherModel,
                $"The gallery '{path}' keeps embeddings of the model {Shortened(header.Fingerprint)} ({header.EmbeddingSize} numbers), and yours is {Shortened(model.Fingerprint)} ({model.EmbeddingSize} numbers). " +
                "Embeddings of different models cannot be compared: open it with its own model, or enroll the photographs again in a new gallery.");
        }
    }

    /// <summary>The greatest number of a row that the table ever had.</summary>
    public static long LastNumber(SqliteConnection connection, string table) =>
        Number(connection, $"SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = '{table}'), 0)");

    public static void SetErasurePending(SqliteConnection connection, bool isPending) =>
        Execute(connection, $"UPDATE gallery SET erasure_pending = {(isPending ? 1 : 0)}");

    /// <summary>Moves the log into the file and cuts it off.</summary>
    public static void TruncateLog(SqliteConnection connection)
    {
        if (Number(connection, "PRAGMA wal_checkpoint(TRUNCATE)") != 0)
        {
            throw new SqliteException("The log could not be cut off.", SQLitePCL.raw.SQLITE_BUSY);
        }
    }

    public static void Execute(SqliteConnection connection, string statement)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = statement;
        command.ExecuteNonQuery();
    }

    private static GalleryHeader Create(SqliteConnection connection, FaceGalleryModel model, RecordSeal? seal)
    {
        var header = new GalleryHeader(RandomNumberGenerator.GetBytes(GalleryIdLength), model.Fingerprint, model.EmbeddingSize, IsErasurePending: false);
        using SqliteTransaction transaction = connection.BeginTransaction();
        Execute(connection, $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Version}; {Tables}");
        using SqliteCommand insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO gallery VALUES ($id, $fingerprint, $size, $check, 0)";
        insert.Parameters.AddWithValue("$id", header.GalleryId);
        insert.Parameters.AddWithValue("$fingerprint", model.Fingerprint);
        insert.Parameters.AddWithValue("$size", model.EmbeddingSize);
        insert.Parameters.AddWithValue("$check", seal is null ? DBNull.Value : header.RecordsFor(seal).KeyCheck());
        insert.ExecuteNonQuery();
        transaction.Commit();
        return header;
    }

    private static GalleryHeader ReadHeader(SqliteConnection connection, string path, RecordSeal? seal)
    {
        using SqliteCommand select = connection.CreateCommand();
        select.CommandText = "SELECT id, fingerprint, embedding_size, key_check, erasure_pending FROM gallery";
        using SqliteDataReader reader = select.ExecuteReader();
        if (!reader.Read() || reader.GetValue(0) is not byte[] { Length: GalleryIdLength } id || reader.GetValue(1) is not string fingerprint || reader.GetValue(2) is not (long and > 0 and <= int.MaxValue and var size))
        {
            throw new FaceGalleryException(FaceGalleryProblem.Damaged, $"The gallery '{path}' is damaged: its first record is not as it was written. Take a copy from before the damage.");
        }

        var header = new GalleryHeader(id, fingerprint, (int)size, reader.GetInt64(4) != 0);
        CheckKey(path, header, reader.GetValue(3) as byte[], seal);
        return header;
    }

    private static void CheckKey(string path, GalleryHeader header, byte[]? keyCheck, RecordSeal? seal)
    {
        string? finding = (keyCheck, seal) switch
        {
            (null, null) => null,
            (not null, null) => $"is encrypted. Give its key as {nameof(FaceGalleryOptions.EncryptionKey)}",
            (null, not null) => $"is not encrypted, but {nameof(FaceGalleryOptions.EncryptionKey)} is given. Leave it null, or enroll the people in a new gallery with a key",
            _ when header.RecordsFor(seal).IsKeyCheck(keyCheck) => null,
            _ => $"is encrypted under another key than {nameof(FaceGalleryOptions.EncryptionKey)}. Give the key that it was made with; without it nobody can read it",
        };
        if (finding is not null)
        {
            throw new FaceGalleryException(FaceGalleryProblem.WrongKey, $"The gallery '{path}' {finding}.");
        }
    }

    private static long Number(SqliteConnection connection, string query)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = query;
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private static string Shortened(string fingerprint) => fingerprint.Length <= 12 ? fingerprint : $"{fingerprint[..12]}…";
}
