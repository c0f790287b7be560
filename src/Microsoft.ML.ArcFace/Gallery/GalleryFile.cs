using Microsoft.Data.Sqlite;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>
/// A gallery in one SQLite file, which nobody else has open. Each change is one transaction that is on the disk when it
/// returns (write-ahead log, full synchronisation), so whatever ends the process, the file has all of it or nothing.
/// </summary>
internal sealed class GalleryFile : IDisposable
{
    private readonly string _path;
    private readonly SqliteConnection _connection;
    private readonly RecordSeal? _seal;
    private readonly GalleryRecords _records;

    private GalleryFile(string path, SqliteConnection connection, RecordSeal? seal, GalleryRecords records)
    {
        (_path, _connection, _seal, _records) = (path, connection, seal, records);
    }

    /// <exception cref="FaceGalleryException">It cannot be opened or made, or is not what is asked for.</exception>
    public static GalleryFile Open(string path, FaceGalleryModel model, byte[]? key, bool createIfMissing) => GalleryErrors.Explained(path, () =>
    {
        EnsureFile(path, createIfMissing);
        SqliteConnection connection = GallerySchema.Connect(path);
        RecordSeal? seal = key is null ? null : new RecordSeal(key);
        try
        {
            GalleryHeader header = GallerySchema.OpenOrCreate(connection, path, model, seal);
            var file = new GalleryFile(path, connection, seal, header.RecordsFor(seal));
            if (header.IsErasurePending)
            {
                file.Erase();
            }

            return file;
        }
        catch
        {
            seal?.Dispose();
            connection.Dispose();
            throw;
        }
    });

    /// <summary>Reads everybody into memory and gives the greatest numbers of rows there ever were.</summary>
    /// <exception cref="FaceGalleryException">Something is not as it was written.</exception>
    public (long LastPerson, long LastPhotograph) Load(GalleryMemory memory, int embeddingSize) => GalleryErrors.Explained(_path, () =>
    {
        var people = new Dictionary<long, PersonEntry>();
        foreach ((long number, _, byte[] details, _) in Rows("SELECT number, number, details, NULL FROM person ORDER BY number"))
        {
            StoredPerson person = _records.ReadPerson(details, number) ?? throw Damaged($"person {number} is not as it was written");
            people.Add(number, memory.AddPerson(number, person.Id, person.Name));
        }

        foreach ((long number, long personNumber, byte[] details, byte[]? embedding) in Rows("SELECT number, person, details, embedding FROM photograph ORDER BY number"))
        {
            if (!people.TryGetValue(personNumber, out PersonEntry? person)
                || _records.ReadPhotograph(details, number, personNumber) is not { } photograph
                || embedding is null || _records.ReadEmbedding(embedding, number, personNumber, embeddingSize) is not { } vector)
            {
                throw Damaged($"photograph {number} is not as it was written");
            }

            memory.AddPhotograph(person, number, photograph, vector);
        }

        if (people.Values.FirstOrDefault(person => person.Photographs.Count == 0) is { } empty)
        {
            throw Damaged($"person {empty.Number} has no photographs");
        }

        return (GallerySchema.LastNumber(_connection, "person"), GallerySchema.LastNumber(_connection, "photograph"));
    });

    /// <summary>Makes changes, all or none; when it returns they are on the disk.</summary>
    /// <param name="change">Makes them.</param>
    /// <param name="erases">Whether something goes that <see cref="Erase"/> must make unreadable; it is made up for when the file is opened, if the process ends before.</param>
    public void Commit(Action<GalleryChanges> change, bool erases) => GalleryErrors.Explained(_path, () =>
    {
        using SqliteTransaction transaction = _connection.BeginTransaction();
        change(new GalleryChanges(_connection, transaction, _records));
        if (erases)
        {
            GallerySchema.SetErasurePending(_connection, true);
        }

        transaction.Commit();
        return true;
    });

    /// <summary>
    /// Makes what was removed unreadable: the file is written anew without it, and the log, which still had it, is cut off.
    /// </summary>
    public void Erase()
    {
        try
        {
            GalleryErrors.Explained(_path, () =>
            {
                GallerySchema.Execute(_connection, "VACUUM");
                GallerySchema.TruncateLog(_connection);

                // Last, so that it is done again if the process ends in between.
                GallerySchema.SetErasurePending(_connection, false);
                return true;
            });
        }
        catch (FaceGalleryException error)
        {
            throw new FaceGalleryException(error.Problem,
                $"What was removed is not found any more, but its bytes are still in the file; they go with the next removal, or when the gallery is opened next. {error.Message}", error);
        }
    }

    public void Dispose()
    {
        _connection.Dispose();
        _seal?.Dispose();
    }

    /// <summary>Makes an empty file that only its owner may read; SQLite gives the log the same rights.</summary>
    private static void EnsureFile(string path, bool createIfMissing)
    {
        if (File.Exists(path))
        {
            return;
        }

        if (!createIfMissing || Directory.Exists(path))
        {
            throw new FaceGalleryException(FaceGalleryProblem.Unreachable,
                $"There is no gallery '{path}'{(Directory.Exists(path) ? ", but a folder of that name" : $", and {nameof(FaceGalleryOptions.CreateIfMissing)} is false")}. Check the path.");
        }

        var mode = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            mode.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        File.Open(path, mode).Dispose();
    }

    private IEnumerable<(long Number, long Person, byte[] Details, byte[]? Embedding)> Rows(string query)
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = query;
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return (reader.GetInt64(0), reader.GetInt64(1), Blob(reader, 2) ?? [], Blob(reader, 3));
        }
    }

    private static byte[]? Blob(SqliteDataReader reader, int column) => reader.GetValue(column) as byte[];

    private FaceGalleryException Damaged(string what) => new(FaceGalleryProblem.Damaged,
        $"The gallery '{_path}' is damaged: {what}. Take a copy from before the damage, or enroll the photographs again.");
}
