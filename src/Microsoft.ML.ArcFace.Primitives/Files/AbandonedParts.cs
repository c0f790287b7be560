using System.Text.RegularExpressions;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>Finds what processes that were killed left of files that they wrote as a part: the file's name, 32 hexadecimal digits and .part.</summary>
internal static partial class AbandonedParts
{
    private static readonly TimeSpan KeptAge = TimeSpan.FromDays(1);

    /// <summary>Deletes the parts of a file that nobody has written to for a day, and SQLite's logs of them, as far as that can be done.</summary>
    /// <param name="path">The whole path of the file.</param>
    public static void Delete(string path)
    {
        string name = Path.GetFileName(path);
        bool IsPart(string other) => other.StartsWith(name, StringComparison.Ordinal) && PartEnding().IsMatch(other.AsSpan(name.Length));
        Try(() => Array.ForEach(
            [.. Directory.EnumerateFiles(Path.GetDirectoryName(path)!, "*.part*").Where(part => IsPart(Path.GetFileName(part)) && DateTime.UtcNow - File.GetLastWriteTimeUtc(part) > KeptAge)],
            part => Try(() => new FileStream(part, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose).Dispose())));
    }

    /// <summary>A part that another process writes cannot be opened, and if the folder is the matter, making the file says so.</summary>
    private static void Try(Action tidyUp)
    {
        try
        {
            tidyUp();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What is in the way is told when the file is made.
        }
    }

    [GeneratedRegex(@"^\.[0-9a-f]{32}\.part(-wal|-journal)?$")]
    private static partial Regex PartEnding();
}
