using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// How a checkpoint writes what belongs to a run: legible, with numbers that are not finite, and enumerations by name. Every loss
/// stands here; a test holds the list to those there are.
/// </summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, double[]>))]
[JsonSerializable(typeof(Dictionary<string, double[]>))]
[JsonSerializable(typeof(TrainingRecipe), GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(TrainingSetup), GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(TrainingPlan))]
[JsonSerializable(typeof(FacePixels))]
[JsonSerializable(typeof(torch.ScalarType))]
[JsonSerializable(typeof(FaceTeacher), GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(AdaFaceLoss))]
[JsonSerializable(typeof(AngularTripletLoss))]
[JsonSerializable(typeof(ArcFaceLoss))]
[JsonSerializable(typeof(CenterLoss))]
[JsonSerializable(typeof(CombinedMarginLoss))]
[JsonSerializable(typeof(CosFaceLoss))]
[JsonSerializable(typeof(CurricularFaceLoss))]
[JsonSerializable(typeof(ElasticFaceLoss))]
[JsonSerializable(typeof(MagFaceLoss))]
[JsonSerializable(typeof(NormSoftmaxLoss))]
[JsonSerializable(typeof(SoftmaxLoss))]
[JsonSerializable(typeof(SphereFaceLoss))]
[JsonSerializable(typeof(SubCenterArcFaceLoss))]
[JsonSerializable(typeof(TripletLoss))]
internal sealed partial class RunJson : JsonSerializerContext
{
    /// <summary>The context with names as they are written, and not as escape sequences.</summary>
    public static RunJson Legible => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>The properties of a record that its JSON has.</summary>
    public static IEnumerable<(string Name, object? Value)> ValuesOf<T>(T record, JsonTypeInfo<T> type) where T : class =>
        type.Properties.Where(property => property.Get is not null).Select(property => (property.Name, property.Get!(record)));

    /// <summary>The JSON of a value; records with the name of their type, for a loss is known by it.</summary>
    public static string Text(object? value)
    {
        if (value is null)
        {
            return "null";
        }

        JsonTypeInfo type = Legible.GetTypeInfo(value.GetType()) ?? throw new NotSupportedException($"{nameof(RunJson)} does not list {value.GetType().Name}; add [JsonSerializable(typeof({value.GetType().Name}))] to it.");
        string json = JsonSerializer.Serialize(value, type);
        return json.StartsWith('{') ? $"{value.GetType().Name} {json}" : json.Trim('"');
    }
}
