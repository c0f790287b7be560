using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>
/// Tells whether a gallery's path still leads to the file that was opened, and the log is still beside it. On Unix both can be
/// moved or removed while they are open; SQLite then goes on writing to what no path leads to. Windows keeps open files in place.
/// </summary>
/// <param name="path">The file, or a link to it, which is open and whose log is open, too.</param>
internal sealed class GalleryPlace(string path)
{
    private readonly string _log = GalleryCreation.TargetOf(path) + "-wal";
    private readonly (long Disk, long Number)? _file = FileStamp.IdentityOf(path), _logFile = FileStamp.IdentityOf(GalleryCreation.TargetOf(path) + "-wal");

    /// <exception cref="FaceGalleryException">The file or its log is not where it was opened.</exception>
    public void ThrowIfLeft()
    {
        if (FileStamp.IdentityOf(path) != _file)
        {
            throw new FaceGalleryException(FaceGalleryProblem.Unreachable,
                $"The file of the gallery '{path}' was moved or removed since it was opened{(File.Exists(path) ? ", and another one is in its place" : "")}. It can be searched, but nothing more is changed in it: that would be lost. " +
                $"Put the file back, with its log '{_log}' beside it; if it is gone, write all that is in it to another path ({nameof(FaceGallery)}.{nameof(FaceGallery.BackupTo)}) before the program ends, or take a copy. Then open the gallery again.");
        }

        if (FileStamp.IdentityOf(_log) != _logFile)
        {
            throw new FaceGalleryException(FaceGalleryProblem.Unreachable,
                $"The log of the gallery '{path}', '{_log}', was moved or removed since it was opened. It can be searched, but nothing more is changed in it: a crash would lose that. " +
                "Close the gallery (stop the program as usual), which writes what was in the log to the file, and open it again.");
        }
    }
}
