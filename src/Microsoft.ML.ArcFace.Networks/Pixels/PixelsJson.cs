using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.ArcFace.Pixels;

/// <summary>Holds pixels as the metadata of exported files and saved models keep them.</summary>
/// <param name="ColorOrder">"rgb" or "bgr".</param>
/// <param name="Mean">Of red, green and blue, in units of bytes.</param>
/// <param name="Deviation">Of red, green and blue, in units of bytes.</param>
internal sealed record StoredPixels(string? ColorOrder, double[]? Mean, double[]? Deviation)
{
    /// <summary>What the metadata of exported files call it.</summary>
    public const string MetadataKey = "pixels";

    /// <summary>What the metadata of exported files call the same in words.</summary>
    private const string WordsKey = "preprocessing";

    private const int MostCharacters = 1000;

    /// <summary>Tells in the metadata of an exported file which pixels it reads, for programs and in words.</summary>
    public static void Describe(FacePixels pixels, IDictionary<string, string> metadata) =>
        (metadata[MetadataKey], metadata[WordsKey]) = (ToJson(pixels), $"112x112 {pixels}, aligned to the ArcFace template");

    public static string ToJson(FacePixels pixels) => JsonSerializer.Serialize(
        new StoredPixels(pixels.ColorOrder.ToString().ToLowerInvariant(), pixels.Mean.ToArray(), pixels.Deviation.ToArray()), PixelsJson.Default.StoredPixels);

    /// <exception cref="FormatException">It is not what <see cref="ToJson"/> writes.</exception>
    public static FacePixels FromJson(string json)
    {
        try
        {
            return json.Length <= MostCharacters && JsonSerializer.Deserialize(json, PixelsJson.Default.StoredPixels) is
                { ColorOrder: ("rgb" or "bgr") and var order, Mean: { Length: 3 } mean, Deviation: { Length: 3 } deviation }
                ? new FacePixels { ColorOrder = order == "bgr" ? FaceColorOrder.Bgr : FaceColorOrder.Rgb, Mean = ColorChannels.Of(mean), Deviation = ColorChannels.Of(deviation) }
                : throw new FormatException("It does not say which pixels a network reads.");
        }
        catch (Exception error) when (error is JsonException or ArgumentOutOfRangeException)
        {
            throw new FormatException("It does not say which pixels a network reads.", error);
        }
    }
}

/// <summary>Writes pixels into exported files and saved models.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(StoredPixels))]
internal sealed partial class PixelsJson : JsonSerializerContext;
