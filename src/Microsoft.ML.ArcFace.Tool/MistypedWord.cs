using System.CommandLine;

namespace Microsoft.ML.ArcFace.Tool;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>
/// Tells what a mistyped command or option was probably meant to be. The parser's own corrections leave out options that are
/// taken for an argument, such as a photograph, and take any short word for -h.
/// </summary>
internal static class MistypedWord
{
    /// <summary>Gives the errors of a command line as sentences, with suggestions.</summary>
    public static IEnumerable<string> Explain(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string[] unknown = [.. parsed.UnmatchedTokens];
        if (command is RootCommand && unknown is [var first, ..] && !IsOption(first))
        {
            // Everything behind a mistyped command is unknown too.
            string[] commands = [.. command.Subcommands.Where(each => !each.Hidden).Select(each => each.Name)];
            string? meant = Nearest(first, command.Subcommands.SelectMany(each => each.Aliases.Prepend(each.Name)));
            return [$"There is no command '{first}'. {(meant is null ? $"There are {string.Join(", ", commands)}." : $"Did you mean {meant}?")}"];
        }

        // The value of an unknown option is no error of its own.
        string[] tokens = [.. parsed.Tokens.Select(token => token.Value)];
        HashSet<string> values = [.. tokens.Zip(tokens.Skip(1)).Where(pair => IsOption(pair.First) && unknown.Contains(pair.First) && !IsOption(pair.Second)).Select(pair => pair.Second)];
        string[] options = [.. OptionsOf(parsed.CommandResult)];
        string[] mistyped = [.. tokens.Where(word => IsOption(word) && !options.Contains(word.Split('=', ':')[0], StringComparer.Ordinal)).Distinct()];
        string name = command is RootCommand ? "arcface" : $"arcface {command.Name}";
        return
        [
            .. mistyped.Select(word => $"There is no option '{word}' of {name}.{(Nearest(word.Split('=', ':')[0], options) is { } meant ? $" Did you mean {meant}?" : "")}"),
            .. parsed.Errors.Select(error => error.Message).Where(message => !mistyped.Concat(values).Any(word => message.Contains($"'{word}'", StringComparison.Ordinal))),
        ];
    }

    /// <summary>Finds the word that a mistyped one is nearest to, by letters to add, drop, change or exchange; null if none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> words)
    {
        string typed = word.TrimStart('-');
        int most = Math.Clamp(typed.Length / 3, 1, 3);
        return words.Where(known => known.StartsWith("--", StringComparison.Ordinal) == IsOption(word))
            .Select(known => (Known: known, Distance: known.TrimStart('-') is var name && typed.Length >= 3 && name.StartsWith(typed, StringComparison.Ordinal) ? 1 : Distance(typed, name)))
            .Where(candidate => candidate.Distance <= most)
            .OrderBy(candidate => candidate.Distance).Select(candidate => candidate.Known).FirstOrDefault();
    }

    private static bool IsOption(string word) => word.Length > 1 && word[0] == '-' && !char.IsAsciiDigit(word[1]) && word[1] != '.';

    private static IEnumerable<string> OptionsOf(System.CommandLine.Parsing.CommandResult result)
    {
        for (System.CommandLine.Parsing.SymbolResult? at = result; at is not null; at = at.Parent)
        {
            foreach (Option option in at is System.CommandLine.Parsing.CommandResult { Command: var command } ? command.Options : [])
            {
                yield return option.Name;
                foreach (string alias in option.Aliases)
                {
                    yield return alias;
                }
            }
        }
    }

    /// <summary>Counts letters to add, drop, change or exchange (optimal string alignment).</summary>
    private static int Distance(string first, string second)
    {
        int[,] distances = new int[first.Length + 1, second.Length + 1];
        for (int i = 0; i <= first.Length; i++)
        {
            for (int j = 0; j <= second.Length; j++)
            {
                distances[i, j] = (i, j) switch
                {
                    (0, _) => j,
                    (_, 0) => i,
                    _ => Math.Min(
                        Math.Min(distances[i - 1, j], distances[i, j - 1]) + 1,
                        distances[i - 1, j - 1] + (first[i - 1] == second[j - 1] ? 0 : 1)),
                };
                if (i > 1 && j > 1 && first[i - 1] == second[j - 2] && first[i - 2] == second[j - 1])
                {
                    distances[i, j] = Math.Min(distances[i, j], distances[i - 2, j - 2] + 1);
                }
            }
        }

        return distances[first.Length, second.Length];
    }
}
