using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Data.Lists;

/// <summary>
/// Finds the files that lists of other systems name. Where there is none of the name itself, backslashes are taken for
/// separators of folders, and a folder or file whose name differs in its Unicode form alone for the one that is meant.
/// </summary>
/// <param name="folder">What relative paths start from.</param>
internal sealed class ListedPaths(string folder)
{
    /// <summary>Names beyond ASCII in the folders that were looked into, by their form NFC.</summary>
    private readonly Dictionary<string, Dictionary<string, string>> _names = new(StringComparer.Ordinal);

    public string Folder => folder;

    /// <summary>How many paths were found in another Unicode form than listed.</summary>
    public int OtherFormCount { get; private set; }

    /// <summary>Gives the path as this system has it, relative where it is listed so.</summary>
    public string Find(string listed)
    {
        string path = listed;
        if (Path.DirectorySeparatorChar == '/' && path.Contains('\\', StringComparison.Ordinal) && !IsThere(path))
        {
            path = path.Replace('\\', '/');
        }

        if (System.Text.Ascii.IsValid(path) || IsThere(path))
        {
            return path;
        }

        string other = OtherForm(path);
        OtherFormCount += other == path ? 0 : 1;
        return other;
    }

    private bool IsThere(string path) => File.Exists(Path.Combine(folder, path));

    /// <summary>Gives the path with each name in the form that is there; as it was where a name is there in neither form.</summary>
    private string OtherForm(string path)
    {
        string[] names = path.Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar);
        string at = Path.IsPathRooted(path) ? Path.GetPathRoot(path)! : folder;
        for (int i = 0; i < names.Length; i++)
        {
            if (!System.Text.Ascii.IsValid(names[i]))
            {
                if (!NamesIn(at).TryGetValue(UnicodeNames.Compose(names[i]), out string? there))
                {
                    return path;
                }

                names[i] = Path.Exists(Path.Combine(at, names[i])) ? names[i] : there;
            }

            at = Path.Combine(at, names[i]);
        }

        return string.Join(Path.DirectorySeparatorChar, names);
    }

    private Dictionary<string, string> NamesIn(string place)
    {
        if (!_names.TryGetValue(place, out Dictionary<string, string>? names))
        {
            names = new Dictionary<string, string>(StringComparer.Ordinal);
            try
            {
                foreach (string name in Directory.EnumerateFileSystemEntries(place).Select(entry => Path.GetFileName(entry)).Where(name => !System.Text.Ascii.IsValid(name)).Order(StringComparer.Ordinal))
                {
                    names.TryAdd(UnicodeNames.Compose(name), name);
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Opening the listed file will say so.
            }

            _names.Add(place, names);
        }

        return names;
    }
}
