using Microsoft.ML.ArcFace.Gallery;

namespace Microsoft.ML.ArcFace;

// What is looked at before photographs are enrolled.
public sealed partial class FaceGallery
{
    /// <summary>Looks at photographs as they would be looked at before they are enrolled; nothing is changed.</summary>
    /// <param name="faces">Photographs of one person or several; in a strict review they stand for their people beside those of the gallery.</param>
    /// <param name="review">How they are looked at.</param>
    /// <param name="limits">The limits of quality; null: those that were measured (<see cref="FaceQualityLimits.Measured"/>).</param>
    /// <returns>What was found of each, in the same order.</returns>
    /// <exception cref="ArgumentException">An embedding has another size than the gallery's, or no direction.</exception>
    /// <exception cref="FaceGalleryException">Another model made an embedding (<see cref="FaceGalleryProblem.OtherModel"/>).</exception>
    public IReadOnlyList<EnrollmentVerdict> Review(IReadOnlyCollection<FaceToEnroll> faces, EnrollmentReview review, FaceQualityLimits? limits = null) =>
        ((IFaceGallery)this).ReviewAsync(faces, review, limits).GetAwaiter().GetResult();

    /// <summary>Adds photographs after a review, all or none.</summary>
    /// <param name="faces">Photographs of one person or several.</param>
    /// <param name="review">How they are looked at before.</param>
    /// <param name="replaceSameSource">Whether a person's older photographs of the same source give way to a new one. Default false: both stay.</param>
    /// <returns>What became of each photograph, in the same order.</returns>
    /// <exception cref="EnrollmentRefusedException">The review refuses a photograph; the message says why and by how much. Nothing was added.</exception>
    /// <exception cref="ArgumentException">A face cannot be kept; the message says which and why.</exception>
    /// <exception cref="FaceGalleryException">Another model made an embedding, or the file cannot be written; nothing was added.</exception>
    public IReadOnlyList<FaceEnrollment> EnrollReviewed(IReadOnlyCollection<FaceToEnroll> faces, EnrollmentReview review, bool replaceSameSource = false)
    {
        EnrollmentReviewer.ThrowIfRefused(Review(faces, review));
        return Enroll(faces, replaceSameSource);
    }
}
