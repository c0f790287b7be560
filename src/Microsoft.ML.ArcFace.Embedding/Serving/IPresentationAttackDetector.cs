using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Tells a living face before the camera from a print, a screen or a mask held to it (presentation attack detection,
/// ISO/IEC 30107). None is included: an embedding cannot tell, so bring your own where somebody gains by deceiving.
/// <see cref="FaceEmbedder"/> asks it about each photograph that is not a reference, before anything is embedded.
/// </summary>
public interface IPresentationAttackDetector
{
    /// <summary>Judges a photograph; called by many threads at once. If it throws, the photograph is not embedded.</summary>
    /// <param name="photograph">The whole photograph, upright, as it was taken; valid during the call.</param>
    PresentationAttackAssessment Assess(MLImage photograph);
}

/// <summary>What a presentation attack detector found.</summary>
/// <param name="IsAttack">Whether the photograph must not be used.</param>
/// <param name="Score">The detector's score, in its own scale, for logs.</param>
public sealed record PresentationAttackAssessment(bool IsAttack, double Score)
{
    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(PresentationAttackAssessment), PrintMembers);
}

/// <summary>A photograph was taken for a presentation attack; it was not embedded.</summary>
public sealed class PresentationAttackException : FaceRecognitionException
{
    internal PresentationAttackException(string imageName, PresentationAttackAssessment assessment)
        : base(FormattableString.Invariant($"The image {imageName} was taken for a presentation attack (score {assessment.Score:g4}). Ask for another photograph; one that need not be live is given with AsReference().")) =>
        (ImageName, Assessment) = (imageName, assessment);

    /// <summary>What the message calls the image.</summary>
    public string ImageName { get; }

    /// <summary>What the detector found.</summary>
    public PresentationAttackAssessment Assessment { get; }
}
