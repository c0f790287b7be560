using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>Holds origins as a saved model keeps them.</summary>
internal sealed record StoredOrigins(StoredOrigin[]? Tensors, bool AddsMirrorImage = false);

/// <summary>Holds the origin of a tensor; null where something is missing.</summary>
internal sealed record StoredOrigin(string? Tensor, string? Root, TensorStep[]? Steps, TensorUse[]? Uses, bool IsOnlyOne = false, string? Unchanged = null);

/// <summary>Writes the origins of tensors as JSON, and reads them back with every count held to a bound.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, UseStringEnumConverter = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, MaxDepth = 8)]
[JsonSerializable(typeof(StoredOrigins))]
internal sealed partial class TensorOriginsJson : JsonSerializerContext
{
    private const int MostCharacters = 16 << 20, MostTensors = 12_000, MostSteps = 16, MostUses = 4096;

    public static string Write(IEnumerable<TensorOrigin> origins, bool addsMirrorImage) => JsonSerializer.Serialize(
        new StoredOrigins([.. origins.Select(origin => new StoredOrigin(origin.Tensor, origin.Source.Root, Some(origin.Source.Steps), Some(origin.Uses), origin.IsOnlyOne, origin.Unchanged))], addsMirrorImage),
        Default.StoredOrigins);

    /// <exception cref="WeightsFormatException">It is not what <see cref="Write"/> writes.</exception>
    public static (IReadOnlyList<TensorOrigin> Origins, bool AddsMirrorImage) Read(string json)
    {
        try
        {
            return json.Length <= MostCharacters && JsonSerializer.Deserialize(json, Default.StoredOrigins) is { Tensors: { Length: <= MostTensors } tensors } stored && Array.TrueForAll(tensors, IsWhole)
                ? ([.. tensors.Select(origin => new TensorOrigin(origin.Tensor!, new TensorSource(origin.Root, origin.Steps ?? []), origin.Uses ?? []) { IsOnlyOne = origin.IsOnlyOne, Unchanged = origin.Unchanged })], stored.AddsMirrorImage)
                : throw Altered(null);
        }
        catch (JsonException error)
        {
            throw Altered(error);
        }
    }

    private static bool IsWhole(StoredOrigin? origin) => origin is { Tensor.Length: > 0, Steps: null or { Length: <= MostSteps }, Uses: null or { Length: <= MostUses } }
        && Array.TrueForAll(origin.Steps ?? [], step => step is not null) && Array.TrueForAll(origin.Uses ?? [], use => use is { Shape: not null, Value: not null });

    private static T[]? Some<T>(IReadOnlyList<T> list) => list.Count > 0 ? [.. list] : null;

    private static WeightsFormatException Altered(Exception? inner) =>
        new("The graph that the model was imported from does not tell where its tensors go in the form that is written here. It was altered after saving.", inner!);
}
