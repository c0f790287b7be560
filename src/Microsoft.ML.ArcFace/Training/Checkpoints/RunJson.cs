using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// How a checkpoint writes what belongs to a run: legible, with numbers that are not finite, and enumerations by name. Every
/// type of an option that counts as a setting of the run stands here; a test holds the list to the options and losses there are.
/// </summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(RunPosition))]
[JsonSerializable(typeof(TrainingRecipe))]
[JsonSerializable(typeof(torch.ScalarType))]
[JsonSerializable(typeof(BackboneArchitecture))]
[JsonSerializable(typeof(TrainingPrecision))]
[JsonSerializable(typeof(TrainingOptimizer))]
[JsonSerializable(typeof(LearningRateDecay))]
[JsonSerializable(typeof(FaceAugmentation))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(string))]
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
}
