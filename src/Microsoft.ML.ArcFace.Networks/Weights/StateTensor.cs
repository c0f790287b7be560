namespace Microsoft.ML.ArcFace.Weights;

/// <summary>A part of a tensor's bytes, valid during the call only.</summary>
internal delegate void ChunkAction(Span<byte> bytes);

/// <summary>A tensor of a network's state, wherever its numbers lie.</summary>
/// <param name="type">The type of its elements.</param>
/// <param name="shape">Its sizes; none for a single number.</param>
internal abstract class StateTensor(ElementType type, long[] shape)
{
    public ElementType Type => type;

    public long[] Shape => shape;

    /// <summary>The number of elements.</summary>
    public long Count => PlainTensor.CountOf(shape);

    /// <summary>Shows the bytes to <paramref name="read"/>, piece by piece in order: row by row, little-endian.</summary>
    public abstract void Read(ChunkAction read);

    /// <summary>The number of elements with one index of the first dimension.</summary>
    public long RowLength { get; } = shape.Length == 0 ? 1 : PlainTensor.CountOf(shape[1..]);

    /// <summary>Copies the elements of a tensor of float32.</summary>
    public virtual float[] ToSingles()
    {
        float[] values = new float[Count];
        CopyRows(0, values);
        return values;
    }

    /// <summary>Copies elements of a tensor of float32. Several threads may do so at once.</summary>
    /// <param name="first">The index of the first dimension to begin with.</param>
    /// <param name="rows">Receives as many rows of <see cref="RowLength"/> as it has room for.</param>
    public void CopyRows(int first, Span<float> rows)
    {
        if (type != ElementType.Float32)
        {
            throw new InvalidOperationException($"The tensor is of {type}; it must be of {ElementType.Float32}.");
        }

        if (rows.Length > 0)
        {
            CopySingles(first, rows);
        }
    }

    /// <inheritdoc cref="CopyRows"/>
    protected abstract void CopySingles(int first, Span<float> rows);

    /// <summary>Element type and shape for messages, such as "F32 [512, 25088]".</summary>
    public string Describe() => $"{SafetensorsType.NameOf(type)} [{string.Join(", ", shape)}]";
}

/// <summary>A tensor that can be filled.</summary>
internal abstract class WritableTensor(ElementType type, long[] shape) : StateTensor(type, shape)
{
    /// <summary>Has <paramref name="write"/> fill the bytes, piece by piece in order: row by row, little-endian.</summary>
    public abstract void Write(ChunkAction write);

    /// <summary>Copies another tensor of the same type and number of elements.</summary>
    public void CopyFrom(StateTensor source)
    {
        if (source.Type != Type || source.Count != Count)
        {
            throw new ArgumentException($"A tensor {source.Describe()} cannot be copied into one of {Describe()}.", nameof(source));
        }

        var bytes = new MemoryStream(checked((int)(Count * SafetensorsType.SizeOf(Type))));
        source.Read(piece => bytes.Write(piece));
        bytes.Position = 0;
        Write(piece => bytes.ReadExactly(piece));
    }
}
