using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>Tells how a model was trained, as its file keeps it.</summary>
/// <param name="Loss">The loss by its type, such as ArcFaceLoss.</param>
/// <param name="Margin">The loss's margin; null if it has none, or several.</param>
/// <param name="Scale">The scale of the logits.</param>
/// <param name="PersonCount">People who were trained on.</param>
/// <param name="PhotographCount">Photographs that were trained on.</param>
/// <param name="Epochs">Epochs that were trained; fewer than were asked for if training stopped early.</param>
/// <param name="Steps">Steps that were trained.</param>
/// <param name="StartedFromWeights">Whether it started from weights of a file instead of random ones.</param>
/// <param name="PackageVersion">The version of this package that trained it.</param>
public sealed record FaceTrainingSummary(
    string Loss, double? Margin, double Scale, int PersonCount, int PhotographCount, int Epochs, int Steps, bool StartedFromWeights, string PackageVersion)
{
    /// <summary>The version that this process runs.</summary>
    internal static string CurrentVersion { get; } = AssemblyVersion.Of(typeof(FaceTrainingSummary).Assembly);

    /// <summary>The model that it learned from beside the labels; null: none.</summary>
    public FaceTeacherSummary? Teacher { get; init; }

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(FaceTrainingSummary), PrintMembers);
}
