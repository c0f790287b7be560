using Microsoft.ML.ArcFace.Progress;

namespace Microsoft.ML.ArcFace.Tool.Grouping;

/// <summary>
/// Writes photographs that were sorted into people as a folder a person, copies or links, so that the photographs stay where
/// they are. The folder appears when it is whole.
/// </summary>
internal static class PeopleFolders
{
    /// <summary>Refuses a folder that holds something, or whose contents the next walk over the photographs would find.</summary>
    /// <param name="path">The folder, which need not be there.</param>
    /// <param name="lookedIn">The photographs, and folders of them.</param>
    /// <exception cref="IOException">It does not fit; the message says why.</exception>
    public static void Check(string path, IEnumerable<FileSystemInfo> lookedIn)
    {
        if (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()))
        {
            throw new IOException($"--output is '{path}', which {(File.Exists(path) ? "is a file" : "holds something already")}; nothing is overwritten. Give a folder that is not there yet, or is empty.");
        }

        string within = Path.TrimEndingDirectorySeparator(path) + Path.DirectorySeparatorChar;
        if (lookedIn.FirstOrDefault(place => Directory.Exists(place.FullName) && within.StartsWith(Path.TrimEndingDirectorySeparator(place.FullName) + Path.DirectorySeparatorChar, StringComparison.Ordinal)) is { } around)
        {
            throw new IOException($"--output is '{path}', which lies in '{around}', whose photographs are sorted: the next time the copies would be among them. Give a folder outside of it.");
        }

        Terminal.ModelFile.CheckWritable(Path.TrimEndingDirectorySeparator(path) + ".probe");
    }

    /// <summary>Writes the folders.</summary>
    /// <param name="run">The command.</param>
    /// <param name="path">The folder (<see cref="Check"/>).</param>
    /// <param name="people">The name of each folder, and its photographs.</param>
    /// <param name="links">Whether symbolic links are made; else copies.</param>
    /// <exception cref="IOException">A photograph cannot be copied, or a link not be made.</exception>
    public static void Write(ToolRun run, string path, IReadOnlyCollection<(string Folder, IReadOnlyList<string> Photographs)> people, bool links)
    {
        string target = Path.TrimEndingDirectorySeparator(path), part = $"{target}.{Guid.NewGuid():N}.part";
        using WorkMeter meter = run.Begin(links ? "links made" : "photographs copied", people.Sum(person => (long)person.Photographs.Count));
        try
        {
            Directory.CreateDirectory(part);
            foreach ((string folder, IReadOnlyList<string> photographs) in people)
            {
                string person = Directory.CreateDirectory(Path.Combine(part, folder)).FullName;
                var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
                foreach (string photograph in photographs)
                {
                    Place(photograph, Path.Combine(person, NewName(photograph, names)), links);
                    meter.Advance();
                }
            }

            if (Directory.Exists(target))
            {
                // Empty, or else it is not deleted.
                Directory.Delete(target);
            }

            Directory.Move(part, target);
        }
        catch
        {
            DeleteIfThere(part);
            throw;
        }
    }

    private static void Place(string photograph, string place, bool links)
    {
        if (!links)
        {
            File.Copy(photograph, place);
            return;
        }

        try
        {
            File.CreateSymbolicLink(place, photograph);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"No link to '{photograph}' can be made ({error.Message.TrimEnd('.')}). Leave out --links, which copies the photographs, or allow this user to make links.", error);
        }
    }

    /// <summary>The file's own name, with a number where the person has another photograph of this name, from another folder.</summary>
    private static string NewName(string photograph, HashSet<string> names)
    {
        string name = Path.GetFileName(photograph);
        for (int number = 2; !names.Add(name); number++)
        {
            name = $"{Path.GetFileNameWithoutExtension(photograph)}-{number}{Path.GetExtension(photograph)}";
        }

        return name;
    }

    private static void DeleteIfThere(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The error that is on its way is to be told.
        }
    }
}
