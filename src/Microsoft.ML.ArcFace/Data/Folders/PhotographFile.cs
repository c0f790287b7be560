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

    /// <summary>Whether a file is one of the kinds that are read, by its first bytes.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static bool HasFirstBytes(string path)
    {
        // Pipes and devices have no length, and may block whoever opens them.
        if (new FileInfo(path).Length == 0)
        {
            return false;
        }

        Span<byte> start = stackalloc byte[12];
        using FileStream file = File.OpenRead(path);
        int read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        start = start[..read];
        return start is [0xFF, 0xD8, 0xFF, ..]
            || start is [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..]
            || start.StartsWith("BM"u8)
            || (start.StartsWith("RIFF"u8) && start.EndsWith("WEBP"u8));
    }
}
