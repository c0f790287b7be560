using Microsoft.Data.Sqlite;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Makes the file of a new gallery, which appears under its name when it is one; what is there already is left alone.</summary>
internal static class GalleryCreation
{
    /// <summary>Makes the gallery if it is not there and may be made.</summary>
    /// <exception cref="FaceGalleryException">It is not there and may not be made, or what is there lost its content.</exception>
    public static void Ensure(string path, FaceGalleryModel model, RecordSeal? seal, bool createIfMissing)
    {
        // .NET takes a link for a file, whether or not there is one behind it.
        string target = TargetOf(path);
        if (File.Exists(target))
        {
            ThrowIfCutOff(path);
            return;
        }

        if (!createIfMissing || Directory.Exists(path))
        {
            throw new FaceGalleryException(FaceGalleryProblem.Unreachable,
                $"There is no gallery '{path}'{(Directory.Exists(path) ? ", but a folder of that name" : $", and {nameof(FaceGalleryOptions.CreateIfMissing)} is false")}. Check the path.");
        }

        if (new FileInfo(target + "-wal") is { Exists: true, Length: > 0 })
        {
            throw new FaceGalleryException(FaceGalleryProblem.Damaged,
                $"There is no gallery '{path}', but the log of one, '{target}-wal', in which its last changes may be. Put the file back beside it, or delete the log for a new gallery.");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        try
        {
            WholeDatabase.Write(target, overwrite: false, connection =>
            {
                GalleryHeader header = GalleryHeader.Create(model, seal);
                GallerySchema.Create(connection, header, header.RecordsFor(seal));
            });
        }
        catch (IOException) when (File.Exists(target))
        {
            // Another process was faster; its gallery is opened as any other.
        }
    }

    /// <exception cref="FaceGalleryException">There is no file in the place, but a pipe or a device. Or the file has no bytes, or one: whatever was in it is lost, and a new gallery in its place would hide that.</exception>
    public static void ThrowIfCutOff(string path)
    {
        if (RegularFile.SpecialAt(path) is { } special)
        {
            throw new FaceGalleryException(FaceGalleryProblem.NotAGallery, $"The gallery '{path}' is {SpecialFileException.Describe(special)}, where a file is due. Give {FileUse.Gallery.Needed}.");
        }

        // Not opened: closing it would end the locks that SQLite has on it in this process.
        if (new FileInfo(TargetOf(path)).Length is var length and <= 1)
        {
            throw new FaceGalleryException(FaceGalleryProblem.Damaged,
                $"The gallery '{path}' {(length == 0 ? "is empty (0 bytes)" : "has 1 byte")}: it was cut off, or is no gallery. It is left as it is: " +
                "take a copy from before the damage, or delete the file for a new gallery.");
        }
    }

    /// <summary>The file that a path leads to, over links, whether or not it is there: SQLite's log is beside it.</summary>
    public static string TargetOf(string path)
    {
        const int maxLinks = 40;
        for (int link = 0; link < maxLinks && new FileInfo(path).LinkTarget is { } next; link++)
        {
            path = Path.GetFullPath(next, Path.GetDirectoryName(path)!);
        }

        return path;
    }
}
