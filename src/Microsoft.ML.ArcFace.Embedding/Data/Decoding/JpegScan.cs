namespace Microsoft.ML.ArcFace.Data.Decoding;

/// <summary>Passes through the codes of one scan (ITU-T T.81, annexes F and G): baseline, or one of the four kinds of a progressive JPEG.</summary>
internal sealed class JpegScan(JpegScan.Part[] parts, int first, int last, int highBit, int lowBit, bool isProgressive)
{
    private int _blocksToSkip;

    /// <summary>A component in the scan, with the tables that its codes are of.</summary>
    public sealed record Part(JpegComponent Component, JpegHuffmanTable? Dc, JpegHuffmanTable? Ac);

    /// <summary>Tells whether the scan is of a kind that exists, and has the tables that it needs.</summary>
    public bool IsKnown => first <= last && last <= 63 && lowBit <= 13
        && (!isProgressive || (first == 0 ? last == 0 : parts.Length == 1))
        && (!isProgressive || highBit == 0 || highBit == lowBit + 1)
        && Array.TrueForAll(parts, part => (!NeedsDc || part.Dc is not null) && (!NeedsAc || part.Ac is not null));

    private bool NeedsDc => first == 0 && highBit == 0;

    private bool NeedsAc => last > 0;

    /// <summary>Reads all units, row by row; false where data are missing or impossible.</summary>
    public bool TryRead(ref JpegBits bits, int unitsPerRow, int unitRows, int restartInterval)
    {
        int untilRestart = restartInterval, restart = 0;
        for (int row = 0; row < unitRows; row++)
        {
            for (int column = 0; column < unitsPerRow; column++)
            {
                if (restartInterval > 0 && untilRestart-- == 0)
                {
                    if (bits.IsExhausted || bits.HasSurplus() || !bits.TryRestart(restart))
                    {
                        return false;
                    }

                    (untilRestart, restart, _blocksToSkip) = (restartInterval - 1, (restart + 1) & 7, 0);
                }

                ReadUnit(ref bits, row, column);
            }

            if (bits.IsExhausted || bits.IsInvalid)
            {
                return false;
            }
        }

        foreach (Part part in parts)
        {
            part.Component.Note(first, last, lowBit);
        }

        return !bits.HasSurplus();
    }

    private void ReadUnit(ref JpegBits bits, int row, int column)
    {
        if (parts.Length == 1)
        {
            JpegComponent component = parts[0].Component;
            ReadBlock(ref bits, parts[0], (row * component.Stride) + column);
            return;
        }

        foreach (Part part in parts)
        {
            JpegComponent component = part.Component;
            for (int y = 0; y < component.Vertical; y++)
            {
                for (int x = 0; x < component.Horizontal; x++)
                {
                    ReadBlock(ref bits, part, (((row * component.Vertical) + y) * component.Stride) + (column * component.Horizontal) + x);
                }
            }
        }
    }

    private void ReadBlock(ref JpegBits bits, Part part, int block)
    {
        if (!isProgressive)
        {
            ReadWholeBlock(ref bits, part.Dc!, part.Ac!);
        }
        else if (first == 0 && highBit == 0)
        {
            bits.Skip(bits.ReadSymbol(part.Dc!) & 15);
        }
        else if (first == 0)
        {
            bits.Read(1);
        }
        else if (highBit == 0)
        {
            ReadFirstBits(ref bits, part, block);
        }
        else
        {
            ReadNextBit(ref bits, part, block);
        }
    }

    private static void ReadWholeBlock(ref JpegBits bits, JpegHuffmanTable dc, JpegHuffmanTable ac)
    {
        bits.Skip(bits.ReadSymbol(dc) & 15);
        for (int k = 1; k < 64; k++)
        {
            int symbol = bits.ReadSymbol(ac);
            int length = symbol & 15, zeros = symbol >> 4;
            if (length == 0 && zeros != 15)
            {
                return;
            }

            k += zeros;
            bits.Skip(length);
            if (k > 63)
            {
                bits.MarkInvalid();
            }
        }
    }

    private void ReadFirstBits(ref JpegBits bits, Part part, int block)
    {
        if (_blocksToSkip > 0)
        {
            _blocksToSkip--;
            return;
        }

        for (int k = first; k <= last; k++)
        {
            int symbol = bits.ReadSymbol(part.Ac!);
            int length = symbol & 15, zeros = symbol >> 4;
            if (length == 0 && zeros != 15)
            {
                _blocksToSkip = (1 << zeros) - 1 + bits.Read(zeros);
                return;
            }

            k += zeros;
            bits.Skip(length);
            if (k > 63)
            {
                bits.MarkInvalid();
            }
            else if (length > 0)
            {
                part.Component.NonZero[block] |= 1UL << k;
            }
        }
    }

    /// <summary>Reads one more bit of each coefficient that is not zero, and new coefficients between them.</summary>
    private void ReadNextBit(ref JpegBits bits, Part part, int block)
    {
        int k = first;
        if (_blocksToSkip == 0)
        {
            for (; k <= last; k++)
            {
                int symbol = bits.ReadSymbol(part.Ac!);
                int length = symbol & 15, zeros = symbol >> 4;
                bits.Skip(length == 0 ? 0 : 1);
                if (length == 0 && zeros != 15)
                {
                    _blocksToSkip = (1 << zeros) + bits.Read(zeros);
                    break;
                }

                for (; k <= last; k++)
                {
                    if ((part.Component.NonZero[block] >> k & 1) != 0)
                    {
                        bits.Read(1);
                    }
                    else if (--zeros < 0)
                    {
                        break;
                    }
                }

                if (length > 0 && k <= last)
                {
                    part.Component.NonZero[block] |= 1UL << k;
                }
            }
        }

        if (_blocksToSkip > 0)
        {
            if (k <= last)
            {
                bits.SkipMany(part.Component.CountNonZero(block, k, last));
            }

            _blocksToSkip--;
        }
    }
}
