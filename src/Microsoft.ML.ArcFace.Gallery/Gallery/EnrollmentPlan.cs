using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Decides which photographs a gallery adds and which it removes, so that enrolling twice is the same as enrolling once. A
/// photograph is there already when its person has a vector of the same direction.
/// </summary>
public sealed class EnrollmentPlan
{
    /// <summary>Two vectors whose cosine is over this are of the same photograph.</summary>
    private const double SameCosine = 1 - 1e-6;

    /// <summary>Sums in single precision are off by less; what is over this is compared in double precision.</summary>
    private const float NearlySameCosine = 1 - 1e-4f;

    private readonly Dictionary<string, List<Entry>> _people = new(StringComparer.Ordinal);
    private readonly List<GalleryVector> _added = [];
    private readonly List<GalleryPhotograph> _removed = [];

    private EnrollmentPlan(IEnumerable<GalleryVector> known)
    {
        foreach (GalleryVector vector in known)
        {
            EntriesOf(vector.PersonId).Add(new Entry(vector, isKnown: true));
        }
    }

    /// <summary>Photographs to write.</summary>
    public IReadOnlyList<GalleryVector> Added => _added;

    /// <summary>Photographs to remove in the same step: others took their place.</summary>
    public IReadOnlyList<GalleryPhotograph> Removed => _removed;

    /// <summary>The outcome of each photograph, in the order in which they came.</summary>
    public IReadOnlyList<FaceEnrollment> Results { get; private set; } = [];

    /// <summary>Compares photographs with those that their people have.</summary>
    /// <param name="faces">Photographs to enroll.</param>
    /// <param name="known">All photographs that these people have in the gallery, in any order.</param>
    /// <param name="replaceSameSource">Whether older photographs of the same person and source give way.</param>
    public static EnrollmentPlan Create(IReadOnlyList<GalleryVector> faces, IEnumerable<GalleryVector> known, bool replaceSameSource)
    {
        ArgumentNullException.ThrowIfNull(faces);
        ArgumentNullException.ThrowIfNull(known);
        var plan = new EnrollmentPlan(known);
        (GalleryPhotograph Photograph, bool IsNew, GalleryPhotograph[] SameSource)[] found = [.. faces.Select(plan.Add)];
        plan.Results = [.. faces.Zip(found, (face, one) => plan.ResultOf(face, one.Photograph, one.IsNew, one.SameSource, replaceSameSource))];
        return plan;
    }

    private (GalleryPhotograph Photograph, bool IsNew, GalleryPhotograph[] SameSource) Add(GalleryVector face)
    {
        List<Entry> entries = EntriesOf(face.PersonId);
        Entry? first = null;
        foreach (Entry same in entries.Where(entry => IsSame(entry.Vector.Vector, face.Vector)))
        {
            // It is in this call, so nothing of the call takes its place.
            same.IsKept = true;
            first ??= same;
        }

        if (first is not null)
        {
            return (first.Vector.Photograph, false, []);
        }

        GalleryPhotograph[] sameSource = [.. OfSource(entries, face).Select(entry => entry.Vector.Photograph)];
        entries.Add(new Entry(face, isKnown: false));
        _added.Add(face);
        return (face.Photograph, true, sameSource);
    }

    private FaceEnrollment ResultOf(GalleryVector face, GalleryPhotograph photograph, bool isNew, GalleryPhotograph[] sameSource, bool replaceSameSource)
    {
        Entry[] replaced = replaceSameSource ? [.. OfSource(EntriesOf(face.PersonId), face).Where(entry => entry is { IsKnown: true, IsKept: false })] : [];
        foreach (Entry entry in replaced)
        {
            entry.IsKept = true;                               // removed once
            _removed.Add(entry.Vector.Photograph);
        }

        return replaced.Length > 0
            ? new FaceEnrollment(face.PersonId, photograph, EnrollmentOutcome.Replaced) { SameSource = [.. replaced.Select(entry => entry.Vector.Photograph)] }
            : new FaceEnrollment(face.PersonId, photograph, isNew ? EnrollmentOutcome.Enrolled : EnrollmentOutcome.AlreadyThere) { SameSource = [.. sameSource.Except(_removed)] };
    }

    private List<Entry> EntriesOf(string personId)
    {
        if (!_people.TryGetValue(personId, out List<Entry>? entries))
        {
            _people.Add(personId, entries = []);
        }

        return entries;
    }

    private static IEnumerable<Entry> OfSource(List<Entry> entries, GalleryVector face) =>
        face.Photograph.Source is { } source ? entries.Where(entry => entry.Vector.Photograph.Source == source) : [];

    private static bool IsSame(float[] first, float[] second) => TensorPrimitives.Dot<float>(first, second) > NearlySameCosine && UnitVectors.Cosine(first, second) > SameCosine;

    private sealed class Entry(GalleryVector vector, bool isKnown)
    {
        public GalleryVector Vector => vector;

        public bool IsKnown => isKnown;

        public bool IsKept { get; set; }
    }
}
