namespace Microsoft.ML.ArcFace;

/// <summary>Names how photographs are looked at before they are enrolled.</summary>
public enum EnrollmentReview
{
    /// <summary>They are not looked at.</summary>
    Off,

    /// <summary>The quality of the face must be within the limits (<see cref="FaceQuality.Judge"/>).</summary>
    Standard,

    /// <summary>
    /// As <see cref="Standard"/>; and the face must be nearer to the person's own photographs than to anybody else's, of somebody new not
    /// near enough to anybody to be taken for them; and the photograph must not show a second face of comparable size
    /// (<see cref="FaceEmbedding.PassedOver"/>).
    /// </summary>
    Strict,
}

/// <summary>Tells what a review found about a photograph.</summary>
/// <param name="Face">The photograph.</param>
/// <param name="Reasons">Why it should not be enrolled, a clause each that says by how much; none: nothing stands against it.</param>
public sealed record EnrollmentVerdict(FaceToEnroll Face, IReadOnlyList<string> Reasons)
{
    /// <summary>Tells whether nothing stands against it.</summary>
    public bool IsAccepted => Reasons.Count == 0;

    /// <summary>Writes "accepted", or the reasons.</summary>
    public override string ToString() => IsAccepted ? "accepted" : string.Join("; ", Reasons);
}

/// <summary>Reports photographs that a review refused; nothing was enrolled.</summary>
public sealed class EnrollmentRefusedException : FaceRecognitionException
{
    internal EnrollmentRefusedException(IReadOnlyList<EnrollmentVerdict> refused)
        : base($"{string.Join(Environment.NewLine, refused.Select(Gallery.EnrollmentReviewer.Told))}{Environment.NewLine}Nothing was enrolled. Take other photographs, or enroll these with a lower {nameof(EnrollmentReview)}.") => Refused = refused;

    /// <summary>The photographs that were refused.</summary>
    public IReadOnlyList<EnrollmentVerdict> Refused { get; }
}
