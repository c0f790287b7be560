using System.Text;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>Reads lines of a file that may not be text at all, and then has no line ends.</summary>
/// <param name="reader">The text, such as a <see cref="DecodedText"/>.</param>
/// <param name="refuse">Makes the exception for a line that cannot be read: given its number, and what it does, as in "is longer than …".</param>
internal sealed class TextLines(TextReader reader, Func<int, string, Exception> refuse)
{
    public const int LongestLine = 16_384;

    private readonly StringBuilder _line = new();

    /// <summary>Number of the line that was read last; the first one is 1.</summary>
    public int Number { get; private set; }

    /// <summary>Gives the next line without its end (LF, CR LF, or the CR of old Macs), null behind the last. A longer line is not read whole.</summary>
    public string? Next()
    {
        _line.Clear();
        Number++;
        try
        {
            return ReadLine();
        }
        catch (UndecodableTextException error)
        {
            throw refuse(error.Line, error.Message);
        }
    }

    private string? ReadLine()
    {
        int character = reader.Read();
        if (character < 0)
        {
            return null;
        }

        for (; character is >= 0 and not ('\n' or '\r'); character = reader.Read())
        {
            if (character == 0)
            {
                throw refuse(Number, $"holds a zero byte, so that it is no text, or is UTF-16 without its mark; {DecodedText.RemedyOfUtf16}");
            }

            if (_line.Length == LongestLine)
            {
                throw refuse(Number, $"is longer than {LongestLine} characters");
            }

            _line.Append((char)character);
        }

        if (character == '\r' && reader.Peek() == '\n')
        {
            reader.Read();
        }

        return _line.ToString();
    }
}
