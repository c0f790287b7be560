using Microsoft.Data.Sqlite;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>What SQLite and the system say, in words that help whoever uses a gallery.</summary>
internal static class GalleryErrors
{
    private const string AfterDamage = "Take a copy from before the damage, or read out what is sound with arcface recover (FaceGallery.Recover).";

    /// <summary>Something in the file is not as it was written.</summary>
    /// <param name="path">The gallery.</param>
    /// <param name="finding">What is wrong, as a sentence without its end.</param>
    public static FaceGalleryException Damaged(string path, string finding) => new(FaceGalleryProblem.Damaged, $"The gallery '{path}' is damaged: {finding}. {AfterDamage}");

    /// <summary>So little of the file is left that recovering it gives nothing, or it was never a gallery.</summary>
    /// <param name="path">The file.</param>
    /// <param name="finding">What is wrong, as a sentence without its end.</param>
    public static FaceGalleryException BeyondRecovery(string path, string finding) => new(FaceGalleryProblem.Damaged,
        $"'{path}' is no gallery of which something can be read out: {finding}. It is left as it is: take a copy from before the damage, or, if it is another program's database, give another path.");

    public static void Explained(string path, Action work) => Explained(path, () =>
    {
        work();
        return true;
    });

    public static T Explained<T>(string path, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException error)
        {
            (FaceGalleryProblem problem, string finding) = Explain(error.SqliteErrorCode);
            FileNature? nature = problem == FaceGalleryProblem.NotAGallery ? FileNature.Of(path) : null;
            if (nature?.Kind == FileKind.Sqlite)
            {
                (problem, finding) = Explain(SQLitePCL.raw.SQLITE_CORRUPT);
            }

            string? mismatch = nature is null ? null : FileUse.Gallery.Mismatch(nature);
            throw new FaceGalleryException(problem, mismatch is null ? $"The gallery '{path}' {finding} (SQLite: {error.Message})" : $"'{path}' is no gallery. {mismatch}", error);
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException)
        {
            throw new FaceGalleryException(FaceGalleryProblem.Unreachable, $"The gallery '{path}' cannot be opened: {error.Message} Give a path in a folder that you may write to.", error);
        }
        catch (Exception error) when (error is InvalidCastException or FormatException or OverflowException)
        {
            throw new FaceGalleryException(FaceGalleryProblem.Damaged, Damaged(path, "a value is of another kind than was written").Message, error);
        }
    }

    private static (FaceGalleryProblem Problem, string Finding) Explain(int code) => code switch
    {
        SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED => (FaceGalleryProblem.InUse, "is open elsewhere, in this process or another. One gallery has a file for itself: close the other, or share this one."),
        SQLitePCL.raw.SQLITE_NOTADB => (FaceGalleryProblem.NotAGallery, "is another kind of file, or its beginning is damaged. Give another path, or a copy from before the damage."),
        SQLitePCL.raw.SQLITE_CORRUPT => (FaceGalleryProblem.Damaged, $"is damaged. {AfterDamage}"),
        SQLitePCL.raw.SQLITE_FULL => (FaceGalleryProblem.Unreachable, "could not be written: the disk is full. Free some space and try again."),
        SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_CANTOPEN or SQLitePCL.raw.SQLITE_PERM or SQLitePCL.raw.SQLITE_AUTH =>
            (FaceGalleryProblem.Unreachable, "cannot be opened. Look at who may read and write the file and its folder, or give a path in a folder that you may write to."),
        SQLitePCL.raw.SQLITE_IOERR => (FaceGalleryProblem.Unreachable, "could not be read or written; look at the disk."),
        _ => (FaceGalleryProblem.Damaged, $"cannot be used: it is not as it was written. {AfterDamage}"),
    };
}
