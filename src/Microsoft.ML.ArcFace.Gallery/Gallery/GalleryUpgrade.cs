using Microsoft.Data.Sqlite;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Brings a file of version 1 to the present version: in one transaction, after a copy was written beside it.</summary>
internal static class GalleryUpgrade
{
    /// <summary>Upgrades the file, or leaves it as it was.</summary>
    /// <param name="connection">The file, open to write.</param>
    /// <param name="path">Its path.</param>
    /// <param name="header">What it says of itself, with the counts of what was read.</param>
    /// <param name="records">Its records.</param>
    /// <param name="digest">Digests its rows.</param>
    /// <returns>The copy from before, and the header as it is now.</returns>
    public static (string Backup, GalleryHeader Header) Run(SqliteConnection connection, string path, GalleryHeader header, GalleryRecords records, RowDigest digest)
    {
        string backup = BackupNames(path).First(name => !File.Exists(name));
        GalleryBackup.Write(path, connection, backup, overwrite: false);
        GalleryHeader upgraded = header with { Version = GallerySchema.Version };
        try
        {
            connection.CreateFunction("person_digest", (long number, byte[] details) => digest.OfPerson(number, details), isDeterministic: true);
            connection.CreateFunction("photograph_digest", (long number, long person, byte[] details, byte[] embedding) => digest.OfPhotograph(number, person, details, embedding), isDeterministic: true);
            using SqliteTransaction transaction = connection.BeginTransaction();
            GallerySchema.Upgrade(connection);
            GallerySchema.Execute(connection, "UPDATE person SET digest = person_digest(number, details); UPDATE photograph SET digest = photograph_digest(number, person, details, embedding)");
            upgraded.Update(connection, records);
            transaction.Commit();
        }
        catch
        {
            File.Delete(backup);
            throw;
        }

        try
        {
            // The log is now as long as the file was.
            GallerySchema.TruncateLog(connection);
        }
        catch (SqliteException)
        {
            // It is upgraded; the log goes into the file as soon as there is room for it.
        }

        return (backup, upgraded);
    }

    /// <summary>Lists the copies from before an upgrade that are beside a gallery.</summary>
    public static IEnumerable<string> BackupsOf(string path) => BackupNames(path).TakeWhile(File.Exists);

    private static IEnumerable<string> BackupNames(string path)
    {
        yield return $"{path}.version1.backup";
        for (int number = 2; ; number++)
        {
            yield return $"{path}.version1-{number}.backup";
        }
    }
}
