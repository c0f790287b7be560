using System.IO.Enumeration;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Data.Folders;

/// <summary>
/// Finds the photographs below a folder, by one rule for every walk. No link to a folder is followed, at any depth, so that no
/// circle of links counts a photograph twice; links to files are read. Hidden files are left out. A file without an ending is a
/// photograph when its first bytes are those of one. What is passed over is counted.
/// </summary>
/// <param name="root">The folder; it may be a link itself.</param>
internal sealed class PhotographWalk(string root)
{
    /// <summary>Longest path that Linux and macOS open, in bytes and without the zero behind it.</summary>
    private static readonly int LongestPath = OperatingSystem.IsWindows() ? int.MaxValue : OperatingSystem.IsMacOS() ? 1023 : 4095;

    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    /// <summary>How many files are listed between two looks at whether the walk is to stop.</summary>
    private const int ListedAtOnce = 4096;

    private readonly LeftOutCounter _leftOut = new();

    /// <summary>Is told of the photographs as they are found, and now and then of none while a large folder is listed; may stop the walk by an exception.</summary>
    public Action<int>? Found { get; init; }

    /// <summary>The files and folders that were passed over so far.</summary>
    public IReadOnlyList<LeftOutFiles> LeftOut => _leftOut.All;

    /// <summary>Lists the folders of people: those directly below the root, by name.</summary>
    /// <param name="strayPhotographs">How many photographs lie beside them, which are counted as left out.</param>
    public string[] FindPeople(out int strayPhotographs)
    {
        Entry[] entries = EntriesOf(root);
        strayPhotographs = 0;
        foreach (string stray in entries.Where(entry => !entry.IsFolder).Select(entry => entry.Path).Where(IsPhotograph))
        {
            strayPhotographs++;
            _leftOut.AddFile(LeftOutReason.OutsideOfPeople, Relative(stray));
        }

        return [.. entries.Where(entry => entry.IsFolder).Select(entry => entry.Path)];
    }

    /// <summary>Finds the photographs of a folder and of those below it, by their paths in ordinal order.</summary>
    public string[] FindPhotographs(string folder)
    {
        var photographs = new List<string>();
        var folders = new Stack<string>([folder]);
        while (folders.TryPop(out string? next))
        {
            foreach (Entry entry in EntriesOf(next))
            {
                if (entry.IsFolder)
                {
                    folders.Push(entry.Path);
                }
                else if (IsPhotograph(entry.Path))
                {
                    photographs.Add(entry.Path);
                    Found?.Invoke(1);
                }
            }
        }

        return [.. photographs.Order(StringComparer.Ordinal)];
    }

    /// <summary>Finds the photographs of a person's folder, and counts the folder as left out if it has none.</summary>
    public string[] FindPhotographsOf(string person)
    {
        string[] photographs = FindPhotographs(person);
        if (photographs.Length == 0)
        {
            _leftOut.AddFolder(LeftOutReason.EmptyFolder, Relative(person));
        }

        return photographs;
    }

    /// <summary>Refuses what was found and cannot be opened, after the walk, so that all of it is named at once.</summary>
    /// <exception cref="FaceDataFormatException">There are such folders or photographs.</exception>
    public void ThrowIfUnusable()
    {
        LeftOutFiles[] unusable = [.. LeftOut.Where(files => files.Reason is LeftOutReason.NameNotUtf8 or LeftOutReason.PathTooLong or LeftOutReason.Unreadable)];
        if (unusable.Length > 0)
        {
            throw new FaceDataFormatException(
                $"'{ShownName.Of(root)}' holds what cannot be opened: {string.Join("; ", unusable.Select(LeftOutText.Line))}. " +
                "Or leave them out: --skip-unusable of the command line, UnreadableImages.Skip of LoadFromFolder.");
        }
    }

    /// <summary>Gives a path below the root as it is shown: with forward slashes.</summary>
    private string Relative(string path) => Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/');

    private bool IsPhotograph(string path)
    {
        if (PhotographFile.HasEnding(path))
        {
            return RegularFile.SpecialAt(path) is not { } special || LeaveOut(path, special);
        }

        if (Path.GetExtension(path).Length > 0)
        {
            _leftOut.AddFile(PhotographFile.IsHeic(path) ? LeftOutReason.Heic : LeftOutReason.OtherEnding, Relative(path));
            return false;
        }

        LeftOutReason reason;
        try
        {
            FileKind kind = FileKinds.OfFile(path);
            if (kind.IsPhotograph())
            {
                return true;
            }

            reason = kind == FileKind.Heic ? LeftOutReason.Heic : LeftOutReason.NoPhotograph;
        }
        catch (SpecialFileException special)
        {
            return LeaveOut(path, special.Kind);
        }
        catch (FileNotFoundException)
        {
            reason = LeftOutReason.Link;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            reason = LeftOutReason.Unreadable;
        }

        _leftOut.AddFile(reason, Relative(path));
        return false;
    }

    /// <summary>Counts what looks like a photograph by its name and is no file; always false.</summary>
    private bool LeaveOut(string path, SpecialFile special)
    {
        _leftOut.AddFile(special switch { SpecialFile.NamedPipe => LeftOutReason.NamedPipe, SpecialFile.Socket => LeftOutReason.Socket, _ => LeftOutReason.Device }, Relative(path));
        return false;
    }

    /// <summary>Lists what lies in a folder and is neither hidden, nor a link to a folder, nor impossible to open; by name.</summary>
    private Entry[] EntriesOf(string folder)
    {
        Entry[] entries = List(folder);
        Array.Sort(entries, (first, second) => string.CompareOrdinal(first.Path, second.Path));
        var notUtf8 = new List<(string Shown, string Escaped)>(entries.Any(entry => NamesNotUtf8.MayBe(entry.Path)) ? NamesNotUtf8.Of(folder) : []);
        return [.. entries.Where(entry => CanBeRead(entry, notUtf8))];
    }

    private bool CanBeRead(Entry entry, List<(string Shown, string Escaped)> notUtf8)
    {
        if (notUtf8.FindIndex(name => name.Shown == Path.GetFileName(entry.Path)) is >= 0 and int index)
        {
            // Another name may look the same: each is met as often as it is there.
            string escaped = Path.Combine(Path.GetDirectoryName(entry.Path)!, notUtf8[index].Escaped);
            notUtf8.RemoveAt(index);
            return LeaveOut(entry with { Path = escaped }, entry.IsHidden ? LeftOutReason.Hidden : LeftOutReason.NameNotUtf8);
        }

        return entry.IsHidden ? LeaveOut(entry, LeftOutReason.Hidden)
            : entry.IsFolder && entry.IsLink ? LeaveOut(entry, LeftOutReason.Link)
            : entry.Path.Length <= LongestPath / 4 || System.Text.Encoding.UTF8.GetByteCount(entry.Path) <= LongestPath || LeaveOut(entry, LeftOutReason.PathTooLong);
    }

    /// <summary>Counts an entry that is not read; always false. Files that would not be read anyway are no loss.</summary>
    private bool LeaveOut(Entry entry, LeftOutReason reason)
    {
        if (entry.IsFolder)
        {
            _leftOut.AddFolder(reason, Relative(entry.Path));
        }
        else if (reason == LeftOutReason.Hidden || PhotographFile.HasEnding(entry.Path) || Path.GetExtension(entry.Path).Length == 0)
        {
            _leftOut.AddFile(reason, Relative(entry.Path));
        }
        else
        {
            _leftOut.AddFile(PhotographFile.IsHeic(entry.Path) ? LeftOutReason.Heic : LeftOutReason.OtherEnding, Relative(entry.Path));
        }

        return false;
    }

    private Entry[] List(string folder)
    {
        try
        {
            var entries = new List<Entry>();
            foreach (Entry entry in new FileSystemEnumerable<Entry>(folder, ToEntry, Everything))
            {
                entries.Add(entry);
                if (entries.Count % ListedAtOnce == 0)
                {
                    Found?.Invoke(0);
                }
            }

            return [.. entries];
        }
        catch (PathTooLongException)
        {
            _leftOut.AddFolder(LeftOutReason.PathTooLong, Relative(folder));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _leftOut.AddFolder(LeftOutReason.Unreadable, Relative(folder));
        }

        return [];
    }

    private static Entry ToEntry(ref FileSystemEntry entry)
    {
        // To ask for the attributes of each file costs a call of the system; Linux hides by the name alone.
        bool isHidden = entry.FileName.StartsWith('.') || (!OperatingSystem.IsLinux() && (entry.Attributes & (FileAttributes.Hidden | FileAttributes.System)) != 0);
        bool isLink = entry.IsDirectory && (entry.Attributes & FileAttributes.ReparsePoint) != 0 && entry.ToFileSystemInfo().LinkTarget is not null;

        // ToFullPath gives an empty string for a path that is too long.
        return new Entry(System.IO.Path.Join(entry.Directory, entry.FileName), entry.IsDirectory, isLink, isHidden);
    }

    private readonly record struct Entry(string Path, bool IsFolder, bool IsLink, bool IsHidden);
}
