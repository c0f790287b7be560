using System.Globalization;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>Tells how well a face can be recognized from its photograph, in numbers each of which means one thing.</summary>
public sealed record FaceQuality
{
    /// <summary>
    /// Gives the side, in pixels of the photograph, of the square that became the aligned face of 112×112 pixels, over 0: below 112 the
    /// face was enlarged, and has less detail than it seems. Null: it came aligned, and nobody knows.
    /// </summary>
    public double? Size { get; init; }

    /// <summary>
    /// Tells how much of the light and shade between eyes and mouth of the aligned face is fine detail: the root mean square of the
    /// Laplacian (four neighbors) of the brightness, divided by its standard deviation; 0 to 8. Blur and enlargement lower it, noise
    /// and artifacts of compression raise it.
    /// </summary>
    public double Sharpness { get; init; }

    /// <summary>Gives the mean brightness between eyes and mouth of the aligned face (0.299 red + 0.587 green + 0.114 blue), 0 for black to 255 for white.</summary>
    public double Brightness { get; init; }

    /// <summary>
    /// Tells how far the head is turned to a side, in degrees, 0 for a face from the front, over 0 where it looks to the right of the image;
    /// −90 to 90. It is estimated from five landmarks and a face of average proportions. Null: there are no landmarks.
    /// </summary>
    public double? Yaw { get; init; }

    /// <summary>Tells how far the head is raised (over 0) or lowered, in degrees, −90 to 90; estimated as <see cref="Yaw"/>, more roughly, for proportions differ. Null: there are no landmarks.</summary>
    public double? Pitch { get; init; }

    /// <summary>Tells how far the head leans, in degrees, over 0 clockwise in the image; −180 to 180. Alignment takes it out. Null: there are no landmarks.</summary>
    public double? Roll { get; init; }

    /// <summary>Tells how sure the detector is that it is a face, 0 to 1; null: the model has no detector.</summary>
    public double? DetectionScore { get; init; }

    /// <summary>
    /// Gives the length of the embedding before it is brought to unit length, where the loss makes it a measure of quality (MagFace,
    /// AdaFace): longer is better, in a scale of the model's own. Null: of this model it means nothing.
    /// </summary>
    public double? EmbeddingNorm { get; init; }

    /// <summary>Judges the numbers together.</summary>
    /// <param name="limits">The limits; null: those that were measured (docs/recognition.md).</param>
    public FaceQualityVerdict Judge(FaceQualityLimits? limits = null)
    {
        limits ??= FaceQualityLimits.Measured;
        var problems = new List<FaceQualityProblem>();
        void AtLeast(FaceQualityMeasure measure, double? value, double? limit)
        {
            if (value is { } given && limit is { } least && !(given >= least))
            {
                problems.Add(new FaceQualityProblem(measure, given, least, IsTooHigh: false));
            }
        }

        void AtMost(FaceQualityMeasure measure, double? value, double? limit)
        {
            if (value is { } given && limit is { } most && !(given <= most))
            {
                problems.Add(new FaceQualityProblem(measure, given, most, IsTooHigh: true));
            }
        }

        AtLeast(FaceQualityMeasure.Size, Size, limits.MinimumSize);
        AtLeast(FaceQualityMeasure.Sharpness, Sharpness, limits.MinimumSharpness);
        AtLeast(FaceQualityMeasure.Brightness, Brightness, limits.MinimumBrightness);
        AtMost(FaceQualityMeasure.Brightness, Brightness, limits.MaximumBrightness);
        AtMost(FaceQualityMeasure.Yaw, Yaw is { } yaw ? Math.Abs(yaw) : null, limits.MaximumYaw);
        AtMost(FaceQualityMeasure.Pitch, Pitch is { } pitch ? Math.Abs(pitch) : null, limits.MaximumPitch);
        AtLeast(FaceQualityMeasure.DetectionScore, DetectionScore, limits.MinimumDetectionScore);
        AtLeast(FaceQualityMeasure.EmbeddingNorm, EmbeddingNorm, limits.MinimumEmbeddingNorm);
        return new FaceQualityVerdict(problems);
    }

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(FaceQuality), PrintMembers);
}

/// <summary>Names the numbers of a <see cref="FaceQuality"/> that are judged.</summary>
public enum FaceQualityMeasure
{
    /// <summary>How large the face is on the photograph.</summary>
    Size,

    /// <summary>How much fine detail it has.</summary>
    Sharpness,

    /// <summary>How bright it is.</summary>
    Brightness,

    /// <summary>How far it is turned to a side.</summary>
    Yaw,

    /// <summary>How far it is raised or lowered.</summary>
    Pitch,

    /// <summary>How sure the detector is of it.</summary>
    DetectionScore,

    /// <summary>How long its embedding is.</summary>
    EmbeddingNorm,
}

/// <summary>Tells which number of a face's quality is beyond its limit, and by how much.</summary>
/// <param name="Measure">The number.</param>
/// <param name="Value">What was measured.</param>
/// <param name="Limit">What is allowed.</param>
/// <param name="IsTooHigh">Whether the value is over the limit; else it is under it.</param>
public sealed record FaceQualityProblem(FaceQualityMeasure Measure, double Value, double Limit, bool IsTooHigh)
{
    /// <summary>Writes a clause such as "the face has 20 pixels a side, where at least 40 are needed".</summary>
    public override string ToString() => Measure switch
    {
        FaceQualityMeasure.Size => Text($"the face has {Value:0} pixels a side, where at least {Limit:0} are needed"),
        FaceQualityMeasure.Sharpness => Text($"it is blurred: its sharpness is {Value:0.00}, where at least {Limit:0.00} is needed"),
        FaceQualityMeasure.Brightness => IsTooHigh
            ? Text($"it is too bright: {Value:0} of 255, where at most {Limit:0} is allowed")
            : Text($"it is too dark: {Value:0} of 255, where at least {Limit:0} is needed"),
        FaceQualityMeasure.Yaw => Text($"it is turned aside by {Value:0}°, where at most {Limit:0}° is allowed"),
        FaceQualityMeasure.Pitch => Text($"it looks up or down by {Value:0}°, where at most {Limit:0}° is allowed"),
        FaceQualityMeasure.DetectionScore => Text($"the detector's score is {Value:0.00}, where at least {Limit:0.00} is needed"),
        _ => Text($"the length of its embedding is {Value:0.00}, where at least {Limit:0.00} is needed"),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Says whether a face is good enough, and what is wrong with it.</summary>
/// <param name="Problems">Each number that is beyond its limit; none: it is good enough.</param>
public sealed record FaceQualityVerdict(IReadOnlyList<FaceQualityProblem> Problems)
{
    /// <summary>Tells whether no number is beyond its limit.</summary>
    public bool IsGood => Problems.Count == 0;

    /// <summary>Writes "good", or the problems.</summary>
    public override string ToString() => IsGood ? "good" : string.Join("; ", Problems);
}

/// <summary>Holds the limits of a face's quality; null: the number is not judged.</summary>
public sealed record FaceQualityLimits
{
    /// <summary>Gets the limits that were measured on photographs made worse on purpose (docs/recognition.md).</summary>
    public static FaceQualityLimits Measured { get; } = new();

    /// <summary>The least <see cref="FaceQuality.Size"/>, in pixels. Default 40.</summary>
    public double? MinimumSize { get; init; } = 40;

    /// <summary>The least <see cref="FaceQuality.Sharpness"/>. Default 0.14.</summary>
    public double? MinimumSharpness { get; init; } = 0.14;

    /// <summary>The least <see cref="FaceQuality.Brightness"/>, 0 to 255. Default 25.</summary>
    public double? MinimumBrightness { get; init; } = 25;

    /// <summary>The greatest <see cref="FaceQuality.Brightness"/>, 0 to 255. Default 205.</summary>
    public double? MaximumBrightness { get; init; } = 205;

    /// <summary>The greatest <see cref="FaceQuality.Yaw"/> to either side, in degrees. Default 40.</summary>
    public double? MaximumYaw { get; init; } = 40;

    /// <summary>The greatest <see cref="FaceQuality.Pitch"/> up or down, in degrees; null, the default: none, for the photographs that were measured have none over 30.</summary>
    public double? MaximumPitch { get; init; }

    /// <summary>The least <see cref="FaceQuality.DetectionScore"/>, 0 to 1; null, the default: none, for each detector has a scale of its own.</summary>
    public double? MinimumDetectionScore { get; init; }

    /// <summary>The least <see cref="FaceQuality.EmbeddingNorm"/>; null, the default: none, for each model has a scale of its own.</summary>
    public double? MinimumEmbeddingNorm { get; init; }

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(FaceQualityLimits), PrintMembers);
}
