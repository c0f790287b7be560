using Microsoft.Data.Sqlite;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Writes an SQLite file that appears under its name when it is whole; until then, or if that fails, what was there stays. What a killed process left of it the next one deletes after a day.</summary>
internal static class WholeDatabase
{
    /// <summary>Writes the file; only its owner may read it.</summary>
    /// <param name="path">The whole path of the file.</param>
    /// <param name="overwrite">Whether it may take the place of another.</param>
    /// <param name="write">Fills an empty database.</param>
    /// <exception cref="IOException">The file is there already, or cannot be written.</exception>
    public static void Write(string path, bool overwrite, Action<SqliteConnection> write)
    {
        AbandonedParts.Delete(path);
        string part = $"{path}.{Guid.NewGuid():N}.part";
        try
        {
            CreateEmpty(part);
            using (SqliteConnection connection = GallerySchema.Connect(part))
            {
                write(connection);
                GallerySchema.LeaveLogOnClose(connection, false);
            }

            TakePlace(part, path, overwrite);
        }
        finally
        {
            foreach (string left in new[] { part, part + "-wal", part + "-journal" })
            {
                File.Delete(left);
            }
        }
    }

    private static void TakePlace(string part, string path, bool overwrite)
    {
        // On Unix, File.Move looks whether there is a file and then replaces whatever is there: another process may have made its own in between.
        using FolderLock? turn = overwrite ? null : FolderLock.Take(Path.GetDirectoryName(path)!);
        File.Move(part, path, overwrite);
    }

    /// <summary>Makes an empty file that only its owner may read; SQLite gives its log the same rights.</summary>
    private static void CreateEmpty(string path)
    {
        var mode = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            mode.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        File.Open(path, mode).Dispose();
    }
}
