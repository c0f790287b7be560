using System.Globalization;

namespace Microsoft.ML.ArcFace.Names;

/// <summary>Holds what Unicode says of canonical forms, from CanonicalForms.txt; read when a name first needs it.</summary>
internal sealed class CanonicalForms
{
    private static readonly Lazy<CanonicalForms> Loaded = new(() => new CanonicalForms());

    private CanonicalForms()
    {
        using Stream resource = typeof(CanonicalForms).Assembly.GetManifestResourceStream("Microsoft.ML.ArcFace.Names.CanonicalForms.txt")!;
        using var reader = new StreamReader(resource);
        var composed = new List<(int Point, int[] Parts)>();
        while (reader.ReadLine() is { } line)
        {
            if (line[0] != '#')
            {
                Read(line, line.IndexOfAny(['=', '!', ':']), composed);
            }
        }

        // The whole decomposition of ǖ is u ¨ ¯, but it is made of ü and ¯: short ones come first.
        foreach ((int point, int[] parts) in composed.OrderBy(form => form.Parts.Length))
        {
            int first = parts[..^1].Aggregate((before, next) => Compositions[(before, next)]);
            Compositions[(first, parts[^1])] = point;
        }
    }

    public static CanonicalForms Instance => Loaded.Value;

    /// <summary>The characters that one is made of, down to those that are made of nothing.</summary>
    public Dictionary<int, int[]> Decompositions { get; } = [];

    /// <summary>The character that two others make.</summary>
    public Dictionary<(int First, int Second), int> Compositions { get; } = [];

    /// <summary>The place of combining marks among each other, from 1; a character that is absent is no mark.</summary>
    public Dictionary<int, int> MarkClasses { get; } = [];

    private void Read(string line, int sign, List<(int Point, int[] Parts)> composed)
    {
        string[] fields = line[(sign + 1)..].Split(' ');
        if (line[sign] == ':')
        {
            foreach (string[] range in fields.Select(field => field.Split('-')))
            {
                for (int point = Hexadecimal(range[0]); point <= Hexadecimal(range[^1]); point++)
                {
                    MarkClasses[point] = int.Parse(line[..sign], CultureInfo.InvariantCulture);
                }
            }

            return;
        }

        int[] parts = [.. fields.Select(Hexadecimal)];
        Decompositions[Hexadecimal(line[..sign])] = parts;
        if (line[sign] == '=')
        {
            composed.Add((Hexadecimal(line[..sign]), parts));
        }
    }

    private static int Hexadecimal(string digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
