using System.Text;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>Lines of a file that may not be text at all, and then has no line ends.</summary>
internal sealed class TextLines(TextReader reader)
{
    public const int LongestLine = 16_384;

    private readonly StringBuilder _line = new();

    /// <summary>Number of the line that was read last; the first one is 1.</summary>
    public int Number { get; private set; }

    /// <summary>The next line without its end, null behind the last. No more than <see cref="LongestLine"/> characters of it are read.</summary>
    /// <param name="tooLong">Makes the exception for a longer line.</param>
    public string? Next(Func<Exception> tooLong)
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
                throw tooLong();
            }

            _line.Append((char)character);
        }

        return _line.ToString().TrimEnd('\r');
    }
}
