namespace Microsoft.ML.ArcFace;

/// <summary>Names what enrolling did with a photograph.</summary>
public enum EnrollmentOutcome
{
    /// <summary>It is new and was stored.</summary>
    Enrolled,

    /// <summary>The person has it already, by a vector of the same direction (a cosine over 1 − 10⁻⁶); nothing was stored.</summary>
    AlreadyThere,

    /// <summary>It took the place of the person's older photographs of the same source.</summary>
    Replaced,
}

/// <summary>Tells what became of a photograph that was to be enrolled.</summary>
/// <param name="PersonId">Who it is.</param>
/// <param name="Photograph">The photograph as the gallery keeps it: the new one, or the one that was there.</param>
/// <param name="Outcome">What was done.</param>
public sealed record FaceEnrollment(string PersonId, GalleryPhotograph Photograph, EnrollmentOutcome Outcome)
{
    /// <summary>
    /// The person's other photographs that name the same source, such as an upload that is always called image.jpg: after
    /// <see cref="EnrollmentOutcome.Enrolled"/> they are still there beside the new one, after
    /// <see cref="EnrollmentOutcome.Replaced"/> they are gone.
    /// </summary>
    public IReadOnlyList<GalleryPhotograph> SameSource { get; init; } = [];
}

/// <summary>Counts what became of a view of embeddings that was enrolled.</summary>
/// <param name="PersonCount">People who were enrolled or given more photographs.</param>
/// <param name="PhotographCount">Photographs that are new.</param>
/// <param name="UnusableCount">Rows that were left out: without a label, or with an embedding that is zero or not a number, as of an unreadable picture.</param>
public sealed record EnrollmentSummary(int PersonCount, int PhotographCount, int UnusableCount)
{
    /// <summary>Photographs that were there already, so that nothing was stored for them.</summary>
    public int AlreadyThereCount { get; init; }

    /// <summary>Photographs that took the place of older ones of the same source.</summary>
    public int ReplacedCount { get; init; }

    /// <summary>New photographs that name a source of which the person has another photograph, which stays.</summary>
    public int SameSourceCount { get; init; }

    /// <summary>Counts the answers of one call.</summary>
    internal static EnrollmentSummary Of(IReadOnlyList<FaceEnrollment> results, int unusable)
    {
        int Count(EnrollmentOutcome outcome) => results.Count(result => result.Outcome == outcome);
        int people = results.Where(result => result.Outcome != EnrollmentOutcome.AlreadyThere).Select(result => result.PersonId).Distinct(StringComparer.Ordinal).Count();
        return new EnrollmentSummary(people, Count(EnrollmentOutcome.Enrolled), unusable)
        {
            AlreadyThereCount = Count(EnrollmentOutcome.AlreadyThere),
            ReplacedCount = Count(EnrollmentOutcome.Replaced),
            SameSourceCount = results.Count(result => result.Outcome == EnrollmentOutcome.Enrolled && result.SameSource.Count > 0),
        };
    }
}
