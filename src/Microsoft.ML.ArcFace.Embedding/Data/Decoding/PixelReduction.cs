using System.Runtime.InteropServices;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Data.Decoding;

/// <summary>
/// Decodes a large PNG or BMP to a half, a quarter or an eighth of its size, each pixel the mean of a square of those stored,
/// without ever holding all of these. Where SkiaSharp cannot hand out rows one by one (PNG), the picture is
/// decoded in a few strips, each by a pass of its own.
/// </summary>
internal sealed class PixelReduction
{
    private const int StripBytes = 64 << 20;
    private const int BytesPerPixel = 4;

    private readonly SKImageInfo _stored;
    private readonly SKBitmap _target;
    private readonly int _reduction;
    private readonly uint[] _sums;
    private int _targetRow = -1;
    private int _rowsSummed;

    private PixelReduction(SKImageInfo stored, SKBitmap target, int reduction)
    {
        (_stored, _target, _reduction) = (stored, target, reduction);
        _sums = new uint[target.Width * BytesPerPixel];
    }

    /// <summary>Decodes into a target whose sides are those stored, divided by the reduction and rounded up.</summary>
    /// <param name="codec">At its start.</param>
    /// <param name="stored">The stored size, in the target's kind of pixels.</param>
    /// <param name="target">Receives the pixels.</param>
    /// <param name="reduction">2, 4 or 8.</param>
    public static SKCodecResult Decode(SKCodec codec, SKImageInfo stored, SKBitmap target, int reduction)
    {
        var reducer = new PixelReduction(stored, target, reduction);
        SKCodecResult result = codec.StartScanlineDecode(stored, SKCodecOptions.Default);
        result = result == SKCodecResult.Success ? reducer.ReadRows(codec) : reducer.ReadStrips(codec);
        reducer.FinishRow();
        return result;
    }

    /// <summary>Estimates the bytes that decoding takes beside the target.</summary>
    public static long WorkingBytes(int width, int height) => Math.Min(StripBytes, (long)width * height * BytesPerPixel);

    private unsafe SKCodecResult ReadRows(SKCodec codec)
    {
        byte[] row = new byte[_stored.Width * BytesPerPixel];
        bool isBottomUp = codec.ScanlineOrder == SKCodecScanlineOrder.BottomUp;
        fixed (byte* start = row)
        {
            for (int y = 0; y < _stored.Height; y++)
            {
                if (codec.GetScanlines((IntPtr)start, 1, row.Length) != 1)
                {
                    return SKCodecResult.IncompleteInput;
                }

                Add(isBottomUp ? _stored.Height - 1 - y : y, row);
            }
        }

        return SKCodecResult.Success;
    }

    private unsafe SKCodecResult ReadStrips(SKCodec codec)
    {
        int rowBytes = _stored.Width * BytesPerPixel;
        int rowsPerStrip = Math.Min(Math.Max(1, StripBytes / rowBytes), _stored.Height);
        void* strip = NativeMemory.Alloc((nuint)rowsPerStrip, (nuint)rowBytes);
        try
        {
            for (int top = 0; top < _stored.Height; top += rowsPerStrip)
            {
                int rows = Math.Min(rowsPerStrip, _stored.Height - top);
                var options = new SKCodecOptions(new SKRectI(0, top, _stored.Width, top + rows));
                SKCodecResult result = codec.StartIncrementalDecode(_stored, (IntPtr)strip, rowBytes, options);
                if (result == SKCodecResult.Success)
                {
                    result = codec.IncrementalDecode();
                }

                if (result != SKCodecResult.Success)
                {
                    return result;
                }

                for (int y = 0; y < rows; y++)
                {
                    Add(top + y, new ReadOnlySpan<byte>((byte*)strip + ((long)y * rowBytes), rowBytes));
                }
            }
        }
        finally
        {
            NativeMemory.Free(strip);
        }

        return SKCodecResult.Success;
    }

    /// <summary>Adds a stored row to the sums of the target's; rows come in order, upwards or downwards.</summary>
    private void Add(int y, ReadOnlySpan<byte> row)
    {
        if (y / _reduction != _targetRow)
        {
            FinishRow();
            _targetRow = y / _reduction;
        }

        _rowsSummed++;
        int squareBytes = _reduction * BytesPerPixel;
        for (int from = 0, to = 0; from < row.Length; from += squareBytes, to += BytesPerPixel)
        {
            int end = Math.Min(from + squareBytes, row.Length);
            uint first = 0, second = 0, third = 0, fourth = 0;
            for (int at = from; at < end; at += BytesPerPixel)
            {
                first += row[at];
                second += row[at + 1];
                third += row[at + 2];
                fourth += row[at + 3];
            }

            _sums[to] += first;
            _sums[to + 1] += second;
            _sums[to + 2] += third;
            _sums[to + 3] += fourth;
        }
    }

    private unsafe void FinishRow()
    {
        if (_targetRow < 0)
        {
            return;
        }

        var row = new Span<byte>((byte*)_target.GetPixels() + ((long)_targetRow * _target.RowBytes), _target.Width * BytesPerPixel);
        for (int x = 0; x < _target.Width; x++)
        {
            uint columns = (uint)Math.Min(_reduction, _stored.Width - (x * _reduction));
            uint count = columns * (uint)_rowsSummed;
            for (int at = x * BytesPerPixel; at < (x + 1) * BytesPerPixel; at++)
            {
                row[at] = (byte)((_sums[at] + (count / 2)) / count);
            }
        }

        Array.Clear(_sums);
        (_rowsSummed, _targetRow) = (0, -1);
    }
}
