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

    /// <summary>Opens the file, or finds out that it can be read but not written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">Whose embeddings it keeps.</param>
    /// <param name="key">What it is encrypted under.</param>
    /// <param name="createIfMissing">Whether a file that is not there is made.</param>
    /// <param name="readOnlyReason">Why it cannot be written; null: it can.</param>
    /// <returns>The file; null if it cannot be written.</returns>
    /// <exception cref="FaceGalleryException">It cannot be opened or made, or is not what is asked for.</exception>
    public static GalleryFile? OpenUnlessReadOnly(string path, FaceGalleryModel model, byte[]? key, bool createIfMissing, out string? readOnlyReason)
    {
        readOnlyReason = null;
        try
        {
            return Open(path, model, key, createIfMissing);
        }
        catch (FaceGalleryException error) when (error.Problem == FaceGalleryProblem.Unreachable && File.Exists(path))
        {
            readOnlyReason = GalleryWriteAccess.Obstacle(path);
            if (readOnlyReason is null)
            {
                throw;
            }

            return null;
        }
    }

    /// <summary>Reads everybody of a file that is not written to.</summary>
    /// <exception cref="FaceGalleryException">It cannot be opened, or is not what is asked for.</exception>
    public static GalleryMemory ReadAll(string path, FaceGalleryModel model, byte[]? key, Func<GalleryMemory> createMemory) => ReadOnlyGalleryFile.Read(path, connection =>
    {
        using RecordSeal? seal = key is null ? null : new RecordSeal(key);
        GalleryHeader header = GallerySchema.Read(connection, path, seal);
        GallerySchema.ThrowIfOfAnotherModel(path, header, model);
        GalleryMemory memory = createMemory();
        new GalleryReader(path, connection, header.RecordsFor(seal)).ReadInto(memory, model.EmbeddingSize);
        return memory;
    });

    /// <summary>Reads who is in a file, whichever model it is for.</summary>
    /// <exception cref="FaceGalleryException">It cannot be opened, or is not what is asked for.</exception>
    public static GalleryContents List(string path, byte[]? key) => ReadOnlyGalleryFile.Read(path, connection =>
    {
        using RecordSeal? seal = key is null ? null : new RecordSeal(key);
        GalleryHeader header = GallerySchema.Read(connection, path, seal);
        return new GalleryContents(header.Fingerprint, header.EmbeddingSize, IsEncrypted: seal is not null, new GalleryReader(path, connection, header.RecordsFor(seal)).ReadPeople());
    });

    /// <summary>Reads everybody into memory and gives the greatest numbers of rows there ever were.</summary>
    /// <exception cref="FaceGalleryException">Something is not as it was written.</exception>
    public (long LastPerson, long LastPhotograph) Load(GalleryMemory memory, int embeddingSize) => GalleryErrors.Explained(_path, () =>
    {
        new GalleryReader(_path, _connection, _records).ReadInto(memory, embeddingSize);
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

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var mode = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            mode.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        File.Open(path, mode).Dispose();
    }
}
