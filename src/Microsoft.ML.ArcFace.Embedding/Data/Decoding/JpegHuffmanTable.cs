namespace Microsoft.ML.ArcFace.Data.Decoding;

/// <summary>One Huffman table of a JPEG (ITU-T T.81, annex C), with a look-up by the next nine bits.</summary>
internal sealed class JpegHuffmanTable
{
    public const int LookupBits = 9;
    public const int LongestCode = 16;

    private readonly byte[] _symbols;
    private readonly int[] _largestCode = new int[LongestCode + 1];
    private readonly int[] _symbolOffset = new int[LongestCode + 1];

    private JpegHuffmanTable(byte[] symbols) => _symbols = symbols;

    /// <summary>The codes by the next nine bits: the length in the high byte and the symbol in the low one; 0 for longer codes.</summary>
    public ushort[] Lookup { get; } = new ushort[1 << LookupBits];

    /// <summary>Builds a table; null where the lengths are impossible.</summary>
    /// <param name="counts">How many codes there are of each length of 1 to 16 bits.</param>
    /// <param name="symbols">What the codes mean, in order.</param>
    public static JpegHuffmanTable? Create(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        var table = new JpegHuffmanTable(symbols.ToArray());
        int code = 0, next = 0;
        for (int length = 1; length <= LongestCode; length++)
        {
            table._symbolOffset[length] = next - code;
            for (int i = 0; i < counts[length - 1]; i++, code++, next++)
            {
                if (length <= LookupBits)
                {
                    int first = code << (LookupBits - length);
                    if (first + (1 << (LookupBits - length)) > table.Lookup.Length)
                    {
                        return null;
                    }

                    table.Lookup.AsSpan(first, 1 << (LookupBits - length)).Fill((ushort)((length << 8) | symbols[next]));
                }
            }

            if (code > 1 << length)
            {
                return null;
            }

            table._largestCode[length] = counts[length - 1] == 0 ? -1 : code - 1;
            code <<= 1;
        }

        return table;
    }

    /// <summary>Finds a code of more than nine bits; false if the sixteen bits begin with no code.</summary>
    public bool TryFind(int sixteenBits, out int length, out byte symbol)
    {
        for (length = LookupBits + 1; length <= LongestCode; length++)
        {
            int code = sixteenBits >> (LongestCode - length);
            if (code <= _largestCode[length])
            {
                symbol = _symbols[code + _symbolOffset[length]];
                return true;
            }
        }

        symbol = 0;
        return false;
    }
}
