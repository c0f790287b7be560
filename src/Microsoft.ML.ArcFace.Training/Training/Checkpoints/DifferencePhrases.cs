using System.Text.Json;
using System.Text.RegularExpressions;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Says in which options two runs differ: the option that was changed and its values, no hashes and no JSON.</summary>
internal static partial class DifferencePhrases
{
    /// <summary>The option that names what an identity has by another name.</summary>
    private static readonly Dictionary<string, string> s_options = new()
    {
        [RunIdentity.ValidationSet] = nameof(ArcFaceTrainer.Options.ValidationSet),
        [RunIdentity.UnlabeledSet] = nameof(FaceTeacher.UnlabeledPhotographs),
    };

    /// <summary>Writes the differences of one value of an identity.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="now">Its text now.</param>
    /// <param name="before">Its text in the checkpoint; null: an older version did not write it.</param>
    public static IEnumerable<string> Of(string name, string now, string? before)
    {
        string option = s_options.GetValueOrDefault(name, name);
        return (IsAbsent(now), before is null || IsAbsent(before)) switch
        {
            _ when now != RunIdentity.None && before != RunIdentity.None && !IsLong(now) && !IsLong(before) => [$"{option} is {Shown(now)}, it was {Shown(before ?? RunIdentity.Null)}"],
            (false, true) => [$"{option} is given, it was not"],
            (true, false) => [$"{option} is not given, it was"],
            _ when Record().Match(now) is { Success: true } first && Record().Match(before!) is { Success: true } second => OfRecords(option, first, second),
            _ when name == RunIdentity.Plan => ["the options that this version of the library chooses for the set are others"],
            _ when name is RunIdentity.TrainingSet or RunIdentity.ValidationSet or RunIdentity.UnlabeledSet => [$"{option} has other photographs, or the same in another order"],
            _ => [$"{option} is another one"],
        };
    }

    private static IEnumerable<string> OfRecords(string option, Match now, Match before)
    {
        if (now.Groups["type"].Value != before.Groups["type"].Value)
        {
            return [$"{option} is {now.Groups["type"]}, it was {before.Groups["type"]}"];
        }

        using var first = JsonDocument.Parse(now.Groups["json"].Value);
        using var second = JsonDocument.Parse(before.Groups["json"].Value);
        List<string> phrases = now.Groups["rest"].Value == before.Groups["rest"].Value ? [] : [$"{option} is another one"];
        foreach (JsonProperty property in first.RootElement.EnumerateObject())
        {
            string was = second.RootElement.TryGetProperty(property.Name, out JsonElement value) ? value.ToString() : "", own = property.Value.ToString();
            if (own != was)
            {
                phrases.Add($"{option}.{property.Name} is {Shown(own)}, it was {Shown(was)}");
            }
        }

        return phrases;
    }

    private static string Shown(string value) => value is "" or RunIdentity.Null ? "left out" : value;

    private static bool IsAbsent(string text) => text is RunIdentity.Null or RunIdentity.None;

    /// <summary>Tells whether a text is more than a value that people read.</summary>
    private static bool IsLong(string? text) => text is not null && (text.Contains("SHA-256", StringComparison.Ordinal) || Record().IsMatch(text));

    /// <summary>The name of a record, its JSON, and perhaps what it is of.</summary>
    [GeneratedRegex(@"^(?<type>\w+) (?<json>\{.*\})(?<rest>[^}]*)$")]
    private static partial Regex Record();
}
