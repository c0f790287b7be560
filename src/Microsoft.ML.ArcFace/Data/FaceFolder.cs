using System.IO.Enumeration;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>
/// Lists a tree of photographs, one folder a person, as a view that can be shuffled. Nothing is decoded. Hidden files
/// and folders are left out; below a person's folder, links to folders are not followed, so that no circle of links
/// counts a photograph twice.
/// </summary>
internal static class FaceFolder
{
    public const string RelativePathColumn = nameof(FaceFile.RelativePath);

    private const string Remedy = "Give a folder that holds one folder a person, each with jpg, png, bmp or webp files.";
    private const int NamesInWarning = 5;
    private const int PhotographsBetweenReports = 100_000;

    private static readonly HashSet<string> Extensions = new(StringComparer.OrdinalIgnoreCase) { ".jpg", ".jpeg", ".png", ".bmp", ".webp" };

    // What may not be read is an error and not an empty folder.
    private static readonly EnumerationOptions Visible = new() { IgnoreInaccessible = false };
    private static readonly EnumerationOptions VisibleAtAnyDepth = new() { IgnoreInaccessible = false, RecurseSubdirectories = true };

    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="InvalidOperationException">It holds no folder with photographs.</exception>
    public static IDataView Load(IHostEnvironment environment, string folder)
    {
        environment.CheckNonEmpty(folder, nameof(folder));
        string root = Path.GetFullPath(folder);
        if (!Directory.Exists(root))
        {
            string problem = File.Exists(root) ? $"'{folder}' is a file" : $"The folder '{folder}' does not exist (looked for '{root}')";
            throw new DirectoryNotFoundException($"{problem}. {Remedy}");
        }

        using IChannel channel = environment.Start(nameof(FaceFolder));

        // Ordinal order: the same rows in the same order on every machine.
        var people = new List<(string Name, FaceFile[] Files)>();
        int count = 0, reported = 0;
        foreach (string person in Directory.EnumerateDirectories(root, "*", Visible).Order(StringComparer.Ordinal))
        {
            people.Add((Path.GetFileName(person), PhotographsOf(root, person)));
            count += people[^1].Files.Length;
            if (count / PhotographsBetweenReports > reported)
            {
                reported = count / PhotographsBetweenReports;
                channel.Info($"'{folder}': {count} photographs of {people.Count} people found so far.");
            }
        }

        int strayPhotographs = Directory.EnumerateFiles(root, "*", Visible).Count(IsPhotograph);
        if (count == 0)
        {
            throw new InvalidOperationException($"The folder '{folder}' holds no photographs of people: it has {people.Count} folders, none with a photograph, " +
                $"and {strayPhotographs} photographs that lie in it directly. {Remedy}");
        }

        string[] emptyPeople = [.. people.Where(person => person.Files.Length == 0).Select(person => person.Name)];
        WarnOfWhatIsLeftOut(channel, folder, emptyPeople, strayPhotographs);
        channel.Info($"'{folder}': {count} photographs of {people.Count - emptyPeople.Length} people.");
        FaceFile[] files = [.. people.SelectMany(person => person.Files)];
        return FaceFile.ToView(files);
    }

    private static FaceFile[] PhotographsOf(string root, string person)
    {
        var files = new FileSystemEnumerable<string>(person, (ref FileSystemEntry entry) => entry.ToFullPath(), VisibleAtAnyDepth)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory,
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
        string name = Path.GetFileName(person);
        return
        [
            .. files.Where(IsPhotograph).Order(StringComparer.Ordinal).Select(file => Path.GetRelativePath(root, file))
                .Select(path => new FaceFile(root, path, path.Replace(Path.DirectorySeparatorChar, '/'), name)),
        ];
    }

    /// <summary>Whether a file is one of the kinds that are read, by its ending.</summary>
    public static bool IsPhotograph(string file) => Extensions.Contains(Path.GetExtension(file));

    private static void WarnOfWhatIsLeftOut(IChannel channel, string folder, string[] emptyPeople, int strayPhotographs)
    {
        if (emptyPeople.Length > 0)
        {
            string names = string.Join(", ", emptyPeople.Take(NamesInWarning)) + (emptyPeople.Length > NamesInWarning ? ", …" : "");
            channel.Warning($"{emptyPeople.Length} folders below '{folder}' hold no photographs and are left out: {names}.");
        }

        if (strayPhotographs > 0)
        {
            channel.Warning($"{strayPhotographs} photographs lie in '{folder}' directly, outside of a person's folder, and are left out.");
        }
    }
}
