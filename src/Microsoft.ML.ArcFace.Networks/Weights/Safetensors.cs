using System.Buffers.Binary;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>
/// The safetensors format: u64 length of the header, JSON header { name: { dtype, shape, data_offsets } }, data; all
/// little-endian. Any tool for weights reads it, and reading it runs no code.
/// </summary>
internal static class Safetensors
{
    /// <summary>Bytes of the header's length at the start of a file.</summary>
    public const int LengthSize = sizeof(ulong);

    /// <summary>A longer header is refused: networks of ten thousand tensors need a tenth of it.</summary>
    public const int LargestHeaderLength = 16 << 20;

    /// <summary>
    /// Writes tensors to a stream that need not be seekable, in pieces; the stream stays open. The header keeps the given
    /// order; the data are laid out by falling element size, so that every tensor is aligned.
    /// </summary>
    /// <param name="stream">Where to write, from its current position.</param>
    /// <param name="tensors">Names, each once, and tensors.</param>
    /// <param name="metadata">Free text to store beside them.</param>
    /// <exception cref="ArgumentException">A name is empty, reserved or given twice, or the header would be too long to be read.</exception>
    public static void Write(
        Stream stream,
        IReadOnlyList<(string Name, StateTensor Tensor)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        CheckNames(tensors);

        // OrderBy is stable: tensors of one element size keep their order.
        (string Name, StateTensor Tensor)[] layout = [.. tensors.OrderByDescending(entry => SafetensorsType.SizeOf(entry.Tensor.Type))];
        var header = new SafetensorsHeader(Place(tensors, layout), metadata ?? new Dictionary<string, string>(), DataLength: 0).ToJson();
        if (header.Length > LargestHeaderLength)
        {
            throw new ArgumentException(
                $"The header of the weights would have {header.Length} bytes; at most {LargestHeaderLength} are allowed. Store less metadata.", nameof(metadata));
        }

        Span<byte> length = stackalloc byte[LengthSize];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var (_, tensor) in layout)
        {
            tensor.Read(bytes => stream.Write(bytes));
        }
    }

    /// <summary>
    /// Reads a file's tensors into existing ones of the same names, types and shapes. See
    /// <see cref="SafetensorsReader.CopyInto"/>.
    /// </summary>
    /// <returns>The file's metadata.</returns>
    /// <exception cref="WeightsFormatException">The file is damaged or does not fit.</exception>
    public static IReadOnlyDictionary<string, string> Load(Stream stream, IReadOnlyList<(string Name, WritableTensor Tensor)> targets)
    {
        var reader = new SafetensorsReader(stream);
        reader.CopyInto(targets);
        return reader.Metadata;
    }

    private static void CheckNames(IReadOnlyList<(string Name, StateTensor Tensor)> tensors)
    {
        var seen = new HashSet<string>();
        foreach (var (name, _) in tensors)
        {
            if (string.IsNullOrEmpty(name) || name == SafetensorsHeader.MetadataName || !seen.Add(name))
            {
                throw new ArgumentException(
                    $"The tensor name '{name}' is empty, reserved or given twice; every tensor needs a name of its own.", nameof(tensors));
            }
        }
    }

    private static List<SafetensorsEntry> Place(
        IReadOnlyList<(string Name, StateTensor Tensor)> tensors, (string Name, StateTensor Tensor)[] layout)
    {
        var begins = new Dictionary<string, long>(layout.Length);
        long end = 0;
        foreach (var (name, tensor) in layout)
        {
            begins.Add(name, end);
            end += SizeInBytes(tensor);
        }

        return [.. tensors.Select(entry => new SafetensorsEntry(
            entry.Name, entry.Tensor.Type, entry.Tensor.Shape, begins[entry.Name], begins[entry.Name] + SizeInBytes(entry.Tensor)))];
    }

    private static long SizeInBytes(StateTensor tensor) => tensor.Count * SafetensorsType.SizeOf(tensor.Type);
}
