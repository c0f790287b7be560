using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>Copies the numbers of tensors that share elements of a file, in whatever order and element type they are stored.</summary>
internal sealed class StoredTensorReader(ByteSource source, StoredElements shared)
{
    /// <summary>Elements of fewer neighbors than that are not asked of the file one by one.</summary>
    private const int ShortestRun = 1024;

    private ByteSource? _inMemory;

    /// <summary>Copies a stored tensor into one of the same shape, piece by piece.</summary>
    /// <exception cref="WeightsFormatException">A number is not finite in the target's type, or a truth value is neither 0 nor 1.</exception>
    public void Copy(StoredTensor stored, WritableTensor target)
    {
        ElementType type = stored.Elements.Type;
        int size = SafetensorsType.SizeOf(type), targetSize = SafetensorsType.SizeOf(target.Type);
        var places = new Places(stored);
        (ByteSource from, long position) = places.Run < Math.Min(ShortestRun, target.Count) && shared.ByteCount <= Array.MaxLength ? (InMemory(), 0) : (source, shared.Position);
        byte[] piece = [];
        target.Write(bytes =>
        {
            int count = bytes.Length / targetSize;
            if (piece.Length < count * size)
            {
                piece = new byte[count * size];
            }

            Span<byte> elements = piece.AsSpan(0, count * size);
            places.Read(from, position, elements);
            if (type == ElementType.Bool && elements.ContainsAnyExceptInRange((byte)0, (byte)1))
            {
                // Any other byte in a bool is undefined behavior in native code.
                throw new WeightsFormatException($"The truth values at {stored.Elements.Position} hold bytes other than 0 and 1.");
            }

            ElementConversion.Convert(elements, type, bytes, target.Type);
            if (!ElementConversion.AreFinite(bytes, target.Type))
            {
                throw new WeightsFormatException($"Tensor '{stored.Name}' holds numbers that are infinite, not numbers, or too large for {target.Type}: the file is damaged, or its training diverged.");
            }
        });
    }

    private ByteSource InMemory()
    {
        if (_inMemory is null)
        {
            byte[] bytes = new byte[shared.ByteCount];
            source.Read(shared.Position, bytes);
            _inMemory = ByteSource.Of(bytes);
        }

        return _inMemory;
    }

    /// <summary>Walks over the elements of a strided view, row by row.</summary>
    private sealed class Places
    {
        private readonly StoredTensor _stored;
        private readonly int _size;
        private readonly long[] _index;

        private readonly int _outer;
        private long _done;

        public Places(StoredTensor stored)
        {
            (_stored, _size) = (stored, SafetensorsType.SizeOf(stored.Elements.Type));
            (Run, _outer) = (1, stored.Shape.Length);
            while (_outer > 0 && (stored.Stride[_outer - 1] == Run || stored.Shape[_outer - 1] == 1))
            {
                Run *= stored.Shape[--_outer];
            }

            _index = new long[_outer];
        }

        /// <summary>Neighboring elements that lie in the file without gaps.</summary>
        public long Run { get; }

        public void Read(ByteSource source, long position, Span<byte> elements)
        {
            while (elements.Length > 0)
            {
                long first = _stored.Offset + _done;
                for (int dimension = 0; dimension < _outer; dimension++)
                {
                    first += _index[dimension] * _stored.Stride[dimension];
                }

                int count = (int)Math.Min(Run - _done, elements.Length / _size);
                source.Read(position + (first * _size), elements[..(count * _size)]);
                elements = elements[(count * _size)..];
                _done += count;
                if (_done == Run)
                {
                    Advance();
                }
            }
        }

        private void Advance()
        {
            _done = 0;
            for (int dimension = _outer - 1; dimension >= 0 && ++_index[dimension] == _stored.Shape[dimension]; dimension--)
            {
                _index[dimension] = 0;
            }
        }
    }
}
