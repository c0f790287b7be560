using System.Numerics.Tensors;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>
/// Unit vectors one behind the other, in blocks that never move: it grows without copying, and a search takes blocks in
/// parallel. Not synchronised: many may search, or one may change it.
/// </summary>
/// <param name="size">Numbers in a vector.</param>
/// <param name="keepsHalves">Whether each is kept in half precision too.</param>
internal sealed class VectorTable(int size, bool keepsHalves)
{
    private const int FloatsInBlock = 1 << 18;

    private readonly List<Block> _blocks = [];

    public int Count { get; private set; }

    public bool KeepsHalves => keepsHalves;

    public int Size => size;

    /// <summary>Vectors in a block; the last block may have fewer.</summary>
    public int RowsInBlock { get; } = Math.Max(FloatsInBlock / size, 1);

    public IReadOnlyList<Block> Blocks => _blocks;

    /// <summary>The greatest distance between a vector and its half-precision form, over all there ever were.</summary>
    public double GreatestRoundingDistance { get; private set; }

    public void Add(VectorRow row, ReadOnlySpan<float> vector)
    {
        if (Count == _blocks.Count * RowsInBlock)
        {
            _blocks.Add(new Block(RowsInBlock, size, keepsHalves));
        }

        row.Index = Count++;
        Write(row, vector);
    }

    /// <summary>Puts another vector into a row.</summary>
    public void Write(VectorRow row, ReadOnlySpan<float> vector)
    {
        Block block = _blocks[row.Index / RowsInBlock];
        int place = row.Index % RowsInBlock;
        block.Rows[place] = row;
        block.Count = Math.Max(block.Count, place + 1);
        vector.CopyTo(block.Vector(place));
        if (keepsHalves)
        {
            TensorPrimitives.ConvertToHalf(vector, block.Half(place));
            GreatestRoundingDistance = Math.Max(GreatestRoundingDistance, RoundingDistance(vector, block.Half(place)));
        }
    }

    /// <summary>Takes a row out; the last one moves to its place, and where that stood are zeros.</summary>
    public void Remove(VectorRow row)
    {
        int last = --Count;
        Block lastBlock = _blocks[last / RowsInBlock];
        int lastPlace = last % RowsInBlock;
        if (row.Index != last)
        {
            VectorRow moved = lastBlock.Rows[lastPlace]!;
            moved.Index = row.Index;
            Write(moved, lastBlock.Vector(lastPlace));
        }

        lastBlock.Clear(lastPlace);
        if (lastPlace == 0)
        {
            _blocks.RemoveAt(_blocks.Count - 1);
        }
    }

    public ReadOnlySpan<float> this[VectorRow row] => _blocks[row.Index / RowsInBlock].Vector(row.Index % RowsInBlock);

    private static double RoundingDistance(ReadOnlySpan<float> vector, ReadOnlySpan<Half> rounded)
    {
        double sum = 0;
        for (int i = 0; i < vector.Length; i++)
        {
            double difference = vector[i] - (double)rounded[i];
            sum += difference * difference;
        }

        return Math.Sqrt(sum);
    }

    /// <summary>Some of the vectors.</summary>
    public sealed class Block(int rows, int size, bool keepsHalves)
    {
        private readonly float[] _vectors = new float[rows * size];
        private readonly Half[]? _halves = keepsHalves ? new Half[rows * size] : null;

        public VectorRow?[] Rows { get; } = new VectorRow?[rows];

        public int Count { get; set; }

        public Span<float> Vector(int place) => _vectors.AsSpan(place * size, size);

        public Span<Half> Half(int place) => _halves.AsSpan(place * size, size);

        /// <summary>Takes out the last vector.</summary>
        public void Clear(int place)
        {
            Vector(place).Clear();
            if (_halves is not null)
            {
                Half(place).Clear();
            }

            Rows[place] = null;
            Count = place;
        }
    }
}
