using Microsoft.Data.Sqlite;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Copies a gallery's file, its log included, into one file that appears when it is whole.</summary>
internal static class GalleryBackup
{
    /// <summary>Copies a file that is not open here.</summary>
    /// <exception cref="FaceGalleryException">It cannot be read, is no gallery, or is damaged; or the copy cannot be written, or is there already.</exception>
    public static void OfFile(string path, string target, bool overwrite)
    {
        ThrowIfTaken(path, target, overwrite);
        ReadOnlyGalleryFile.Read(path, connection =>
        {
            ThrowIfDamaged(path, connection);
            Write(path, connection, target, overwrite);
            return true;
        });
    }

    /// <summary>Copies what a connection reads.</summary>
    /// <exception cref="FaceGalleryException">The copy cannot be written, or is there already.</exception>
    public static void Write(string path, SqliteConnection connection, string target, bool overwrite)
    {
        ThrowIfTaken(path, target, overwrite);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            WholeDatabase.Write(target, overwrite, connection.BackupDatabase);
        }
        catch (Exception error) when (error is SqliteException or IOException or UnauthorizedAccessException)
        {
            bool isFull = error is SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_FULL };
            throw new FaceGalleryException(FaceGalleryProblem.Unreachable,
                $"The copy '{target}' of the gallery '{path}' could not be written: {(isFull ? "the disk is full" : error.Message.TrimEnd('.'))}. Nothing was changed; give a place with room for it that you may write to.", error);
        }
    }

    /// <summary>Looks at all that can be checked without the key, so that the copy of a damaged gallery takes no good one's place.</summary>
    private static void ThrowIfDamaged(string path, SqliteConnection connection)
    {
        GalleryHeader header = GallerySchema.ReadUnchecked(connection, path);
        var rows = new GalleryRowReader(connection, header);
        (int Count, int Sound) people = CountOf(rows.People()), photographs = CountOf(rows.Photographs());
        bool areCounted = !header.HasDigests || (people.Count, photographs.Count) == (header.Counts.People, header.Counts.Photographs);
        if (!areCounted || people.Count != people.Sound || photographs.Count != photographs.Sound || !GallerySchema.IsStructureSound(connection))
        {
            throw GalleryErrors.Damaged(path, "not all of it is as it was written, so no copy was made");
        }

        static (int Count, int Sound) CountOf(IEnumerable<GalleryRow> rows) => rows.Aggregate((Count: 0, Sound: 0), (counts, row) => (counts.Count + 1, counts.Sound + (row.IsSound ? 1 : 0)));
    }

    /// <summary>Makes sure that a copy or another new file may be put somewhere.</summary>
    /// <exception cref="FaceGalleryException">It may not.</exception>
    public static void ThrowIfTaken(string path, string target, bool overwrite)
    {
        string? finding = target == path ? "is the gallery itself. Give another path."
            : Directory.Exists(target) ? "is a folder. Give the path of a file."
            : !File.Exists(target) ? null
            : !overwrite ? "is there already, and was left as it is. Give another path, or say that it may be replaced: --overwrite (overwrite: true)."
            : new FileInfo(target + "-wal") is { Exists: true, Length: > 0 } ? $"is a gallery that is open, or was not closed: beside it lies its log '{target}-wal', which would not fit the copy. Give another path."
            : null;
        if (finding is null && File.Exists(target))
        {
            GalleryErrors.Explained(target, () => ReadOnlyGalleryFile.ThrowIfInUse(target));
        }

        if (finding is not null)
        {
            throw new FaceGalleryException(FaceGalleryProblem.Unreachable, $"'{target}' {finding}");
        }
    }
}
