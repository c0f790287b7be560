using System.Text.Json;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>
/// Reads the JSON header of a safetensors file, token by token: a document in memory would take many times the bytes of a
/// header that is made for it.
/// </summary>
internal static class SafetensorsHeaderParser
{
    /// <summary>Most tensors, and most texts of metadata: networks have a few thousand.</summary>
    public const int MostEntries = 1 << 16;

    private const int LargestRank = 64;
    private const int ShownCharacters = 40;

    private static readonly JsonReaderOptions Strict = new() { MaxDepth = 8 };

    /// <summary>Reads and checks the JSON of a header.</summary>
    /// <exception cref="WeightsFormatException">The header is not one; the message says where.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json)
    {
        if (json.Length == 0 || json[0] != (byte)'{')
        {
            throw new WeightsFormatException("The header of the weights does not start with '{': this is not a safetensors file, or it was altered.");
        }

        try
        {
            var reader = new Utf8JsonReader(json, Strict);
            var metadata = new Dictionary<string, string>();
            var entries = new List<SafetensorsEntry>();
            var names = new HashSet<string>();
            reader.Read();
            while (NextMember(ref reader) is { } name)
            {
                CheckNew(names.Add(name), name);
                CheckCount(names.Count, "tensors");
                if (name == SafetensorsHeader.MetadataName)
                {
                    ReadMetadata(ref reader, metadata);
                }
                else
                {
                    entries.Add(ReadEntry(ref reader, name));
                }
            }

            // Nothing but white space follows.
            reader.Read();
            return new SafetensorsHeader(entries, metadata, CheckCoverage(entries));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // JsonException: syntax and repeated names. InvalidOperationException: text that is not valid Unicode.
            throw new WeightsFormatException($"The header of the weights is not valid JSON: {error.Message}", error);
        }
    }

    /// <summary>The name of the next member, the reader then standing at its value; null at the end of the object.</summary>
    private static string? NextMember(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            return null;
        }

        string name = reader.GetString()!;
        reader.Read();
        return name;
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, Dictionary<string, string> metadata)
    {
        Require(reader.TokenType, JsonTokenType.StartObject, SafetensorsHeader.MetadataName);
        while (NextMember(ref reader) is { } name)
        {
            Require(reader.TokenType, JsonTokenType.String, SafetensorsHeader.MetadataName, name);
            CheckNew(metadata.TryAdd(name, reader.GetString()!), name);
            CheckCount(metadata.Count, "texts of metadata");
        }
    }

    private static SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        Require(reader.TokenType, JsonTokenType.StartObject, name);
        (ElementType? type, long[]? shape, long[]? offsets) = (null, null, null);
        while (NextMember(ref reader) is { } member)
        {
            switch (member)
            {
                case "dtype":
                    CheckNew(type is null, member);
                    Require(reader.TokenType, JsonTokenType.String, name, member);
                    type = SafetensorsType.Parse(Shown(reader.GetString()!), name);
                    break;
                case "shape":
                    CheckNew(shape is null, member);
                    shape = ReadNumbers(ref reader, name, member, LargestRank)
                        ?? throw new WeightsFormatException($"Tensor '{name}' has more than {LargestRank} dimensions; at most {LargestRank} are allowed.");
                    break;
                case "data_offsets":
                    CheckNew(offsets is null, member);
                    offsets = ReadNumbers(ref reader, name, member, most: 2);
                    if (offsets is not { Length: 2 } || offsets[0] > offsets[1])
                    {
                        throw new WeightsFormatException(
                            $"Tensor '{name}' has data_offsets [{string.Join(", ", offsets ?? [])}]; they must be two numbers, the first not above the second.");
                    }

                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return Entry(name, type ?? throw Lacks(name, "dtype"), shape ?? throw Lacks(name, "shape"), offsets ?? throw Lacks(name, "data_offsets"));
    }

    private static SafetensorsEntry Entry(string name, ElementType type, long[] shape, long[] offsets)
    {
        long size = SizeInBytes(name, type, shape);
        return offsets[1] - offsets[0] == size
            ? new SafetensorsEntry(name, type, shape, offsets[0], offsets[1])
            : throw new WeightsFormatException(
                $"Tensor '{name}' has {offsets[1] - offsets[0]} bytes; its element type and shape [{string.Join(", ", shape)}] need {size}.");
    }

    private static long SizeInBytes(string name, ElementType type, long[] shape)
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

    /// <summary>Whole numbers from 0; null if there are more of them.</summary>
    private static long[]? ReadNumbers(ref Utf8JsonReader reader, string name, string member, int most)
    {
        Require(reader.TokenType, JsonTokenType.StartArray, name, member);
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Require(reader.TokenType, JsonTokenType.Number, name, member);
            if (!reader.TryGetInt64(out long number) || number < 0)
            {
                string text = System.Text.Encoding.ASCII.GetString(reader.ValueSpan[..Math.Min(reader.ValueSpan.Length, ShownCharacters)]);
                throw new WeightsFormatException($"'{name}.{member}' holds {text}; it must be a whole number from 0 to {long.MaxValue}.");
            }

            if (numbers.Count == most)
            {
                return null;
            }

            numbers.Add(number);
        }

        return [.. numbers];
    }

    private static void CheckNew(bool isNew, string name)
    {
        if (!isNew)
        {
            throw new JsonException($"The name '{Shown(name)}' is there twice.");
        }
    }

    private static void CheckCount(int count, string what)
    {
        if (count > MostEntries)
        {
            throw new WeightsFormatException($"The header of the weights describes more than {MostEntries} {what}; no more are allowed. This is no file of weights, or it was altered.");
        }
    }

    private static WeightsFormatException Lacks(string name, string member) => new($"Tensor '{name}' has no '{member}'; it needs dtype, shape and data_offsets.");

    private static string Shown(string text) => text.Length > ShownCharacters ? text[..ShownCharacters] + "…" : text;

    private static void Require(JsonTokenType kind, JsonTokenType expected, string name, string? member = null)
    {
        if (kind != expected)
        {
            throw new WeightsFormatException(
                $"'{name}{(member is null ? "" : ".")}{member}' in the header of the weights is of kind {KindOf(kind)}; it must be of kind {KindOf(expected)}.");
        }
    }

    private static string KindOf(JsonTokenType kind) => kind switch
    {
        JsonTokenType.StartObject => "Object",
        JsonTokenType.StartArray => "Array",
        _ => kind.ToString(),
    };
}
