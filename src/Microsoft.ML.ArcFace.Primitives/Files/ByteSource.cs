using Microsoft.Win32.SafeHandles;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>Bytes that can be read at any place, by many threads at once: a file, or memory.</summary>
internal abstract class ByteSource : IDisposable
{
    public abstract long Length { get; }

    /// <exception cref="IOException">The file is absent, may not be read, or is no file (<see cref="SpecialFileException"/>).</exception>
    public static ByteSource Open(string path) => new FileSource(path);

    public static ByteSource Of(ReadOnlyMemory<byte> bytes) => new MemorySource(bytes);

    /// <summary>Whether a part of that length lies within; neither number need be sensible.</summary>
    public bool Holds(long position, long length) => position >= 0 && length >= 0 && position <= Length && length <= Length - position;

    /// <summary>Fills the buffer from a position on.</summary>
    /// <exception cref="EndOfStreamException">There are not as many bytes.</exception>
    public void Read(long position, Span<byte> buffer)
    {
        if (!Holds(position, buffer.Length))
        {
            throw new EndOfStreamException($"{buffer.Length} bytes at position {position} were asked for; there are {Length} in all.");
        }

        while (buffer.Length > 0)
        {
            int count = ReadSome(position, buffer);
            if (count == 0)
            {
                throw new EndOfStreamException($"The file became shorter while it was read: nothing is left at position {position}.");
            }

            position += count;
            buffer = buffer[count..];
        }
    }

    /// <summary>Opens a part as a source of its own; disposing of it leaves this one open.</summary>
    public ByteSource Part(long position, long length) => Holds(position, length)
        ? new PartSource(this, position, length)
        : throw new EndOfStreamException($"{length} bytes at position {position} were asked for; there are {Length} in all.");

    /// <summary>Opens a part as a stream that reads forwards; it leaves the source open.</summary>
    public Stream ToStream(long position, long length) => new PartStream(this, position, length);

    public virtual void Dispose()
    {
    }

    /// <summary>Reads one byte or more; the part lies within.</summary>
    protected abstract int ReadSome(long position, Span<byte> buffer);

    private sealed class FileSource : ByteSource
    {
        private readonly SafeFileHandle _handle;

        public FileSource(string path)
        {
            _handle = RegularFile.OpenHandle(path);
            Length = RandomAccess.GetLength(_handle);
        }

        public override long Length { get; }

        public override void Dispose() => _handle.Dispose();

        protected override int ReadSome(long position, Span<byte> buffer) => RandomAccess.Read(_handle, buffer, position);
    }

    private sealed class MemorySource(ReadOnlyMemory<byte> bytes) : ByteSource
    {
        public override long Length => bytes.Length;

        protected override int ReadSome(long position, Span<byte> buffer)
        {
            bytes.Span.Slice((int)position, buffer.Length).CopyTo(buffer);
            return buffer.Length;
        }
    }

    private sealed class PartSource(ByteSource source, long begin, long length) : ByteSource
    {
        public override long Length => length;

        protected override int ReadSome(long position, Span<byte> buffer)
        {
            source.Read(begin + position, buffer);
            return buffer.Length;
        }
    }

    private sealed class PartStream(ByteSource source, long position, long length) : Stream
    {
        private long _done;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            int count = (int)Math.Min(buffer.Length, length - _done);
            source.Read(position + _done, buffer[..count]);
            _done += count;
            return count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
