using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Data.Folders;

/// <summary>Tells photographs from other files, by their ending or by their first bytes.</summary>
internal static class PhotographFile
{
    private static readonly HashSet<string> Endings = new(StringComparer.OrdinalIgnoreCase) { ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp" };
    private static readonly HashSet<string> HeicEndings = new(StringComparer.OrdinalIgnoreCase) { ".heic", ".heif", ".hif" };

    /// <summary>Whether a file is one of the kinds that are read, by its ending.</summary>
    public static bool HasEnding(string path) => Endings.Contains(Path.GetExtension(path));

    /// <summary>Whether a file is a photograph in HEIC, which is not read, by its ending.</summary>
    public static bool IsHeic(string path) => HeicEndings.Contains(Path.GetExtension(path));

    /// <summary>What a file is by its first bytes.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static FileKind KindOf(string path) =>
        new FileInfo(path).Length == 0 ? FileKind.Empty                       // pipes and devices, too, which may block whoever opens them
            : FileKinds.OfFile(path);
}
