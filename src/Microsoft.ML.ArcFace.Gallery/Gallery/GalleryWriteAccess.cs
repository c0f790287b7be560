using Microsoft.Data.Sqlite;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Finds out why a gallery's file cannot be written: SQLite itself only says that something failed.</summary>
internal static class GalleryWriteAccess
{
    private const int ReadOnlyFileSystem = 30, WriteProtected = unchecked((int)0x80070013);

    /// <summary>Finds what keeps this process from writing, as the end of the sentence "the gallery …"; null: nothing that can be found.</summary>
    public static string? Obstacle(string path)
    {
        string folder = Path.GetDirectoryName(path)!;
        try
        {
            // SQLite keeps its log beside the file.
            string trial = Path.Combine(folder, $".arcface-{Guid.NewGuid():N}");
            new FileStream(trial, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose).Dispose();
        }
        catch (UnauthorizedAccessException)
        {
            return $"is in the folder '{folder}', which the user {Environment.UserName} may not write to";
        }
        catch (IOException error) when (error.HResult is ReadOnlyFileSystem or WriteProtected)
        {
            return "is on a read-only file system";
        }
        catch (IOException)
        {
            return null;
        }

        return IsReadOnly(path) ? $"may not be written by the user {Environment.UserName}, or is on a read-only file system" : null;
    }

    /// <summary>Tells whether SQLite gets the file for reading alone; not opened by another way, for that would end SQLite's locks on it.</summary>
    private static bool IsReadOnly(string path)
    {
        try
        {
            using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
            connection.Open();
            return SQLitePCL.raw.sqlite3_db_readonly(connection.Handle, "main") == 1;
        }
        catch (SqliteException)
        {
            return false;
        }
    }
}
