using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Fuzz;

/// <summary>Bytes in memory that notice who reads them over and over: time must grow with the length of the file.</summary>
internal sealed class CountedSource(byte[] bytes) : ByteSource
{
    private const long MostReadings = 64, Free = 4 << 20;

    private long _read;

    public override long Length => bytes.Length;

    protected override int ReadSome(long position, Span<byte> buffer)
    {
        if (position < 0 || position + buffer.Length > bytes.Length)
        {
            throw new FuzzException($"{buffer.Length} bytes were read at {position}, beyond the {bytes.Length} of the file");
        }

        _read += buffer.Length;
        if (_read > (MostReadings * bytes.Length) + Free)
        {
            throw new FuzzException($"{_read} bytes were read of a file of {bytes.Length}");
        }

        bytes.AsSpan((int)position, buffer.Length).CopyTo(buffer);
        return buffer.Length;
    }
}
