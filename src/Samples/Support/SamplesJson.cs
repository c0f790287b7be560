using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.ArcFace.Samples.Support;

/// <summary>Lists what the samples print and keep as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CirclesSummary))]
[JsonSerializable(typeof(ExperimentSummary))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(List<LossResult>))]
[JsonSerializable(typeof(QuickStartSummary))]
[JsonSerializable(typeof(VerificationResult))]
[JsonSerializable(typeof(WhoIsIt[]))]
internal sealed partial class SamplesJson : JsonSerializerContext
{
    /// <summary>The context for files, which people open.</summary>
    public static SamplesJson Indented => field ??= new(new JsonSerializerOptions(Default.Options) { WriteIndented = true });
}
