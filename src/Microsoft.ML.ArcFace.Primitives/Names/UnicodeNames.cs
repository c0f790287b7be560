using System.Text;

namespace Microsoft.ML.ArcFace.Names;

/// <summary>
/// Brings names to one Unicode form, NFC: "José" is four characters or five, depending on the system that wrote it. It does not
/// ask the framework, whose Normalize returns names unchanged where InvariantGlobalization is set.
/// </summary>
internal static class UnicodeNames
{
    // Hangul is composed by arithmetic (chapter 3.12 of the Unicode Standard).
    private const int FirstSyllable = 0xAC00, FirstLead = 0x1100, FirstVowel = 0x1161, NoTail = 0x11A7;
    private const int Leads = 19, Vowels = 21, Tails = 28, Syllables = Leads * Vowels * Tails;

    /// <summary>Every character below it is the same in each form.</summary>
    private const char FirstThatChanges = '\u00C0';

    /// <summary>Gives the name in form NFC; half a surrogate pair stays what it is.</summary>
    public static string Compose(string name)
    {
        if (!name.AsSpan().ContainsAnyInRange(FirstThatChanges, char.MaxValue))
        {
            return name;
        }

        List<int> points = Decompose(name);
        SortMarks(points);
        Compose(points);
        return ToText(points);
    }

    /// <summary>Finds the first half of a surrogate pair that stands alone: text with one cannot be written as UTF-8 and read again; null: none does.</summary>
    public static int? IllFormedAt(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return i;
            }
        }

        return null;
    }

    /// <summary>Tells whether two names are the same but for their Unicode form.</summary>
    public static bool AreEqual(string first, string second) => first == second || Compose(first) == Compose(second);

    private static List<int> Decompose(string name)
    {
        var points = new List<int>(name.Length);
        for (int i = 0; i < name.Length; i++)
        {
            int point = name[i];
            if (char.IsHighSurrogate(name[i]) && i + 1 < name.Length && char.IsLowSurrogate(name[i + 1]))
            {
                point = char.ConvertToUtf32(name[i], name[++i]);
            }

            int syllable = point - FirstSyllable;
            if (syllable is >= 0 and < Syllables)
            {
                points.Add(FirstLead + (syllable / (Vowels * Tails)));
                points.Add(FirstVowel + (syllable / Tails % Vowels));
                if (syllable % Tails > 0)
                {
                    points.Add(NoTail + (syllable % Tails));
                }
            }
            else if (point >= FirstThatChanges && CanonicalForms.Instance.Decompositions.TryGetValue(point, out int[]? parts))
            {
                points.AddRange(parts);
            }
            else
            {
                points.Add(point);
            }
        }

        return points;
    }

    /// <summary>Puts the marks behind each character in the order of their classes; those of one class keep theirs.</summary>
    private static void SortMarks(List<int> points)
    {
        for (int i = 1; i < points.Count; i++)
        {
            (int point, int order) = (points[i], ClassOf(points[i]));
            int place = i;
            while (order > 0 && place > 0 && ClassOf(points[place - 1]) > order)
            {
                points[place] = points[--place];
            }

            points[place] = point;
        }
    }

    private static void Compose(List<int> points)
    {
        // starter: the last character that marks may join; -1: none yet. lastClass: of what stands between it and the next.
        int starter = -1, lastClass = -1, count = 0;
        foreach (int point in points.ToArray())
        {
            int order = ClassOf(point);
            bool isBlocked = lastClass >= order && lastClass != -1;
            if (starter >= 0 && !isBlocked && Pair(points[starter], point) is { } composed)
            {
                points[starter] = composed;
                continue;
            }

            (starter, lastClass) = order == 0 ? (count, -1) : (starter, order);
            points[count++] = point;
        }

        points.RemoveRange(count, points.Count - count);
    }

    private static int? Pair(int first, int second)
    {
        if (first - FirstLead is >= 0 and < Leads && second - FirstVowel is >= 0 and < Vowels)
        {
            return FirstSyllable + ((((first - FirstLead) * Vowels) + second - FirstVowel) * Tails);
        }

        if (first - FirstSyllable is >= 0 and < Syllables && (first - FirstSyllable) % Tails == 0 && second - NoTail is > 0 and < Tails)
        {
            return first + second - NoTail;
        }

        return CanonicalForms.Instance.Compositions.TryGetValue((first, second), out int composed) ? composed : null;
    }

    private static int ClassOf(int point) => point < 0x300 ? 0 : CanonicalForms.Instance.MarkClasses.GetValueOrDefault(point);

    private static string ToText(List<int> points)
    {
        var text = new StringBuilder(points.Count);
        foreach (int point in points)
        {
            _ = point > char.MaxValue ? text.Append(char.ConvertFromUtf32(point)) : text.Append((char)point);
        }

        return text.ToString();
    }
}
