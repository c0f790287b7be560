using System.Globalization;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Looks at photographs before they are enrolled. It reads nothing: whoever asks it brings what the gallery knows.</summary>
internal static class EnrollmentReviewer
{
    /// <summary>People who are asked for of a face; the person in question is seldom farther down.</summary>
    public const int NearestPeople = 16;

    /// <summary>One line about a refused photograph.</summary>
    public static string Told(EnrollmentVerdict verdict) =>
        $"The photograph{(verdict.Face.Source is { } source ? $" '{ShownName.Of(source)}'" : "")} of {ShownName.Of(verdict.Face.PersonId)} was refused: {verdict}.";

    /// <summary>Checks what is to be looked at.</summary>
    /// <exception cref="ArgumentException">An embedding has another size than the gallery's, or no direction.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such review.</exception>
    /// <exception cref="FaceGalleryException">Another model made an embedding.</exception>
    public static FaceToEnroll[] Checked(IReadOnlyCollection<FaceToEnroll> faces, EnrollmentReview review, FaceGalleryModel model)
    {
        ArgumentNullException.ThrowIfNull(faces);
        if (!Enum.IsDefined(review))
        {
            throw new ArgumentOutOfRangeException(nameof(review), review, $"There is no such review. Give {string.Join(", ", Enum.GetNames<EnrollmentReview>())}.");
        }

        foreach (FaceToEnroll face in faces)
        {
            ArgumentNullException.ThrowIfNull(face, nameof(faces));
            EnrollmentChecks.CheckText(face.PersonId, nameof(FaceToEnroll.PersonId), nameof(faces));
            EnrollmentChecks.UnitVector(face.Embedding, model, $"The embedding of '{face.PersonId}'", nameof(faces));
        }

        return [.. faces];
    }

    /// <summary>The cosine by which a gallery takes somebody for a person; null: it has no threshold.</summary>
    public static async Task<double?> ThresholdAsync(IFaceGallery gallery, FaceEmbedding embedding, CancellationToken cancellationToken)
    {
        try
        {
            return (await gallery.IdentifyAsync(embedding, cancellationToken).ConfigureAwait(false)).Threshold;
        }
        catch (InvalidOperationException error) when (error is not ObjectDisposedException)
        {
            return null;
        }
    }

    /// <exception cref="EnrollmentRefusedException">Something stands against a photograph.</exception>
    public static void ThrowIfRefused(IReadOnlyList<EnrollmentVerdict> verdicts)
    {
        if (verdicts.Any(verdict => !verdict.IsAccepted))
        {
            throw new EnrollmentRefusedException([.. verdicts.Where(verdict => !verdict.IsAccepted)]);
        }
    }

    /// <summary>Judges a photograph.</summary>
    /// <param name="faces">All photographs of the call, which stand for their people, too.</param>
    /// <param name="place">Which of them.</param>
    /// <param name="review">How it is looked at.</param>
    /// <param name="limits">The limits of quality.</param>
    /// <param name="isKnown">Whether the gallery has photographs of the person.</param>
    /// <param name="nearest">The people of the gallery who are nearest to it, best first; empty unless the review is strict.</param>
    /// <param name="threshold">The cosine by which somebody is taken for a person; null: there is none.</param>
    public static EnrollmentVerdict Judge(FaceToEnroll[] faces, int place, EnrollmentReview review, FaceQualityLimits? limits, bool isKnown, IReadOnlyList<FaceCandidate> nearest, double? threshold)
    {
        FaceToEnroll face = faces[place];
        if (review == EnrollmentReview.Off)
        {
            return new EnrollmentVerdict(face, []);
        }

        List<string> reasons = face.Embedding.Quality is { } quality
            ? [.. quality.Judge(limits).Problems.Select(problem => problem.ToString())]
            : ["nothing is known of the face's quality: enroll what FaceEmbedder gives, not a bare vector"];
        if (review == EnrollmentReview.Strict)
        {
            if (face.Embedding is { PassedOver: { } other, Faces: [var main, ..] all })
            {
                reasons.Add($"it shows {all.Count} faces, and beside the one of {main} pixels another of {other}");
            }

            AddNearness(reasons, faces, place, isKnown, nearest, threshold);
        }

        return new EnrollmentVerdict(face, reasons);
    }

    private static void AddNearness(List<string> reasons, FaceToEnroll[] faces, int place, bool isKnown, IReadOnlyList<FaceCandidate> nearest, double? threshold)
    {
        FaceToEnroll face = faces[place];
        (double Score, string Who) own = (double.NegativeInfinity, ""), other = (double.NegativeInfinity, "");
        void See(string person, string name, double score)
        {
            if (UnicodeNames.AreEqual(person, face.PersonId))
            {
                own = score > own.Score ? (score, name) : own;
            }
            else if (score > other.Score)
            {
                other = (score, name);
            }
        }

        foreach (FaceCandidate candidate in nearest)
        {
            See(candidate.PersonId, candidate.Name, candidate.Score);
        }

        for (int i = 0; i < faces.Length; i++)
        {
            if (i != place)
            {
                See(faces[i].PersonId, faces[i].Name ?? faces[i].PersonId, UnitVectors.Cosine(face.Embedding.Vector, faces[i].Embedding.Vector));
            }
        }

        string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        if (own.Score > double.NegativeInfinity && !(own.Score > other.Score))
        {
            reasons.Add(Text($"it is nearer to {ShownName.Of(other.Who)} (a cosine of {other.Score:0.000}) than to the other photographs of {ShownName.Of(face.PersonId)} ({own.Score:0.000})"));
        }
        else if (isKnown && double.IsNegativeInfinity(own.Score))
        {
            reasons.Add(Text($"it is nearer to {ShownName.Of(other.Who)} (a cosine of {other.Score:0.000}) and {nearest.Count - 1} others than to the other photographs of {ShownName.Of(face.PersonId)}"));
        }
        else if (double.IsNegativeInfinity(own.Score) && other.Score > threshold)
        {
            reasons.Add(Text($"{ShownName.Of(face.PersonId)} is new, and the face would be taken for {ShownName.Of(other.Who)}: a cosine of {other.Score:0.000}, where over {threshold:0.000} is near enough"));
        }
    }
}
