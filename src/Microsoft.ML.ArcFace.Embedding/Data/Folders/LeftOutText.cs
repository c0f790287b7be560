using System.Globalization;
using System.Text;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Data.Folders;

/// <summary>Tells people what a walk passed over, and what to do about it.</summary>
internal static class LeftOutText
{
    private const string NoFile = "no files; put photographs, or links to them, in their place";

    private const int MostLines = 10, ExamplesInLine = 3;

    private static readonly HashSet<string> OtherPictures = new(
        [".gif", ".tif", ".tiff", ".avif", ".jxl", ".jp2", ".j2k", ".psd", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".ppm", ".pgm", ".tga"], StringComparer.Ordinal);

    /// <summary>Gives a line for each kind, the first of which names the folder.</summary>
    public static string Of(string folder, IReadOnlyList<LeftOutFiles> leftOut)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"'{ShownName.Of(folder)}': {Counted.Of(leftOut.Sum(files => (long)files.Count), "file or folder is", "files or folders are")} left out:");
        foreach (LeftOutFiles files in leftOut.Take(MostLines))
        {
            text.Append(CultureInfo.InvariantCulture, $"{Environment.NewLine}  {Line(files)}");
        }

        if (leftOut.Count > MostLines)
        {
            IEnumerable<string> others = leftOut.Skip(MostLines).Take(MostLines).Select(files => string.Create(CultureInfo.InvariantCulture, $"{files.Count} {Words(files).What}"));
            text.Append(CultureInfo.InvariantCulture, $"{Environment.NewLine}  and {leftOut.Skip(MostLines).Sum(files => (long)files.Count)} more: {string.Join("; ", others)}{(leftOut.Count > 2 * MostLines ? "; …" : "")}");
        }

        return text.ToString();
    }

    /// <summary>Gives one kind: its number, examples, and what to do.</summary>
    public static string Line(LeftOutFiles files)
    {
        string examples = string.Join(", ", files.Examples.Take(ExamplesInLine).Select(ShownName.Of)) + (files.Count > Math.Min(files.Examples.Count, ExamplesInLine) ? ", …" : "");
        (string what, string remedy) = Words(files);
        return string.Create(CultureInfo.InvariantCulture, $"{files.Count} {what} ({examples}): {remedy}");
    }

    private static (string What, string Remedy) Words(LeftOutFiles files)
    {
        string ending = ShownName.Of(files.Ending);
        bool isOne = files.Count == 1;
        return files.Reason switch
        {
            LeftOutReason.Heic => (ending.Length == 0 ? "HEIC" : ending, "convert to JPEG, for example by heif-convert; iPhones write JPEG with Settings, Camera, Formats, Most Compatible"),
            LeftOutReason.OtherEnding when OtherPictures.Contains(files.Ending) => (ending, "convert to JPEG or PNG"),
            LeftOutReason.OtherEnding => (ending, "no photographs by their ending; jpg, png, bmp and webp are read"),
            LeftOutReason.NoPhotograph => ("without an ending", "no photographs by their first bytes"),
            LeftOutReason.Hidden => ("hidden", "rename to have them read"),
            LeftOutReason.Link => (isOne ? "link to a folder, or to nothing" : "links to folders, or to nothing", "not followed; put the photographs, or links to them, in their place"),
            LeftOutReason.OutsideOfPeople => (isOne ? "photograph outside of a person's folder" : "photographs outside of a person's folder", "put each into the folder of the person whom it shows"),
            LeftOutReason.EmptyFolder => (isOne ? "folder without a photograph" : "folders without a photograph", "add photographs, or remove the folder"),
            LeftOutReason.Unreadable => ("unreadable", "allow this user to read them (chmod -R u+rX)"),
            LeftOutReason.NameNotUtf8 => ("with a name that is not UTF-8", "rename, for example by convmv -r -f latin1 -t utf8 --notest"),
            LeftOutReason.NamedPipe => ("named pipe" + (isOne ? "" : "s"), NoFile),
            LeftOutReason.Socket => ("socket" + (isOne ? "" : "s"), NoFile),
            LeftOutReason.Device => ("device" + (isOne ? "" : "s"), NoFile),
            _ => ("with a path that is too long", "move to a folder with a shorter path"),
        };
    }
}
