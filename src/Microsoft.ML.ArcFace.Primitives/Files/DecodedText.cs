using System.Globalization;
using System.Text;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>
/// Decodes text that others wrote: by its mark (UTF-8, UTF-16, UTF-32), by the encoding that was named, or as UTF-8. A byte that
/// does not belong to the encoding is an error and no U+FFFD, which would make one name of two.
/// </summary>
/// <param name="stream">The bytes; disposed of with this reader.</param>
/// <param name="encoding">What it is written in unless it has a mark; null: UTF-8.</param>
internal sealed class DecodedText(Stream stream, Encoding? encoding) : TextReader
{
    public const string Remedy = "save it as UTF-8, or name its encoding (a parameter such as Encoding.Latin1; --encoding latin1 on the command line)";

    public const string RemedyOfUtf16 = "save it as UTF-8, or name its encoding (a parameter such as Encoding.Unicode; --encoding utf-16 on the command line)";

    private const int BlockSize = 4096;

    private readonly byte[] _bytes = new byte[BlockSize];
    private readonly char[] _characters = new char[BlockSize + 1];

    // Known when the first block is there.
    private Encoding _encoding = encoding ?? Encoding.UTF8;
    private Decoder? _decoder;

    /// <summary>The block's place in the file.</summary>
    private long _offset;
    private int _length;
    private int _count;
    private int _next;
    private int _linesBefore;
    private bool _isEnd;

    /// <summary>How many bytes may still be read: a file is read as long as it was when it was opened.</summary>
    private long _left = long.MaxValue;

    /// <summary>Opens a file; it is read when the first character is asked for.</summary>
    /// <exception cref="FaceDataFormatException">It is a file of another kind, such as a model or a picture.</exception>
    /// <exception cref="IOException">It cannot be read, or is no file (<see cref="SpecialFileException"/>).</exception>
    public static DecodedText Open(string path, Encoding? encoding)
    {
        FileStream stream = RegularFile.OpenRead(path);
        if (OtherKind(stream) is { } mismatch)
        {
            stream.Dispose();
            throw new FaceDataFormatException($"'{path}' cannot be read as text. {mismatch}");
        }

        return new DecodedText(stream, encoding) { _left = stream.Length > 0 ? stream.Length : RegularFile.MostBytesOfUnknownSize };
    }

    /// <summary>Says what a file is in place of text; null if it may be text, or holds nothing.</summary>
    private static string? OtherKind(FileStream stream)
    {
        Span<byte> start = stackalloc byte[FileKinds.DecidingBytes];
        FileKind kind = FileKinds.Of(start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)]);
        stream.Position = 0;
        return kind == FileKind.Empty ? null : FileUse.List.Mismatch(new FileNature(kind, kind.Describe()));
    }

    public override int Peek()
    {
        while (_next == _count && !_isEnd)
        {
            Fill();
        }

        return _next == _count ? -1 : _characters[_next];
    }

    public override int Read()
    {
        int character = Peek();
        _next += character < 0 ? 0 : 1;
        return character;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            stream.Dispose();
        }

        base.Dispose(disposing);
    }

    private static (Encoding? Encoding, int Length) Mark(ReadOnlySpan<byte> start) => start switch
    {
        [0xEF, 0xBB, 0xBF, ..] => (Encoding.UTF8, 3),
        [0xFF, 0xFE, 0, 0, ..] => (Encoding.UTF32, 4),
        [0, 0, 0xFE, 0xFF, ..] => (new UTF32Encoding(bigEndian: true, byteOrderMark: true), 4),
        [0xFF, 0xFE, ..] => (Encoding.Unicode, 2),
        [0xFE, 0xFF, ..] => (Encoding.BigEndianUnicode, 2),
        _ => (null, 0),
    };

    private void Fill()
    {
        _linesBefore += _characters.AsSpan(0, _count).Count('\n');
        _offset += _length;
        (_next, _count) = (0, 0);
        int most = (int)Math.Min(BlockSize, _left);
        _length = stream.ReadAtLeast(_bytes.AsSpan(0, most), most, throwOnEndOfStream: false);
        _left -= _length;
        _isEnd = _length == 0;
        int start = _decoder is null ? Begin() : 0;
        try
        {
            _count = _decoder!.GetChars(_bytes.AsSpan(start, _length - start), _characters, flush: _isEnd);
        }
        catch (DecoderFallbackException error)
        {
            throw Undecodable(error, start);
        }
    }

    /// <summary>Chooses the encoding; gives the length of its mark.</summary>
    private int Begin()
    {
        (Encoding? marked, int length) = Mark(_bytes.AsSpan(0, _length));
        _encoding = (Encoding)(marked ?? _encoding).Clone();
        _encoding.DecoderFallback = DecoderFallback.ExceptionFallback;
        _decoder = _encoding.GetDecoder();
        return length;
    }

    private UndecodableTextException Undecodable(DecoderFallbackException error, int start)
    {
        // Bytes of the block before may belong to it: the index is negative then.
        int index = start + error.Index;
        var lenient = (Encoding)_encoding.Clone();
        lenient.DecoderFallback = DecoderFallback.ReplacementFallback;
        int line = 1 + _linesBefore + lenient.GetString(_bytes, start, Math.Max(0, index - start)).Count(character => character == '\n');
        string bytes = string.Join(' ', (error.BytesUnknown ?? []).Select(value => value.ToString("X2", CultureInfo.InvariantCulture)));
        return new UndecodableTextException(line, string.Create(
            CultureInfo.InvariantCulture, $"holds bytes that are not {_encoding.WebName.ToUpperInvariant()}: {bytes}, at byte {_offset + index} of the file; {Remedy}"));
    }
}
