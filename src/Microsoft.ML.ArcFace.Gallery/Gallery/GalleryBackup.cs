using Microsoft.Data.Sqlite;
using Microsoft.ML.ArcFace.Files;

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
        WriteNew($"The copy '{target}' of the gallery '{path}'", target, overwrite, connection.BackupDatabase);
    }

    /// <summary>Writes a gallery's file anew; its folder is made, too.</summary>
    /// <param name="what">The file, as the beginning of a sentence.</param>
    /// <param name="target">Its path.</param>
    /// <param name="overwrite">Whether it may take the place of another.</param>
    /// <param name="write">Fills an empty database.</param>
    /// <exception cref="FaceGalleryException">It cannot be written.</exception>
    public static void WriteNew(string what, string target, bool overwrite, Action<SqliteConnection> write)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            WholeDatabase.Write(target, overwrite, write);
        }
        catch (Exception error) when (error is SqliteException or IOException or UnauthorizedAccessException)
        {
            bool isFull = error is SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_FULL };
            throw new FaceGalleryException(FaceGalleryProblem.Unreachable,
                $"{what} could not be written: {(isFull ? "the disk is full" : error.Message.TrimEnd('.'))}. Nothing was changed; give a place with room for it that you may write to.", error);
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
    /// <param name="path">The gallery that it is made of.</param>
    /// <param name="target">Where it is to be put.</param>
    /// <param name="overwrite">Whether it may take the place of another file; null: it never may.</param>
    /// <exception cref="FaceGalleryException">It may not.</exception>
    public static void ThrowIfTaken(string path, string target, bool? overwrite)
    {
        string? finding = target == path ? "is the gallery itself. Give another path."
            : RegularFile.SpecialAt(target) is { } special ? $"is {SpecialFileException.Describe(special)}. Give the path of a file."
            : File.Exists(target) && overwrite is not true ? $"is there already, and was left as it is. Give another path{(overwrite is null ? "" : ", or say that it may be replaced: --overwrite (overwrite: true)")}."
            : LogBeside(target) is not { } log ? null
            : File.Exists(target) ? $"is a gallery that is open, or was not closed: beside it lies its log '{log}', which would not fit the new file. Give another path."
            : $"is the place of a gallery that is gone, whose log '{log}' is still there, with its last changes; it would be taken for the new file's. Give another path, or move the log away.";
        if (finding is null && File.Exists(target))
        {
            GalleryErrors.Explained(target, () => ReadOnlyGalleryFile.ThrowIfInUse(target));
        }

        if (finding is not null)
        {
            throw new FaceGalleryException(FaceGalleryProblem.Unreachable, $"'{target}' {finding}");
        }
    }

    /// <summary>Finds what SQLite would carry over into a file of that path.</summary>
    private static string? LogBeside(string target) =>
        new[] { target + "-wal", target + "-journal" }.FirstOrDefault(log => new FileInfo(log) is { Exists: true, Length: > 0 });
}
