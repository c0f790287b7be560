using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>
/// Makes text fit for a terminal: everything that programs here write to one passes through it, so that no name of a file, a
/// person or a part of a model, and no message that quotes one, moves the cursor, colors, deletes or turns what others wrote.
/// </summary>
internal static class TerminalText
{
    /// <summary>Gives a text of several lines, with control characters as \u001B; its line ends stay.</summary>
    public static string Of(string text) => string.Join(Environment.NewLine, LinesOf(text).Select(ShownName.Escape));

    /// <summary>Gives a message. Lines behind the first are indented, so that a line break in a name cannot pretend to be another message.</summary>
    public static string OfMessage(string message) =>
        string.Join(Environment.NewLine, LinesOf(message).Select((line, number) => number == 0 || line.StartsWith("  ", StringComparison.Ordinal) ? ShownName.Escape(line) : "  " + ShownName.Escape(line)));

    /// <summary>Gives a name, or a line that holds names, as one line.</summary>
    public static string OfLine(string line) => ShownName.Of(line);

    private static string[] LinesOf(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');
}
