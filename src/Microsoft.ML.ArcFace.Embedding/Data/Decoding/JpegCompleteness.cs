namespace Microsoft.ML.ArcFace.Data.Decoding;

/// <summary>Names what <see cref="JpegCompleteness"/> found.</summary>
internal enum JpegPixels
{
    /// <summary>The file is of a kind that is not followed (arithmetic coding, 12 bits, missing tables): the decoder decides.</summary>
    Unknown,

    /// <summary>Each block of the picture has its data.</summary>
    Whole,

    /// <summary>Data end early, restarts are missing, or codes are impossible.</summary>
    Damaged,
}

/// <summary>
/// Finds out whether a JPEG has the data of all its pixels, by reading its codes without computing pixels from them. The
/// decoder cannot say it: libjpeg fills up what is missing with grey and warns, SkiaSharp does not pass the warning
/// on, and a missing end marker alone looks to it like missing pixels.
/// </summary>
internal ref struct JpegCompleteness
{
    private readonly ReadOnlySpan<byte> _file;
    private readonly JpegHuffmanTable?[] _dcTables = new JpegHuffmanTable?[4];
    private readonly JpegHuffmanTable?[] _acTables = new JpegHuffmanTable?[4];
    private JpegComponent[] _components = [];
    private JpegSegments _segments;
    private int _unitsPerRow;
    private int _unitRows;
    private int _restartInterval;
    private bool _isProgressive;

    private JpegCompleteness(ReadOnlySpan<byte> file)
    {
        _file = file;
        _segments = new JpegSegments(file);
    }

    /// <summary>Reads the whole file.</summary>
    /// <param name="file">A JPEG.</param>
    /// <param name="end">Where the data of its last scan end.</param>
    public static JpegPixels Check(ReadOnlySpan<byte> file, out int end)
    {
        var check = new JpegCompleteness(file);
        return check.ReadSegments(out end);
    }

    /// <summary>Tells whether a decoder has to keep all coefficients of the picture until its last scan: it is progressive, or has a scan for each component.</summary>
    public static bool KeepsCoefficients(ReadOnlySpan<byte> file)
    {
        var segments = new JpegSegments(file);
        int components = 0;
        while (segments.MoveNext() && segments.Marker is not (JpegSegments.StartOfScan or JpegSegments.EndOfImage))
        {
            if (segments.Marker == 0xC2)
            {
                return true;
            }

            components = segments.Marker is 0xC0 or 0xC1 && segments.Content.Length > 5 ? segments.Content[5] : components;
        }

        return !segments.Content.IsEmpty && segments.Content[0] < components;
    }

    private JpegPixels ReadSegments(out int end)
    {
        end = 0;
        while (_segments.MoveNext() && _segments.Marker != JpegSegments.EndOfImage)
        {
            ReadOnlySpan<byte> content = _segments.Content;
            bool isKnown = _segments.Marker switch
            {
                0xC0 or 0xC1 or 0xC2 => TryReadFrame(content),
                0xC4 => TryReadTables(content),
                (>= 0xC3 and <= 0xCF) and not 0xC8 => false,
                0xDD => TryReadRestartInterval(content),
                _ => true,
            };
            if (!isKnown)
            {
                return JpegPixels.Unknown;
            }

            if (_segments.Marker == JpegSegments.StartOfScan)
            {
                JpegPixels scan = ReadScan(content);
                if (scan != JpegPixels.Whole)
                {
                    return scan;
                }

                end = _segments.Position;
            }
        }

        return _components.Length == 0 ? JpegPixels.Unknown : Array.TrueForAll(_components, component => component.IsComplete) ? JpegPixels.Whole : JpegPixels.Damaged;
    }

    private bool TryReadRestartInterval(ReadOnlySpan<byte> content)
    {
        if (content.Length != 2)
        {
            return false;
        }

        _restartInterval = (content[0] << 8) | content[1];
        return true;
    }

    private bool TryReadFrame(ReadOnlySpan<byte> content)
    {
        const int header = 6, perComponent = 3, mostComponents = 4, mostSampling = 4;
        if (_components.Length > 0 || content.Length < header || content[0] != 8 || content[5] is < 1 or > mostComponents || content.Length != header + (perComponent * content[5]))
        {
            return false;
        }

        (int height, int width) = ((content[1] << 8) | content[2], (content[3] << 8) | content[4]);
        var components = new JpegComponent[content[5]];
        for (int i = 0; i < components.Length; i++)
        {
            ReadOnlySpan<byte> entry = content[(header + (perComponent * i))..];
            components[i] = new JpegComponent(entry[0], entry[1] >> 4, entry[1] & 15);
        }

        if (width == 0 || height == 0 || !Array.TrueForAll(components, component => component.Horizontal is >= 1 and <= mostSampling && component.Vertical is >= 1 and <= mostSampling))
        {
            return false;
        }

        _isProgressive = _segments.Marker == 0xC2;
        (int horizontal, int vertical) = (components.Max(component => component.Horizontal), components.Max(component => component.Vertical));
        (_unitsPerRow, _unitRows) = (Quotient(width, 8 * horizontal), Quotient(height, 8 * vertical));
        foreach (JpegComponent component in components)
        {
            component.SetSize(Quotient(width * component.Horizontal, 8 * horizontal), Quotient(height * component.Vertical, 8 * vertical), _unitsPerRow, _unitRows, _isProgressive);
        }

        _components = components;
        return true;
    }

    private readonly bool TryReadTables(ReadOnlySpan<byte> content)
    {
        const int counts = 16;
        while (content.Length > counts)
        {
            (int kind, int place) = (content[0] >> 4, content[0] & 15);
            int symbols = 0;
            foreach (byte count in content.Slice(1, counts))
            {
                symbols += count;
            }

            if (kind > 1 || place > 3 || symbols > 256 || content.Length < 1 + counts + symbols
                || JpegHuffmanTable.Create(content.Slice(1, counts), content.Slice(1 + counts, symbols)) is not JpegHuffmanTable table)
            {
                return false;
            }

            (kind == 0 ? _dcTables : _acTables)[place] = table;
            content = content[(1 + counts + symbols)..];
        }

        return content.IsEmpty;
    }

    private JpegPixels ReadScan(ReadOnlySpan<byte> content)
    {
        int count = content.IsEmpty ? 0 : content[0];
        if (count is < 1 or > 4 || content.Length != 4 + (2 * count))
        {
            return JpegPixels.Unknown;
        }

        var parts = new JpegScan.Part[count];
        for (int i = 0; i < count; i++)
        {
            (byte id, byte tables) = (content[1 + (2 * i)], content[2 + (2 * i)]);
            JpegComponent? component = Array.Find(_components, component => component.Id == id);
            if (component is null || tables >> 4 > 3 || (tables & 15) > 3)
            {
                return JpegPixels.Unknown;
            }

            parts[i] = new JpegScan.Part(component, _dcTables[tables >> 4], _acTables[tables & 15]);
        }

        ReadOnlySpan<byte> selection = content[^3..];
        (int first, int last, int highBit, int lowBit) = _isProgressive ? (selection[0], selection[1], selection[2] >> 4, selection[2] & 15) : (0, 63, 0, 0);
        var scan = new JpegScan(parts, first, last, highBit, lowBit, _isProgressive);
        if (!scan.IsKnown)
        {
            return JpegPixels.Unknown;
        }

        var bits = new JpegBits(_file, _segments.Position);
        bool isWhole = count == 1
            ? scan.TryRead(ref bits, parts[0].Component.BlocksPerRow, parts[0].Component.BlockRows, _restartInterval)
            : scan.TryRead(ref bits, _unitsPerRow, _unitRows, _restartInterval);
        _segments.Position = bits.Position;
        return isWhole ? JpegPixels.Whole : JpegPixels.Damaged;
    }

    private static int Quotient(int value, int divisor) => (value + divisor - 1) / divisor;
}
