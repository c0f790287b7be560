using Microsoft.Data.Sqlite;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>
/// Reads a gallery's file without writing anywhere: neither to the file nor beside it. The file is read as a whole and closed,
/// so that others may read it, or open it to write, as soon as it is loaded.
/// </summary>
internal static class ReadOnlyGalleryFile
{
    private const int Attempts = 5;

    /// <summary>Opens the file, lets it be read, closes it; does so again if somebody wrote to it meanwhile.</summary>
    /// <param name="path">The gallery.</param>
    /// <param name="read">Reads what is wanted; is called again after somebody wrote.</param>
    /// <exception cref="FaceGalleryException">It cannot be opened, is in use, or is not what is asked for.</exception>
    public static T Read<T>(string path, Func<SqliteConnection, T> read) => GalleryErrors.Explained(path, () =>
    {
        if (!File.Exists(path))
        {
            throw new FaceGalleryException(FaceGalleryProblem.Unreachable, $"There is no gallery '{path}'{(Directory.Exists(path) ? ", but a folder of that name" : "")}. Check the path.");
        }

        GalleryCreation.ThrowIfCutOff(path);
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            Stamp before = Stamp.Of(path);
            ThrowIfInUse(path);
            T result;
            using (SqliteConnection connection = Connect(path, hasLog: before.LogLength > 0))
            {
                result = read(connection);
            }

            if (Stamp.Of(path) == before)
            {
                return result;
            }
        }

        throw new FaceGalleryException(FaceGalleryProblem.InUse, $"The gallery '{path}' was written to each time that it was read. Try again when nobody enrolls or removes.");
    });

    /// <summary>
    /// A gallery's file is in SQLite's mode of a write-ahead log, in which ordinary readers write beside it. Without a log there
    /// is nothing that could change under way but what the stamps tell, so the file is taken for immutable. A log that a
    /// process left behind is read with an index in memory, which SQLite makes where the connection does without locks.
    /// </summary>
    private static SqliteConnection Connect(string path, bool hasLog) => hasLog
        ? Open(path, "", OperatingSystem.IsWindows() ? "win32-none" : "unix-none")
        : Open(path, "?immutable=1", null);

    private static SqliteConnection Open(string path, string query, string? fileSystem)
    {
        var settings = new SqliteConnectionStringBuilder { DataSource = UriOf(path) + query, Mode = SqliteOpenMode.ReadOnly, Pooling = false, DefaultTimeout = 1 };
        if (fileSystem is not null)
        {
            settings.Vfs = fileSystem;
        }

        var connection = new SqliteConnection(settings.ToString());
        try
        {
            connection.Open();
            GallerySchema.Execute(connection, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Writes a path as SQLite reads it back; <see cref="Uri"/> leaves out blanks and line breaks at its ends.</summary>
    private static string UriOf(string path)
    {
        string escaped = string.Join('/', path.Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar).Select(Uri.EscapeDataString));
        return escaped.StartsWith('/') ? $"file://{escaped}" : $"file:///{escaped}";
    }

    /// <summary>Asks for the file's lock, which a gallery that may write holds all the time; whatever else fails is told when the file is read.</summary>
    /// <exception cref="SqliteException">Somebody has it.</exception>
    public static void ThrowIfInUse(string path)
    {
        try
        {
            using SqliteConnection connection = Open(path, "", null);
            GallerySchema.Execute(connection, "SELECT COUNT(*) FROM sqlite_master");
        }
        catch (SqliteException error) when (error.SqliteErrorCode is not (SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED))
        {
            // The lock was there to be had; the log's index, which is not made here, was not.
        }
    }

    /// <summary>Shows by time and length that a file or its log has changed.</summary>
    private readonly record struct Stamp(DateTime Written, long Length, DateTime LogWritten, long LogLength)
    {
        public static Stamp Of(string path)
        {
            var file = new FileInfo(path);
            var log = new FileInfo(path + "-wal");
            return new Stamp(file.LastWriteTimeUtc, file.Exists ? file.Length : 0, log.Exists ? log.LastWriteTimeUtc : default, log.Exists ? log.Length : 0);
        }
    }
}
