using System.Buffers.Binary;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>
/// A file of named tensors: a PyTorch checkpoint of either form, safetensors, or a saved face model, told apart by their
/// bytes. The descriptions are read at once, the numbers when they are copied.
/// </summary>
internal sealed class WeightsFile : IDisposable
{
    private readonly ByteSource _file;
    private readonly ByteSource _source;

    private WeightsFile(ByteSource source)
    {
        _file = source;
        try
        {
            _source = ModelWeights.Find(source) ?? source;

            // A header's length may begin as a pickle does; the bytes that follow tell them apart.
            (Tensors, Metadata) = TorchCheckpoint.IsCheckpoint(_source) && !BeginsAsSafetensors(_source)
                ? (TorchCheckpoint.Read(_source), new Dictionary<string, string>())
                : ReadSafetensors(_source);
        }
        catch (WeightsFormatException error) when (FileUse.Weights.Mismatch(FileNature.Of(source)) is { } mismatch)
        {
            throw new WeightsFormatException(mismatch, error);
        }
    }

    /// <summary>What the file holds, in its order; a name may occur twice in a PyTorch checkpoint.</summary>
    public IReadOnlyList<StoredTensor> Tensors { get; }

    /// <summary>Free text beside the tensors (safetensors).</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="WeightsFormatException">The file is damaged, hostile, or of another kind; the message begins with its name.</exception>
    public static WeightsFile Open(string path)
    {
        MissingFile.ThrowIfAbsent("The weights file", path, "Give a .pth, .pt or .safetensors file, or the .zip of a face model.");

        ByteSource source = ByteSource.Open(path);
        try
        {
            return new WeightsFile(source);
        }
        catch (WeightsFormatException error)
        {
            source.Dispose();
            throw new WeightsFormatException($"'{path}': {error.Message}", error);
        }
    }

    /// <summary>The same from any source, which then belongs to the file.</summary>
    public static WeightsFile Open(ByteSource source) => new(source);

    /// <summary>
    /// Copies tensors of the file into others of the same shapes, converting the element type.
    /// </summary>
    /// <exception cref="WeightsFormatException">
    /// A checksum is wrong, or a number is not finite in the target's type. What the targets hold is then undefined.
    /// </exception>
    public void CopyInto(IEnumerable<(StoredTensor Stored, WritableTensor Target)> pairs)
    {
        foreach (var sharing in pairs.GroupBy(pair => pair.Stored.Elements))
        {
            CheckSum(sharing.Key);
            var reader = new StoredTensorReader(_source, sharing.Key);
            foreach ((StoredTensor stored, WritableTensor target) in sharing)
            {
                reader.Copy(stored, target);
            }
        }
    }

    public void Dispose()
    {
        _source.Dispose();
        _file.Dispose();
    }

    private void CheckSum(StoredElements stored)
    {
        if (stored.Checksum is { } checksum && checksum.Of(_source, stored.Position) != checksum.Crc32)
        {
            throw new WeightsFormatException($"The bytes at {stored.Position} do not have their checksum: the file was altered. (Or it was saved with set_crc32_options(False); save it with checksums.)");
        }
    }

    private static bool BeginsAsSafetensors(ByteSource source)
    {
        Span<byte> start = stackalloc byte[Safetensors.LengthSize + 1];
        if (!source.Holds(0, start.Length))
        {
            return false;
        }

        source.Read(0, start);
        return BinaryPrimitives.ReadUInt64LittleEndian(start) <= Safetensors.LargestHeaderLength && start[^1] == '{';
    }

    private static (IReadOnlyList<StoredTensor>, IReadOnlyDictionary<string, string>) ReadSafetensors(ByteSource source)
    {
        Span<byte> lengthBytes = stackalloc byte[Safetensors.LengthSize];
        if (!source.Holds(0, lengthBytes.Length))
        {
            throw new WeightsFormatException($"The file has {source.Length} bytes; it is no PyTorch checkpoint (.pth, .pt) and no safetensors file.");
        }

        source.Read(0, lengthBytes);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        if (length > Safetensors.LargestHeaderLength || !source.Holds(Safetensors.LengthSize, (long)length))
        {
            throw new WeightsFormatException($"The file is no PyTorch checkpoint (.pth, .pt), and as a safetensors file its header would have {length} bytes: it is of another kind, or damaged.");
        }

        byte[] json = new byte[length];
        source.Read(Safetensors.LengthSize, json);
        SafetensorsHeader header = SafetensorsHeaderParser.Parse(json);
        long start = Safetensors.LengthSize + json.Length;
        if (source.Length - start != header.DataLength)
        {
            throw new WeightsFormatException($"The weights have {source.Length - start} bytes where {header.DataLength} are due: the file is truncated or was altered.");
        }

        return ([.. header.Entries.Select(entry => ToStored(entry, start))], header.Metadata);
    }

    private static StoredTensor ToStored(SafetensorsEntry entry, long start)
    {
        var elements = new StoredElements(start + entry.Begin, (entry.End - entry.Begin) / SafetensorsType.SizeOf(entry.Type), entry.Type);
        return StoredTensor.Create(entry.Name, elements, offset: 0, entry.Shape, StoredTensor.RowMajor(entry.Shape));
    }
}
