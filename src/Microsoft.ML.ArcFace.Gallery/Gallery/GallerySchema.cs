using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>
/// The tables of a gallery's file: <c>gallery</c> (what it is), <c>person</c> and <c>photograph</c>. Version 2 added the counts of
/// the header and the digests of the rows; a file of version 1 is read as it is, and upgraded when it is opened to write.
/// </summary>
internal static class GallerySchema
{
    /// <summary>The version that is written.</summary>
    public const int Version = 2;

    /// <summary>"ArFG", by which SQLite's files of this kind are known.</summary>
    private const int ApplicationId = 0x41724647;

    /// <summary>The statements of version 1, by the names of what they make; SQLite keeps them word by word.</summary>
    private static readonly (string Name, string Statement)[] VersionOne =
    [
        ("gallery", "CREATE TABLE gallery (id BLOB NOT NULL, fingerprint TEXT NOT NULL, embedding_size INTEGER NOT NULL, key_check BLOB, erasure_pending INTEGER NOT NULL)"),
        ("person", "CREATE TABLE person (number INTEGER PRIMARY KEY AUTOINCREMENT, details BLOB NOT NULL)"),
        ("photograph", "CREATE TABLE photograph (number INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE, details BLOB NOT NULL, embedding BLOB NOT NULL)"),
        ("photograph_of_person", "CREATE INDEX photograph_of_person ON photograph (person)"),
    ];

    /// <summary>The columns that version 2 added, by their tables.</summary>
    private static readonly (string Table, string Column)[] VersionTwo =
    [
        ("gallery", "people INTEGER"), ("gallery", "photographs INTEGER"), ("gallery", "last_person INTEGER"), ("gallery", "last_photograph INTEGER"), ("gallery", "seal BLOB"),
        ("person", "digest BLOB"), ("photograph", "digest BLOB"),
    ];

    /// <summary>Opens the file for this connection alone, without a change to it; deleted bytes will be overwritten with zeros.</summary>
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
            LeaveLogOnClose(connection, true);
            Execute(connection, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Takes the file's lock for as long as the connection is open: from now on it may be written.</summary>
    public static void Lock(SqliteConnection connection) =>
        Execute(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE; COMMIT");

    /// <summary>Sets whether closing leaves file and log as they are, as is due to a file that cannot be used.</summary>
    public static void LeaveLogOnClose(SqliteConnection connection, bool isLeft)
    {
        const int noCheckpointOnClose = 1006;
        _ = SQLitePCL.raw.sqlite3_db_config(connection.Handle, noCheckpointOnClose, isLeft ? 1 : 0, out _);
    }

    /// <summary>Makes the tables of a new gallery in an empty file.</summary>
    public static void Create(SqliteConnection connection, GalleryHeader header, GalleryRecords records)
    {
        // Pages that hold several vectors of 512 numbers: SQLite's own would hold one each.
        Execute(connection, "PRAGMA page_size = 16384");
        Lock(connection);
        using SqliteTransaction transaction = connection.BeginTransaction();
        Execute(connection, $"PRAGMA application_id = {ApplicationId}; {string.Join("; ", VersionOne.Select(one => one.Statement))}");
        Upgrade(connection);
        header.Insert(connection, records);
        transaction.Commit();
    }

    /// <summary>Adds to the tables of version 1, within a transaction of the caller, what version 2 has; the columns are empty.</summary>
    public static void Upgrade(SqliteConnection connection) => Execute(connection,
        $"{string.Join("; ", VersionTwo.Select(added => $"ALTER TABLE {added.Table} ADD COLUMN {added.Column}"))}; PRAGMA user_version = {Version}");

    /// <summary>Reads what a file says of itself.</summary>
    /// <exception cref="FaceGalleryException">It is something else, or the key does not open it, or it is not as it was written.</exception>
    public static GalleryHeader Read(SqliteConnection connection, string path, RecordSeal? seal)
    {
        int version = ReadVersion(connection, path);
        ThrowIfTablesDiffer(connection, path, version);
        if (GalleryHeader.Read(connection, version, out byte[]? headerSeal) is not { } header)
        {
            throw GalleryErrors.Damaged(path, "its first record is not as it was written");
        }

        // A key is looked at first: under another one nothing else can be told.
        if (seal is not null)
        {
            ThrowIfKeyDiffers(path, header, seal);
        }

        bool canBeChecked = header.HasDigests && (seal is null) == (header.KeyCheck is null);
        if (canBeChecked && !header.IsSealedBy(headerSeal, header.RecordsFor(seal)))
        {
            throw GalleryErrors.Damaged(path, "its first record is not as it was written");
        }

        ThrowIfKeyDiffers(path, header, seal);
        return header;
    }

    /// <summary>Reads what a file says of itself, whether or not it is as it was written, and without its key.</summary>
    /// <exception cref="FaceGalleryException">It is something else, or too little of it is left.</exception>
    public static GalleryHeader ReadUnchecked(SqliteConnection connection, string path)
    {
        try
        {
            return GalleryHeader.Read(connection, ReadVersion(connection, path), out _)
                ?? throw GalleryErrors.BeyondRecovery(path, "its first record cannot be read, and without it nothing else can be told from damage");
        }
        catch (SqliteException error) when (error.SqliteErrorCode == SQLitePCL.raw.SQLITE_ERROR)
        {
            throw GalleryErrors.BeyondRecovery(path, "its table 'gallery' has not the columns of a gallery");
        }
    }

    /// <exception cref="FaceGalleryException">The file keeps vectors of another model.</exception>
    public static void ThrowIfOfAnotherModel(string path, GalleryHeader header, FaceGalleryModel model)
    {
        if (header.Fingerprint != model.Fingerprint || header.EmbeddingSize != model.EmbeddingSize)
        {
            (string kept, string given) = ModelCheck.Shortened(header.Fingerprint, model.Fingerprint);
            throw new FaceGalleryException(FaceGalleryProblem.OtherModel,
                $"The gallery '{path}' keeps embeddings of the model {kept} ({header.EmbeddingSize} numbers), and yours is {given} ({model.EmbeddingSize} numbers). " +
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

    /// <summary>Tells whether SQLite finds its pages in order.</summary>
    public static bool IsStructureSound(SqliteConnection connection)
    {
        using SqliteCommand check = connection.CreateCommand();
        check.CommandText = "PRAGMA quick_check(1)";
        return check.ExecuteScalar() is "ok";
    }

    public static void Execute(SqliteConnection connection, string statement)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = statement;
        command.ExecuteNonQuery();
    }

    public static long Number(SqliteConnection connection, string query)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = query;
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private static int ReadVersion(SqliteConnection connection, string path)
    {
        long application = Number(connection, "PRAGMA application_id");
        if (application is not (ApplicationId or 0))
        {
            throw new FaceGalleryException(FaceGalleryProblem.NotAGallery, $"'{path}' is a database, but no gallery of faces. Give another path.");
        }

        if (application == 0 || !TablesOf(connection).ContainsKey("gallery"))
        {
            throw new FaceGalleryException(FaceGalleryProblem.Damaged,
                $"'{path}' is an SQLite database without the tables of a gallery: one that lost them, or another program's. " +
                "It is left as it is: take a copy from before the damage, or give another path for a new gallery.");
        }

        return Number(connection, "PRAGMA user_version") switch
        {
            >= 1 and <= Version and var version => (int)version,
            <= 0 => throw GalleryErrors.Damaged(path, "the number of its version is not as it was written"),
            var newer => throw new FaceGalleryException(FaceGalleryProblem.TooNew, $"The gallery '{path}' has version {newer}; this package reads up to version {Version}. Use a newer package."),
        };
    }

    private static void ThrowIfTablesDiffer(SqliteConnection connection, string path, int version)
    {
        Dictionary<string, string?> found = TablesOf(connection);
        foreach ((string name, string first) in VersionOne)
        {
            // SQLite puts added columns before the last parenthesis.
            string statement = version == 1 ? first : VersionTwo.Where(added => added.Table == name).Aggregate(first, (made, added) => $"{made[..^1]}, {added.Column})");
            if (found.GetValueOrDefault(name) != statement)
            {
                throw GalleryErrors.Damaged(path, $"its table or index '{name}' is not as it was made");
            }
        }
    }

    private static Dictionary<string, string?> TablesOf(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT name, sql FROM sqlite_master";
        using SqliteDataReader reader = command.ExecuteReader();
        var tables = new Dictionary<string, string?>(StringComparer.Ordinal);
        while (reader.Read())
        {
            if (reader.GetValue(0) is string name)
            {
                tables[name] = reader.GetValue(1) as string;
            }
        }

        return tables;
    }

    /// <exception cref="FaceGalleryException">The key does not open it, or it takes one and none was given, or the other way round.</exception>
    public static void ThrowIfKeyDiffers(string path, GalleryHeader header, RecordSeal? seal)
    {
        string? finding = (header.KeyCheck, seal) switch
        {
            (null, null) => null,
            (not null, null) => $"is encrypted. Give its key as {nameof(FaceGalleryOptions.EncryptionKey)}",
            (null, not null) => $"is not encrypted, but {nameof(FaceGalleryOptions.EncryptionKey)} is given. Leave it null, or enroll the people in a new gallery with a key",
            ({ } keyCheck, _) when header.RecordsFor(seal).IsKeyCheck(keyCheck) => null,
            _ => $"is encrypted under another key than {nameof(FaceGalleryOptions.EncryptionKey)}. Give the key that it was made with; without it nobody can read it",
        };
        if (finding is not null)
        {
            throw new FaceGalleryException(FaceGalleryProblem.WrongKey, $"The gallery '{path}' {finding}.");
        }
    }
}
