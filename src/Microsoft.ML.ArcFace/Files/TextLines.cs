using System.Text;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>Lines of a file that may not be text at all, and then has no line ends.</summary>
/// <param name="reader">The text.</param>
/// <param name="tooLong">Makes the exception for a line of more than <see cref="LongestLine"/> characters, given its number.</param>
internal sealed class TextLines(TextReader reader, Func<int, Exception> tooLong)
{
    public const int LongestLine = 16_384;

    private readonly StringBuilder _line = new();

    /// <summary>Number of the line that was read last; the first one is 1.</summary>
    public int Number { get; private set; }

    /// <summary>The next line without its end, null behind the last. A longer line is not read whole.</summary>
    public string? Next()
    {
        _line.Clear();
        Number++;
        int character = reader.Read();
        if (character < 0)
        {
            return null;
        }

        for (; character is >= 0 and not '\n'; character = reader.Read())
        {
            if (_line.Length == LongestLine)
            {
                throw tooLong(Number);
            }

            _line.Append((char)character);
        }

        return _line.ToString().TrimEnd('\r');
    }
}
