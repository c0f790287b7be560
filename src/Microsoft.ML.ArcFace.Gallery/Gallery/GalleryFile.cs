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
    private readonly RowDigest _digest;
    private readonly GalleryPlace _place;
    private GalleryHeader _header;
    private bool _isSound;

    private GalleryFile(string path, SqliteConnection connection, RecordSeal? seal, GalleryHeader header)
    {
        (_path, _connection, _seal, _header) = (path, connection, seal, header);
        (_records, _digest) = (header.RecordsFor(seal), new RowDigest(header.GalleryId));
        _place = new GalleryPlace(path);
    }

    /// <summary>Whether bytes of what was removed may still be in the file.</summary>
    public bool IsErasurePending => _header.IsErasurePending;

    /// <summary>Whether the file is of an older version, and has to be upgraded before it can be changed.</summary>
    public bool IsOlder => _header.Version < GallerySchema.Version;

    /// <exception cref="FaceGalleryException">It cannot be opened or made, or is not what is asked for.</exception>
    public static GalleryFile Open(string path, FaceGalleryModel model, byte[]? key, bool createIfMissing) => GalleryErrors.Explained(path, () =>
    {
        RecordSeal? seal = key is null ? null : new RecordSeal(key);
        SqliteConnection? connection = null;
        try
        {
            GalleryCreation.Ensure(path, model, seal, createIfMissing);
            connection = GallerySchema.Connect(path);
            GalleryHeader header = GallerySchema.Read(connection, path, seal);
            GallerySchema.ThrowIfOfAnotherModel(path, header, model);
            GallerySchema.Lock(connection);
            return new GalleryFile(path, connection, seal, header);
        }
        catch
        {
            seal?.Dispose();
            if (connection is not null)
            {
                CloseUnchanged(connection, path);
            }

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
        new GalleryReader(path, connection, header, seal).ReadInto(memory);
        return memory;
    });

    /// <summary>Reads who is in a file, whichever model it is for.</summary>
    /// <exception cref="FaceGalleryException">It cannot be opened, or is not what is asked for.</exception>
    public static GalleryContents List(string path, byte[]? key) => ReadOnlyGalleryFile.Read(path, connection =>
    {
        using RecordSeal? seal = key is null ? null : new RecordSeal(key);
        GalleryHeader header = GallerySchema.Read(connection, path, seal);
        return new GalleryContents(header.Fingerprint, header.EmbeddingSize, IsEncrypted: seal is not null, new GalleryReader(path, connection, header, seal).ReadPeople());
    });

    /// <summary>Reads everybody into memory and gives the greatest numbers of rows there ever were.</summary>
    /// <exception cref="FaceGalleryException">Something is not as it was written.</exception>
    public (long LastPerson, long LastPhotograph) Load(GalleryMemory memory) => GalleryErrors.Explained(_path, () =>
    {
        _header = _header with { Counts = new GalleryReader(_path, _connection, _header, _seal).ReadInto(memory) };

        // Damage that no row shows, as of free space or the index, would spread with the next change.
        if (!GallerySchema.IsStructureSound(_connection))
        {
            throw GalleryErrors.Damaged(_path, $"all that was in it can be read, but its pages are not in order, so that a change could lose something. It can be searched ({nameof(FaceGalleryOptions.ReadOnly)})");
        }

        // It is sound: when it is closed, the log may go into the file.
        GallerySchema.LeaveLogOnClose(_connection, false);
        _isSound = true;
        return (_header.Counts.LastPerson, _header.Counts.LastPhotograph);
    });

    /// <summary>Brings a file of an older version, which was loaded, to the present one; or leaves it as it was.</summary>
    /// <returns>The copy from before.</returns>
    /// <exception cref="FaceGalleryException">It cannot be written.</exception>
    public string Upgrade() => GalleryErrors.Explained(_path, () =>
    {
        (string backup, _header) = GalleryUpgrade.Run(_connection, _path, _header, _records, _digest);
        return backup;
    });

    /// <summary>Makes changes, all or none; when it returns they are on the disk.</summary>
    /// <param name="changes">The changes; what they erase <see cref="Erase"/> must make unreadable, and it is made up for when the file is opened, if the process ends before.</param>
    /// <exception cref="FaceGalleryException">The file cannot be written, or was moved or removed; nothing was changed.</exception>
    public void Commit(IReadOnlyList<GalleryChange> changes) => GalleryErrors.Explained(_path, () =>
    {
        using SqliteTransaction transaction = _connection.BeginTransaction();
        var written = new GalleryTransaction(_path, _connection, _records, _digest, _header.Counts);
        foreach (GalleryChange change in changes)
        {
            written.Apply(change);
        }

        GalleryHeader header = _header with { Counts = written.Counts, IsErasurePending = _header.IsErasurePending || changes.Any(change => change.Erases) };
        header.Update(_connection, _records);

        // Last, so that as little time as can be is left to move it unseen.
        _place.ThrowIfLeft();
        transaction.Commit();
        _header = header;
    });

    /// <summary>
    /// Makes what was removed unreadable: the file is written anew without it, and the log, which still had it, is cut off.
    /// </summary>
    /// <exception cref="FaceGalleryException">The file cannot be written; it is tried again with the next change, and when it is closed or opened.</exception>
    public void Erase()
    {
        try
        {
            GalleryErrors.Explained(_path, () =>
            {
                _place.ThrowIfLeft();
                GallerySchema.Execute(_connection, "VACUUM");
                GallerySchema.TruncateLog(_connection);

                // Last, so that it is done again if the process ends in between.
                GallerySchema.SetErasurePending(_connection, false);
                _header = _header with { IsErasurePending = false };
            });
        }
        catch (FaceGalleryException error)
        {
            throw new FaceGalleryException(error.Problem,
                $"What was removed is not found any more, but its bytes are still in the file; they go with the next change, or when the gallery is closed or opened. {error.Message}", error);
        }
    }

    /// <exception cref="FaceGalleryException">The file or its log was moved or removed since it was opened.</exception>
    public void ThrowIfMoved() => _place.ThrowIfLeft();

    /// <summary>Writes a copy of the file as it is now.</summary>
    /// <exception cref="FaceGalleryException">It cannot be written, or is there already.</exception>
    public void BackUp(string target, bool overwrite) => GalleryBackup.Write(_path, _connection, target, overwrite);

    public void Dispose()
    {
        if (_isSound)
        {
            _connection.Dispose();
        }
        else
        {
            CloseUnchanged(_connection, _path);
        }

        _seal?.Dispose();
    }

    /// <summary>Closes a file that cannot be used as it was found, its log included; only a log without content, which was made by opening it, goes.</summary>
    private static void CloseUnchanged(SqliteConnection connection, string path)
    {
        if (new FileInfo(GalleryCreation.TargetOf(path) + "-wal") is { Exists: true, Length: 0 })
        {
            GallerySchema.LeaveLogOnClose(connection, false);
        }

        connection.Dispose();
    }
}
