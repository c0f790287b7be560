using System.Globalization;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>
/// Finds the pictures that pairs name among those that are there. LFW's pairs.txt gives a person and a number, and sets call such
/// a picture Ada/Ada_0001.jpg, Ada/0001.png or Ada/1.jpg: what is there decides. So it does on a name's Unicode form.
/// </summary>
internal sealed class PictureNames
{
    private const int NamedExamples = 3;

    private readonly IReadOnlySet<string> _wanted;
    private readonly Dictionary<string, string> _wantedOfKey = new(StringComparer.Ordinal);
    private readonly HashSet<string> _found = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _others = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _pictureOfPerson = new(StringComparer.Ordinal);
    private string? _anyPicture;

    /// <param name="wanted">The names that the pairs use.</param>
    public PictureNames(IReadOnlySet<string> wanted)
    {
        _wanted = wanted;
        foreach (string name in wanted)
        {
            if (KeyOf(name) is { } key)
            {
                _wantedOfKey.TryAdd(key, name);
            }
        }
    }

    /// <summary>Takes note of a picture that is there.</summary>
    public void Add(string picture)
    {
        if (_wanted.Contains(picture))
        {
            _found.Add(picture);
            return;
        }

        _anyPicture ??= picture;
        if (_wantedOfKey.Count == 0 || KeyOf(picture) is not { } key)
        {
            return;
        }

        _pictureOfPerson.TryAdd(PersonOf(key), picture);
        if (_wantedOfKey.TryGetValue(key, out string? name) && (!_others.TryGetValue(name, out string? other) || IsNearer(picture, other, name)))
        {
            _others[name] = picture;
        }
    }

    /// <summary>Gives the pictures that are there under another name than the pairs'.</summary>
    /// <param name="where">Where the pictures' names stand, for the message, such as "the column 'RelativePath'".</param>
    /// <exception cref="InvalidOperationException">A picture is there under no name.</exception>
    public Dictionary<string, string> OtherNames(string where)
    {
        string[] absent = [.. _wanted.Where(name => !_found.Contains(name) && !_others.ContainsKey(name)).Order(StringComparer.Ordinal)];
        return absent.Length == 0
            ? _others.Where(other => !_found.Contains(other.Key)).ToDictionary(StringComparer.Ordinal)
            : throw new InvalidOperationException(
                $"{absent.Length} of the {_wanted.Count} pictures that the pairs name are missing in {where}: {Examples(absent)}. {LookedFor(absent[0])}" +
                "Load the folder that the pairs were made for; they name pictures by their path below it. Where it calls them in a way of its own, say how (picturePattern of LoadPairs, --picture-pattern).");
    }

    /// <summary>Gives a few names for a message.</summary>
    public static string Examples(IReadOnlyCollection<string> pictures) =>
        string.Join(", ", pictures.Order(StringComparer.Ordinal).Take(NamedExamples).Select(ShownName.Of)) + (pictures.Count > NamedExamples ? ", …" : "");

    private string LookedFor(string name)
    {
        string there = KeyOf(name) is { } key && _pictureOfPerson.TryGetValue(PersonOf(key), out string? ofPerson) ? ofPerson : _anyPicture ?? _found.FirstOrDefault() ?? "";
        string looked = KeyOf(name) is null ? ""
            : $"'{ShownName.Of(name)}' was looked for under this name, as '{ShownName.Of(WithPerson(name))}', and with the endings {string.Join(", ", PhotographFile.Endings)}. ";
        return there.Length == 0 ? $"{looked}No picture is there at all. " : $"{looked}A picture that is there: '{ShownName.Of(there)}'. ";
    }

    /// <summary>Puts the person into the name: Ada/0001.jpg → Ada/Ada_0001.jpg.</summary>
    private static string WithPerson(string name)
    {
        int slash = name.LastIndexOf('/');
        string person = slash < 0 ? "" : name[(name.LastIndexOf('/', Math.Max(slash - 1, 0)) + 1)..slash];
        return person.Length == 0 ? name : $"{name[..(slash + 1)]}{person}_{name[(slash + 1)..]}";
    }

    /// <summary>
    /// Gives what a picture's names have in common: its folder in one Unicode form, and the number or the rest of its name, without
    /// the person's name and the ending. Null for names that are no path of a picture, such as the id of a template.
    /// </summary>
    private static string? KeyOf(string name)
    {
        int slash = name.LastIndexOf('/');
        if (slash < 0)
        {
            return null;
        }

        string folder = UnicodeNames.Compose(name[..slash]), file = UnicodeNames.Compose(name[(slash + 1)..]);
        string ending = Path.GetExtension(file);
        string stem = EndingOrder(ending) < PhotographFile.Endings.Count ? file[..^ending.Length] : file;
        string person = folder[(folder.LastIndexOf('/') + 1)..];
        if (stem.Length > person.Length + 1 && stem.StartsWith(person, StringComparison.Ordinal) && stem[person.Length] == '_')
        {
            stem = stem[(person.Length + 1)..];
        }

        return $"{folder}/{(long.TryParse(stem, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number.ToString(CultureInfo.InvariantCulture) : stem)}";
    }

    private static string PersonOf(string key) => key[..key.LastIndexOf('/')];

    /// <summary>Compares two pictures: by their rank, then by name, so that the order of the rows does not matter.</summary>
    private static bool IsNearer(string picture, string other, string name)
    {
        int order = Rank(picture, name).CompareTo(Rank(other, name));
        return (order == 0 ? string.CompareOrdinal(picture, other) : order) < 0;
    }

    /// <summary>Ranks a picture: the nearer to the pairs' name the lower; then by ending.</summary>
    private static (int Form, int Ending) Rank(string picture, string name) =>
        (UnicodeNames.AreEqual(picture, name) ? 0 : UnicodeNames.AreEqual(Path.ChangeExtension(picture, null), Path.ChangeExtension(name, null)) ? 1
            : UnicodeNames.AreEqual(Path.ChangeExtension(picture, null), Path.ChangeExtension(WithPerson(name), null)) ? 2 : 3, EndingOrder(Path.GetExtension(picture)));

    private static int EndingOrder(string ending) =>
        PhotographFile.Endings.TakeWhile(known => !known.Equals(ending, StringComparison.OrdinalIgnoreCase)).Count();
}
