using System.Text.Encodings.Web;
using System.Text.Json;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>One tensor of a file: where its bytes lie, counted from the end of the header.</summary>
internal sealed record SafetensorsEntry(string Name, ElementType Type, long[] Shape, long Begin, long End)
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

    private const int Alignment = 8;

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

    private static void WriteNumbers(Utf8JsonWriter writer, string name, long[] numbers)
    {
        writer.WriteStartArray(name);
        foreach (var number in numbers)
        {
            writer.WriteNumberValue(number);
        }

        writer.WriteEndArray();
    }
}
