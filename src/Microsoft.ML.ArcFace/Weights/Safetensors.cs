using System.Buffers.Binary;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>
/// The safetensors format: the length of a JSON header as u64, the header {name: {dtype, shape, data_offsets}}, the
/// data. Streams in both directions; tensors pass in pieces, never whole.
/// </summary>
internal static class Safetensors
{
    private const int LargestHeaderBytes = 64 << 20;
    private const long PieceElements = 4 << 20;
    private const string MetadataKey = "__metadata__";

    private static readonly (ScalarType Type, string Name, int Bytes)[] Types =
    [
        (ScalarType.Float64, "F64", 8), (ScalarType.Float32, "F32", 4), (ScalarType.Float16, "F16", 2), (ScalarType.BFloat16, "BF16", 2),
        (ScalarType.Int64, "I64", 8), (ScalarType.Int32, "I32", 4), (ScalarType.Int16, "I16", 2), (ScalarType.Int8, "I8", 1),
        (ScalarType.Byte, "U8", 1), (ScalarType.Bool, "BOOL", 1),
    ];

    /// <summary>Writes tensors in the given order; the stream stays open.</summary>
    public static void Write(Stream stream, IReadOnlyList<(string Name, Tensor Tensor)> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        byte[] header = Header(tensors, metadata);
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach ((_, Tensor tensor) in tensors)
        {
            using var scope = NewDisposeScope();
            Tensor flat = tensor.detach().cpu().contiguous().reshape(-1);
            for (long start = 0; start < flat.numel(); start += PieceElements)
            {
                using var piece = NewDisposeScope();
                stream.Write(flat.slice(0, start, Math.Min(flat.numel(), start + PieceElements), 1).bytes);
            }
        }
    }

    /// <summary>Reads into tensors that are there already. Names, kinds and shapes must be exactly theirs.</summary>
    /// <exception cref="WeightsFormatException">The file is damaged or does not fit; nothing says so later.</exception>
    public static void Load(Stream stream, IReadOnlyList<(string Name, Tensor Tensor)> targets)
    {
        List<Entry> entries = ReadHeader(stream);
        CheckFit(entries, targets);
        Dictionary<string, Tensor> byName = targets.ToDictionary(target => target.Name, target => target.Tensor, StringComparer.Ordinal);
        using var noGradient = no_grad();
        foreach (Entry entry in entries)
        {
            using var scope = NewDisposeScope();
            Tensor target = byName[entry.Name];
            Tensor read = empty(target.numel(), dtype: target.dtype);
            for (long start = 0; start < read.numel(); start += PieceElements)
            {
                using var piece = NewDisposeScope();
                Fill(stream, read.slice(0, start, Math.Min(read.numel(), start + PieceElements), 1).bytes, entry.Name);
            }

            target.copy_(read.reshape(target.shape));
        }
    }

    private static byte[] Header(IReadOnlyList<(string Name, Tensor Tensor)> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject(MetadataKey);
            foreach ((string key, string value) in metadata)
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
            long offset = 0;
            foreach ((string name, Tensor tensor) in tensors)
            {
                (_, string type, int bytes) = Types.First(known => known.Type == tensor.dtype);
                json.WriteStartObject(name);
                json.WriteString("dtype", type);
                WriteNumbers(json, "shape", tensor.shape);
                WriteNumbers(json, "data_offsets", [offset, offset += tensor.numel() * bytes]);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, long[] numbers)
    {
        json.WriteStartArray(name);
        foreach (long number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    /// <summary>The entries in the order of their data, which lies without gaps.</summary>
    private static List<Entry> ReadHeader(Stream stream)
    {
        Span<byte> lengthBytes = stackalloc byte[sizeof(ulong)];
        Fill(stream, lengthBytes, "the header length");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        if (length is < 2 or > LargestHeaderBytes)
        {
            throw new WeightsFormatException($"The safetensors header claims {length} bytes; allowed are 2 to {LargestHeaderBytes}. This is no safetensors file, or a damaged one.");
        }

        byte[] header = new byte[length];
        Fill(stream, header, "the header");
        List<Entry> entries;
        try
        {
            using JsonDocument json = JsonDocument.Parse(header, new JsonDocumentOptions { MaxDepth = 8 });
            entries = [.. json.RootElement.EnumerateObject().Where(p => p.Name != MetadataKey).Select(Entry.Parse).OrderBy(entry => entry.Start).ThenBy(entry => entry.End)];
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or OverflowException)
        {
            throw new WeightsFormatException($"The safetensors header cannot be read: {exception.Message} The file is damaged.", exception);
        }

        long end = 0;
        foreach (Entry entry in entries)
        {
            if (entry.Start != end || entry.End - entry.Start != entry.ByteCount)
            {
                throw new WeightsFormatException(
                    $"The tensor '{entry.Name}' stands at bytes {entry.Start} to {entry.End}; its shape takes {entry.ByteCount} bytes from {end}. The file is damaged.");
            }

            end = entry.End;
        }

        return entries;
    }

    /// <summary>Reports all that is missing, unexpected or of another shape at once.</summary>
    private static void CheckFit(List<Entry> entries, IReadOnlyList<(string Name, Tensor Tensor)> targets)
    {
        Entry[] twice = [.. entries.GroupBy(entry => entry.Name).Where(group => group.Count() > 1).Select(group => group.First())];
        Dictionary<string, Entry> found = entries.DistinctBy(entry => entry.Name).ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        HashSet<string> wanted = [.. targets.Select(target => target.Name)];
        string[] problems =
        [
            .. twice.Select(entry => $"'{entry.Name}' occurs twice"),
            .. targets.Where(target => !found.ContainsKey(target.Name)).Select(target => $"'{target.Name}' is missing"),
            .. entries.Where(entry => !wanted.Contains(entry.Name)).Select(entry => $"'{entry.Name}' is not part of the network"),
            .. targets.Where(target => found.TryGetValue(target.Name, out Entry? entry) && !entry.Fits(target.Tensor))
                .Select(target => $"'{target.Name}' is {found[target.Name].Describe()}, but the network takes {Describe(target.Tensor.dtype, target.Tensor.shape)}"),
        ];
        if (problems.Length > 0)
        {
            const int Shown = 8;
            throw new WeightsFormatException($"The weights do not fit the network: {string.Join("; ", problems.Take(Shown))}" +
                (problems.Length > Shown ? $"; and {problems.Length - Shown} more." : "."));
        }
    }

    private static void Fill(Stream stream, Span<byte> bytes, string what)
    {
        try
        {
            stream.ReadExactly(bytes);
        }
        catch (Exception exception) when (exception is EndOfStreamException or InvalidDataException)
        {
            throw new WeightsFormatException($"The safetensors data ends or breaks within {what}; the file is truncated or damaged.", exception);
        }
    }

    private static string Describe(ScalarType type, long[] shape) => $"{Types.First(known => known.Type == type).Name}[{string.Join(", ", shape)}]";

    private sealed record Entry(string Name, ScalarType Type, int ElementBytes, long[] Shape, long Start, long End)
    {
        public long ByteCount => checked(Shape.Aggregate(1L, (product, size) => checked(product * size)) * ElementBytes);

        public static Entry Parse(JsonProperty property)
        {
            string typeName = property.Value.GetProperty("dtype").GetString() ?? "";
            (ScalarType type, string known, int bytes) = Types.FirstOrDefault(candidate => candidate.Name == typeName);
            long[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
            long[] offsets = [.. property.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
            if (known is null || shape.Length > 16 || shape.Any(size => size < 0) || offsets.Length != 2)
            {
                throw new FormatException($"The tensor '{property.Name}' has dtype '{typeName}', {shape.Length} dimensions and {offsets.Length} offsets.");
            }

            var entry = new Entry(property.Name, type, bytes, shape, offsets[0], offsets[1]);
            _ = entry.ByteCount;
            return entry;
        }

        public bool Fits(Tensor tensor) => tensor.dtype == Type && tensor.shape.AsSpan().SequenceEqual(Shape);

        public string Describe() => Safetensors.Describe(Type, Shape);
    }
}
