namespace Microsoft.ML.ArcFace.Files;

/// <summary>Tells photographs from other files by their ending.</summary>
internal static class PhotographFile
{
    /// <summary>The endings that are read, the most usual first.</summary>
    public static IReadOnlyList<string> Endings { get; } = [".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp"];

    private static readonly HashSet<string> HeicEndings = new(StringComparer.OrdinalIgnoreCase) { ".heic", ".heif", ".hif" };

    /// <summary>Tells whether a file is one of the kinds that are read, by its ending.</summary>
    public static bool HasEnding(string path) => Endings.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Tells whether a file is a photograph in HEIC, which is not read, by its ending.</summary>
    public static bool IsHeic(string path) => HeicEndings.Contains(Path.GetExtension(path));
}
