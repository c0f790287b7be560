using System.Globalization;
using System.Numerics.Tensors;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>
/// Finds a person among the faces of their photographs: the only face, the one that was named, the one nearest to the person's other
/// photographs, or the one that somebody at the terminal names.
/// </summary>
internal sealed class PersonsFace
{
    /// <summary>How much nearer than the next face one must be to be taken without a question, as a difference of cosines.</summary>
    private const double ClearMargin = 0.05;

    private readonly ToolRun _run;
    private readonly FaceGallery _gallery;
    private readonly double? _threshold;

    /// <summary>The embeddings of people's photographs of this call on which they are alone, or were chosen.</summary>
    private readonly Dictionary<string, List<float[]>> _known = new(StringComparer.Ordinal);

    /// <param name="run">The command; asks and tells.</param>
    /// <param name="gallery">The photographs that people have already.</param>
    /// <param name="threshold">The cosine that photographs of one person exceed; null: the model has none.</param>
    public PersonsFace(ToolRun run, FaceGallery gallery, double? threshold) => (_run, _gallery, _threshold) = (run, gallery, threshold);

    /// <summary>Learns what a person looks like.</summary>
    public void Know(string person, FaceEmbedding embedding)
    {
        if (!_known.TryGetValue(person, out List<float[]>? vectors))
        {
            _known[person] = vectors = [];
        }

        vectors.Add(embedding.Vector);
    }

    /// <summary>Chooses the face of a person.</summary>
    /// <param name="path">The photograph.</param>
    /// <param name="person">Who.</param>
    /// <param name="faces">Its faces, two or more.</param>
    /// <param name="refusal">Why none was chosen, and what to do.</param>
    /// <returns>The face's place; null: none was chosen.</returns>
    public int? Choose(string path, string person, IReadOnlyList<EmbeddedFace> faces, out string refusal)
    {
        (int best, string? doubt) = Nearest(person, faces);
        if (doubt is null)
        {
            _run.Say($"'{path}' shows {faces.Count} faces: {AllFaces.Where(best, faces[best])} is nearest to the other photographs of {person} and was taken.");
            refusal = "";
            return best;
        }

        string list = string.Join("; ", faces.Select((face, place) => AllFaces.Where(place, face)));
        if (_run.CanAsk)
        {
            _run.Say($"'{path}' shows {faces.Count} faces: {list}. {doubt}");
            string? answer = _run.Ask($"Which of them is {person}? 1 to {faces.Count}, or nothing to leave the photograph out:");
            if (int.TryParse(answer, NumberStyles.None, CultureInfo.InvariantCulture, out int face) && face >= 1 && face <= faces.Count)
            {
                refusal = "";
                return face - 1;
            }

            refusal = string.IsNullOrWhiteSpace(answer)
                ? $"'{path}' was left out: no face was chosen."
                : $"'{path}' has no face '{answer}'; the answer is a number from 1 to {faces.Count}.";
            return null;
        }

        refusal = $"'{path}' shows {faces.Count} faces: {list}. {doubt} Give this photograph alone with --face N, enroll a photograph first on which {person} is alone, or run the command at a terminal, where it asks.";
        return null;
    }

    /// <summary>The face that is nearest to the person's other photographs, and why it may be another; null: it is clear.</summary>
    private (int Face, string? Doubt) Nearest(string person, IReadOnlyList<EmbeddedFace> faces)
    {
        float[][] known = [.. _known.GetValueOrDefault(person) ?? []];
        string? id = _gallery.Find(person)?.Id;
        if (id is null && known.Length == 0)
        {
            return (0, $"There is no other photograph of {person} yet to compare them with.");
        }

        double Score(EmbeddedFace face)
        {
            double ofCall = known.Length == 0 ? -1 : known.Max(vector => (double)TensorPrimitives.Dot<float>(vector, face.Embedding.Vector));
            double ofGallery = id is null ? -1 : _gallery.Search(face.Embedding, _gallery.PersonCount).First(candidate => candidate.PersonId == id).Score;
            return Math.Max(ofCall, ofGallery);
        }

        (int face, double score)[] ranked = [.. faces.Select((face, place) => (place, Score(face))).OrderByDescending(one => one.Item2)];
        ((int best, double first), double second) = (ranked[0], ranked[1].score);
        return (best, _threshold is { } threshold && first <= threshold
            ? string.Create(CultureInfo.InvariantCulture, $"The nearest to the other photographs of {person}, face {best + 1}, has a cosine of {first:0.000}, and photographs of one person have over {threshold:0.000}.")
            : first - second <= ClearMargin
                ? string.Create(CultureInfo.InvariantCulture, $"Two of them are about as near to the other photographs of {person} (cosines of {first:0.000} and {second:0.000}).")
                : null);
    }
}
