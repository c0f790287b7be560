using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.ArcFace.Serving;

/// <summary>
/// Refuses photographs as JSON. Caches of Microsoft.Extensions.AI make their keys of it, where all uploads of one name would look
/// alike, and one person would get the embedding of another.
/// </summary>
internal sealed class NoPhotographJson : JsonConverter<FacePhotograph>
{
    public override FacePhotograph Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw Refusal();

    public override void Write(Utf8JsonWriter writer, FacePhotograph value, JsonSerializerOptions options) => throw Refusal();

    private static NotSupportedException Refusal() => new(
        "A photograph has no JSON, and no key that a cache could make of it: uploads of one name would be taken for each other. " +
        "Cache by FaceEmbedder.GetCacheKey, which tells the pixels and the model; docs/recognition.md shows such a cache.");
}
