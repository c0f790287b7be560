using System.Globalization;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Tool.Commands;

/// <summary>Describes a model; null where its file records nothing, or there is no such part.</summary>
internal sealed record ModelFacts : ToolFacts
{
    private const string NoFile = "none: the network was trained here, or an older version saved the model";

    private const string NotRecorded = "not recorded: the weights came from a file";

    public required string File { get; init; }

    public string Kind { get; } = "model";

    public required long Bytes { get; init; }

    public required string Network { get; init; }

    public required int EmbeddingSize { get; init; }

    public required string Precision { get; init; }

    public required bool AddsMirrorImage { get; init; }

    /// <summary>People who were trained on.</summary>
    public required int? People { get; init; }

    public required FaceTrainingSummary? Training { get; init; }

    public required ThresholdFacts? Threshold { get; init; }

    public required DetectorFacts? Detector { get; init; }

    public required string Pixels { get; init; }

    public required NetworkFileFacts? NetworkFile { get; init; }

    public required string Alignment { get; init; }

    public required string[] InputColumns { get; init; }

    public required string Fingerprint { get; init; }

    public static ModelFacts Of(LoadedModel model, FileInfo file)
    {
        FaceEmbeddingTransformer embedding = model.Model.FaceEmbedding();
        ITransformer[] parts = [.. model.Model.Parts()];
        return new ModelFacts
        {
            File = file.FullName,
            Bytes = file.Length,
            Network = embedding.NetworkName,
            EmbeddingSize = embedding.EmbeddingSize,
            Precision = embedding.Precision == InferencePrecision.BFloat16 ? "bfloat16" : "float32",
            AddsMirrorImage = embedding.AddsMirrorImage,
            People = embedding.Model.Facts.PersonCount is > 0 and var people ? people : null,
            Training = embedding.Training is { } training ? training with { Loss = LossOption.NameOf(training.Loss) ?? training.Loss } : null,
            Threshold = embedding.Threshold is { } threshold ? ThresholdFacts.Of(threshold) : null,
            Detector = parts.OfType<FaceDetectingTransformer>().FirstOrDefault() is { } detector ? DetectorFacts.Of(detector) : null,
            Pixels = $"{FaceTensor.Size}×{FaceTensor.Size} {embedding.NetworkFile?.Pixels.ToString() ?? FacePixels.Standard.ToString()}",
            NetworkFile = embedding.NetworkFile is { } networkFile ? NetworkFileFacts.Of(networkFile) : null,
            Alignment = parts.OfType<FaceAligningTransformer>().Any() ? "found faces are aligned to the five points of the ArcFace template" : "none: photographs are expected aligned; others are cropped to their central square and resized",
            InputColumns = [.. (model.InputSchema ?? Enumerable.Empty<DataViewSchema.Column>()).Select(column => column.Name)],
            Fingerprint = embedding.Fingerprint,
        };
    }

    public override string ToString() => string.Join(Environment.NewLine, ((string[])
    [
        Invariant($"{File}: a face recognition model ({Bytes / 1e6:F1} MB)"),
        $"  network      {Network}; embeddings of {EmbeddingSize} numbers, {Precision}{(AddsMirrorImage ? ", of each face and its mirror image" : "")}",
        $"  from file    {NetworkFile?.ToString() ?? NoFile}",
        $"  trained on   {TrainedOn()}",
        $"  threshold    {Threshold?.ToString() ?? "none; choose one with arcface calibrate, on people whom it was not trained on"}",
        $"  detector     {Detector?.ToString() ?? "none"}",
        $"  alignment    {Alignment}",
        $"  pixels       {Pixels}",
        $"  takes        {string.Join(", ", InputColumns)}",
        $"  fingerprint  {Fingerprint}",
    ]).Select(Terminal.TerminalText.OfLine));

    private string TrainedOn() => Training is not { } training
        ? (People is { } people ? $"{Counted.People(people)}; the rest is " : "") + NotRecorded
        : Invariant($"{Counted.People(training.PersonCount)}, {Counted.Of(training.PhotographCount, "photograph")}; loss {training.Loss}{(training.Margin is { } margin ? Invariant($", margin {margin:0.###}") : "")}, scale {training.Scale:0.#}; ")
            + Invariant($"{Counted.Of(training.Epochs, "epoch")}, {Counted.Of(training.Steps, "step")} from {(training.StartedFromWeights ? "given" : "random")} weights{(training.Teacher is { } teacher ? Invariant($", taught by {teacher.Name} (weight {teacher.Weight:0.###})") : "")}; by version {training.PackageVersion}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Describes the file that a model's network was read from; page and license where it is a known one.</summary>
internal sealed record NetworkFileFacts(string FileName, string Sha256, string Pixels, string PixelsDecidedBy, string? Publisher, string? Page, string? UsualLicense)
{
    public static NetworkFileFacts Of(FaceNetworkFile file) => new(
        file.FileName, file.Sha256, file.Pixels.Pixels.Name, file.Pixels.Source.ToString(), file.Known?.Publisher, file.Known?.Page, file.Known?.UsualLicense);

    public override string ToString() => $"{FileName}, SHA-256 {Sha256}{(Publisher is null ? "" : $"; published by {Publisher}, usually under the license {UsualLicense}: {Page}")}";
}

/// <summary>Describes a model's threshold.</summary>
internal sealed record ThresholdFacts(
    double Cosine, double LowerCosine, double UpperCosine, double TargetFalseMatchRate, double FalseMatchRate, double FalseNonMatchRate, bool IsExtrapolated, int GenuinePairs, int ImpostorPairs, int People)
{
    public static ThresholdFacts Of(VerificationThreshold threshold) => new(
        threshold.Cosine, threshold.LowerCosine, threshold.UpperCosine, threshold.TargetFalseMatchRate, threshold.FalseMatchRate, threshold.FalseNonMatchRate,
        threshold.IsExtrapolated, threshold.GenuinePairCount, threshold.ImpostorPairCount, threshold.PersonCount);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"cosine over {Cosine:0.0000} [{LowerCosine:0.0000}, {UpperCosine:0.0000}]: one in {1 / TargetFalseMatchRate:N0} pairs of different people is accepted at most{(IsExtrapolated ? " (extrapolated)" : "")}, and {100 * FalseNonMatchRate:0.#} of 100 pairs of the same person are refused; measured on {GenuinePairs:N0} and {ImpostorPairs:N0} pairs of {People:N0} people");
}

/// <summary>Describes a model's detector.</summary>
internal sealed record DetectorFacts(string Network, double ScoreThreshold, string MainFace, int InputSize)
{
    public static DetectorFacts Of(FaceDetectingTransformer detector) => new(
        detector.Kind.ToString().ToLowerInvariant(), detector.Settings.ScoreThreshold,
        detector.Settings.MainFace switch { ArcFace.MainFace.Largest => "largest", ArcFace.MainFace.HighestScore => "surest", _ => "largest near the center" }, detector.Settings.InputSize);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Network}, for faces with a score over {ScoreThreshold:0.##}, in photographs of {InputSize} pixels; of several the {MainFace}");
}
