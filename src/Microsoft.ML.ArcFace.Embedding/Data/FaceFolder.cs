using Microsoft.ML.ArcFace.Data.Folders;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>
/// Lists a tree of photographs, one folder a person, as a view that can be shuffled. Nothing is decoded. Folders whose names
/// differ in their Unicode form alone are of one person.
/// </summary>
internal static class FaceFolder
{
    public const string RelativePathColumn = nameof(FaceFile.RelativePath);

    private const string Remedy = "Give a folder that holds one folder a person, each with jpg, png, bmp or webp files.";
    private const int NamesInWarning = 5;

    /// <param name="environment">For the log.</param>
    /// <param name="observer">Is told how many are found.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="unreadable">Whether what cannot be opened, by its name or its rights, is an error.</param>
    /// <param name="leftOut">What was passed over.</param>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="InvalidOperationException">It holds no folder with photographs.</exception>
    /// <exception cref="FaceDataFormatException">Something cannot be opened.</exception>
    public static IDataView Load(IHostEnvironment environment, WorkObserver observer, string folder, UnreadableImages unreadable, out IReadOnlyList<LeftOutFiles> leftOut)
    {
        environment.CheckNonEmpty(folder, nameof(folder));
        string root = FullPath(folder, Remedy);
        using IChannel channel = environment.Start(nameof(FaceFolder));
        var files = new List<FaceFile>();
        string[] people;
        int strayPhotographs;
        PhotographWalk walk;
        using (WorkMeter meter = observer.Begin("photographs found", total: null))
        {
            walk = new PhotographWalk(root) { Found = count => meter.Advance(count) };

            // Ordinal order: the same rows in the same order on every machine.
            people = walk.FindPeople(out strayPhotographs);
            files.AddRange(people.SelectMany(person => FilesOf(walk, root, person)));
        }

        leftOut = walk.LeftOut;
        if (unreadable == UnreadableImages.Error)
        {
            walk.ThrowIfUnusable();
        }

        if (files.Count == 0)
        {
            string instead = leftOut.Count == 0 ? "" : $" {LeftOutText.Of(folder, leftOut)}";
            throw new InvalidOperationException($"The folder '{folder}' holds no photographs of people: it has {people.Length} folders, none with a photograph, " +
                $"and {strayPhotographs} photographs that lie in it directly. {Remedy}{instead}");
        }

        if (leftOut.Count > 0)
        {
            channel.Warning(LeftOutText.Of(folder, leftOut));
        }

        WarnOfJoinedPeople(channel, people);
        channel.Info($"'{folder}': {Counted.Of(files.Count, "photograph")} of {Counted.People(files.DistinctBy(file => file.Label, StringComparer.Ordinal).Count())}.");
        return FaceFile.ToView(files);
    }

    /// <summary>Finds all photographs of a tree, under any folder.</summary>
    public static string[] Find(IHostEnvironment environment, WorkObserver observer, string folder, UnreadableImages unreadable, out IReadOnlyList<LeftOutFiles> leftOut)
    {
        string root = FullPath(folder, "Give a folder that is there.");
        using WorkMeter meter = observer.Begin("photographs found", total: null);
        var walk = new PhotographWalk(root) { Found = count => meter.Advance(count) };
        string[] photographs = walk.FindPhotographs(root);
        leftOut = walk.LeftOut;
        if (unreadable == UnreadableImages.Error)
        {
            walk.ThrowIfUnusable();
        }

        if (leftOut.Count > 0)
        {
            using IChannel channel = environment.Start(nameof(FaceFolder));
            channel.Warning(LeftOutText.Of(folder, leftOut));
        }

        return photographs;
    }

    private static string FullPath(string folder, string remedy)
    {
        string root = Path.GetFullPath(folder);
        string problem = File.Exists(root) ? $"'{folder}' is a file" : $"The folder '{folder}' does not exist (looked for '{root}')";
        return Directory.Exists(root) ? root : throw new DirectoryNotFoundException($"{problem}. {remedy}");
    }

    private static IEnumerable<FaceFile> FilesOf(PhotographWalk walk, string root, string person)
    {
        string name = UnicodeNames.Compose(Path.GetFileName(person));
        return walk.FindPhotographsOf(person).Select(file => Path.GetRelativePath(root, file))
            .Select(path => new FaceFile(root, path, path.Replace(Path.DirectorySeparatorChar, '/'), name));
    }

    private static void WarnOfJoinedPeople(IChannel channel, string[] people)
    {
        string[] joined = [.. people.Select(Path.GetFileName).GroupBy(name => UnicodeNames.Compose(name!), StringComparer.Ordinal).Where(names => names.Count() > 1).Select(names => names.Key)];
        if (joined.Length > 0)
        {
            string names = string.Join(", ", joined.Take(NamesInWarning).Select(ShownName.Of)) + (joined.Length > NamesInWarning ? ", …" : "");
            channel.Warning($"{joined.Length} people have two folders whose names differ in their Unicode form alone (é is one character, or e and an accent); each is taken for one person: {names}.");
        }
    }
}
