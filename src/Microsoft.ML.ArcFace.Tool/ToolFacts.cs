using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Tool.Commands;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>
/// Holds what a command answers to programs: a record beside the command, which <see cref="ToolJson"/> lists. Its names become
/// camelCase in JSON; scripts rely on them.
/// </summary>
internal abstract record ToolFacts;

/// <summary>Says why a command failed.</summary>
internal sealed record ErrorFacts(ErrorFacts.Cause Error) : ToolFacts
{
    /// <param name="Kind">The exception, or the exit code's name.</param>
    /// <param name="Message">What happened and what to do.</param>
    internal sealed record Cause(string Kind, string Message);
}

/// <summary>Writes facts as JSON: one line, names as they are written, numbers that are not finite by name.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, Converters = [typeof(OutcomeName), typeof(EnrollmentOutcomeName), typeof(LeftOutReasonName)])]
[JsonSerializable(typeof(ErrorFacts))]
[JsonSerializable(typeof(BackupFacts))]
[JsonSerializable(typeof(CalibrateFacts))]
[JsonSerializable(typeof(DoctorFacts))]
[JsonSerializable(typeof(EmbedFacts))]
[JsonSerializable(typeof(EmbeddingFacts))]
[JsonSerializable(typeof(EnrollFacts))]
[JsonSerializable(typeof(EvaluateFacts))]
[JsonSerializable(typeof(ExportFacts))]
[JsonSerializable(typeof(GroupFacts))]
[JsonSerializable(typeof(IdentifyFacts))]
[JsonSerializable(typeof(FaceEmbeddingFacts))]
[JsonSerializable(typeof(FileFacts))]
[JsonSerializable(typeof(ImportFacts))]
[JsonSerializable(typeof(KeysFacts))]
[JsonSerializable(typeof(ModelFacts))]
[JsonSerializable(typeof(PackedPairsFacts))]
[JsonSerializable(typeof(PackedPhotographsFacts))]
[JsonSerializable(typeof(PeopleFacts))]
[JsonSerializable(typeof(RecoverFacts))]
[JsonSerializable(typeof(RemoveFacts))]
[JsonSerializable(typeof(ReportFacts))]
[JsonSerializable(typeof(ServeFacts))]
[JsonSerializable(typeof(TrainFacts))]
[JsonSerializable(typeof(VerifyFacts))]
internal sealed partial class ToolJson : JsonSerializerContext
{
    private static ToolJson Legible => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Writes facts in one line. JSON leaves control characters above 0x7F and marks of direction as they are; a terminal must not have them.</summary>
    public static string Write(ToolFacts facts) => ShownName.Escape(JsonSerializer.Serialize(
        facts, Legible.GetTypeInfo(facts.GetType()) ?? throw new NotSupportedException($"{nameof(ToolJson)} does not list {facts.GetType().Name}.")));
}

/// <summary>Writes heic, hidden, link and so on.</summary>
internal sealed class LeftOutReasonName() : JsonStringEnumConverter<LeftOutReason>(JsonNamingPolicy.CamelCase);

/// <summary>Writes enrolled, alreadyThere or replaced.</summary>
internal sealed class EnrollmentOutcomeName() : JsonStringEnumConverter<EnrollmentOutcome>(JsonNamingPolicy.CamelCase);

/// <summary>Writes match, unknown or ambiguous.</summary>
internal sealed class OutcomeName() : JsonStringEnumConverter<IdentificationOutcome>(JsonNamingPolicy.CamelCase);
