using System.Text.Encodings.Web;
using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>One tensor of a file: where its bytes lie, counted from the end of the header.</summary>
internal sealed record SafetensorsEntry(string Name, ScalarType Type, long[] Shape, long Begin, long End)
{
    /// <summary>Element type and shape for messages, such as "F32 [512, 25088]".</summary>
    public string Describe() => $"{SafetensorsType.NameOf(Type)} [{string.Join(", ", Shape)}]";
}

/// <summary>The JSON header of a safetensors file, read from bytes that nobody vouches for.</summary>
/// <param name="Entries">The tensors in the order of the header. Together they cover the data without gap or overlap.</param>
/// <param name="Metadata">Free text by name.</param>
/// <param name="DataLength">Bytes that follow the header.</param>
internal sealed record SafetensorsHeader(
    IReadOnlyList<SafetensorsEntry> Entries, IReadOnlyDictionary<string, string> Metadata, long DataLength)
{
    public const string MetadataName = "__metadata__";

    private const int LargestRank = 64;
    private const int Alignment = 8;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The JSON of this header, padded with spaces so that the data start at a multiple of 8 bytes.</summary>
    public byte[] ToJson()
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json, Plain))
        {
            writer.WriteStartObject();
            if (Metadata.Count > 0)
            {
                writer.WriteStartObject(MetadataName);
                foreach (var (name, value) in Metadata)
                {
                    writer.WriteString(name, value);
                }

                writer.WriteEndObject();
            }

            foreach (var entry in Entries)
            {
                writer.WriteStartObject(entry.Name);
                writer.WriteString("dtype", SafetensorsType.NameOf(entry.Type));
                WriteNumbers(writer, "shape", entry.Shape);
                WriteNumbers(writer, "data_offsets", [entry.Begin, entry.End]);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        while (json.Length % Alignment != 0)
        {
            json.WriteByte((byte)' ');
        }

        return json.ToArray();
    }

    /// <summary>Reads and checks the JSON of a header.</summary>
    /// <exception cref="WeightsFormatException">The header is not one; the message says where.</exception>
    public static SafetensorsHeader Parse(ReadOnlyMemory<byte> json)
    {
        if (json.Length == 0 || json.Span[0] != (byte)'{')
        {
            throw new WeightsFormatException("The header of the weights does not start with '{': this is not a safetensors file, or it was altered.");
        }

        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            var metadata = new Dictionary<string, string>();
            var entries = new List<SafetensorsEntry>();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.NameEquals(MetadataName))
                {
                    ReadMetadata(property.Value, metadata);
                }
                else
                {
                    entries.Add(ReadEntry(property.Name, property.Value));
                }
            }

            return new SafetensorsHeader(entries, metadata, CheckCoverage(entries));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // JsonException: syntax and repeated names. InvalidOperationException: text that is not valid Unicode.
            throw new WeightsFormatException($"The header of the weights is not valid JSON: {error.Message}", error);
        }
    }

    private static void WriteNumbers(Utf8JsonWriter writer, string name, long[] numbers)
    {
        writer.WriteStartArray(name);
        foreach (var number in numbers)
        {
            writer.WriteNumberValue(number);
        }

        writer.WriteEndArray();
    }

    private static void ReadMetadata(JsonElement value, Dictionary<string, string> metadata)
    {
        Require(value, JsonValueKind.Object, MetadataName);
        foreach (var property in value.EnumerateObject())
        {
            Require(property.Value, JsonValueKind.String, $"{MetadataName}.{property.Name}");
            metadata.Add(property.Name, property.Value.GetString()!);
        }
    }

    private static SafetensorsEntry ReadEntry(string name, JsonElement value)
    {
        Require(value, JsonValueKind.Object, name);
        var type = SafetensorsType.Parse(Member(value, name, "dtype", JsonValueKind.String).GetString()!, name);
        var shape = ReadNumbers(value, name, "shape");
        var offsets = ReadNumbers(value, name, "data_offsets");
        if (shape.Length > LargestRank)
        {
            throw new WeightsFormatException($"Tensor '{name}' has {shape.Length} dimensions; at most {LargestRank} are allowed.");
        }

        if (offsets.Length != 2 || offsets[0] > offsets[1])
        {
            throw new WeightsFormatException(
                $"Tensor '{name}' has data_offsets [{string.Join(", ", offsets)}]; they must be two numbers, the first not above the second.");
        }

        var size = SizeInBytes(name, type, shape);
        if (offsets[1] - offsets[0] != size)
        {
            throw new WeightsFormatException(
                $"Tensor '{name}' has {offsets[1] - offsets[0]} bytes; its element type and shape [{string.Join(", ", shape)}] need {size}.");
        }

        return new SafetensorsEntry(name, type, shape, offsets[0], offsets[1]);
    }

    private static long SizeInBytes(string name, ScalarType type, long[] shape)
    {
        try
        {
            return shape.Aggregate((long)SafetensorsType.SizeOf(type), (product, size) => checked(product * size));
        }
        catch (OverflowException error)
        {
            throw new WeightsFormatException($"Tensor '{name}' has shape [{string.Join(", ", shape)}], more than can be addressed.", error);
        }
    }

    private static long CheckCoverage(List<SafetensorsEntry> entries)
    {
        long end = 0;
        foreach (var entry in entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin != end)
            {
                throw new WeightsFormatException(
                    $"Tensor '{entry.Name}' starts at byte {entry.Begin} of the data; it must start at {end}, where the one before ends.");
            }

            end = entry.End;
        }

        return end;
    }

    private static long[] ReadNumbers(JsonElement tensor, string name, string member)
    {
        var array = Member(tensor, name, member, JsonValueKind.Array);
        var numbers = new long[array.GetArrayLength()];
        var index = 0;
        foreach (var element in array.EnumerateArray())
        {
            Require(element, JsonValueKind.Number, $"{name}.{member}");
            if (!element.TryGetInt64(out numbers[index]) || numbers[index] < 0)
            {
                throw new WeightsFormatException(
                    $"'{name}.{member}' holds {element.GetRawText()}; it must be a whole number from 0 to {long.MaxValue}.");
            }

            index++;
        }

        return numbers;
    }

    private static JsonElement Member(JsonElement tensor, string name, string member, JsonValueKind kind)
    {
        if (!tensor.TryGetProperty(member, out var value))
        {
            throw new WeightsFormatException($"Tensor '{name}' has no '{member}'; it needs dtype, shape and data_offsets.");
        }

        Require(value, kind, $"{name}.{member}");
        return value;
    }

    private static void Require(JsonElement value, JsonValueKind kind, string name)
    {
        if (value.ValueKind != kind)
        {
            throw new WeightsFormatException($"'{name}' in the header of the weights is of kind {value.ValueKind}; it must be of kind {kind}.");
        }
    }
}
