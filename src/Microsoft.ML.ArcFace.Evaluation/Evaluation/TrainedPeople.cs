using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>
/// Finds the people among those to be evaluated whom the model was trained on. A name alone proves nothing ("1" is a name in
/// many sets), so the photographs are looked at too: a person counts as trained on if one of the model's people has the
/// same name, and the mean of the person's cosines to that class center exceeds 99.9 % of what strangers come to.
/// </summary>
/// <remarks>
/// What strangers come to are the cosines of other people's photographs to the same center. Where there are fewer than 1,000 of
/// them, the cosines of the person's own photographs to other people's centers are added; if there are still fewer than 1,000,
/// the 99.9 % point is that of a normal distribution with their mean and standard deviation.
/// </remarks>
internal static class TrainedPeople
{
    /// <summary>Cosines of strangers that show a share of 0.1 %.</summary>
    private const int EnoughStrangers = 1_000;

    /// <summary>Photographs of other people that are looked at: an even sample of them where there are more.</summary>
    private const int MostStrangers = 10_000;

    /// <summary>The share of strangers who may be as near to a class center as somebody who counts as trained on.</summary>
    private const double ShareOfStrangers = 0.001;

    /// <summary>How many standard deviations the 99.9 % point of a normal distribution lies above its mean.</summary>
    private const double NormalQuantile = 3.090232306167813;

    private const int NamedExamples = 5;

    /// <summary>Finds the people, by name in ordinal order.</summary>
    /// <param name="model">The people of the model that made the embeddings; null: it is not known.</param>
    /// <param name="photographs">Whom each photograph shows, and its embedding, which has a direction.</param>
    /// <returns>Null where it cannot be told: the model is not known, or does not keep its people.</returns>
    public static IReadOnlyList<string>? Find(IModelPeople? model, IEnumerable<(string Person, float[] Embedding)> photographs)
    {
        if (model is not { PersonCount: > 0 })
        {
            return null;
        }

        (string Person, float[] Unit)[] faces = [.. photographs.Where(face => face.Person.Length > 0).Select(face => (face.Person, UnitVectors.Normalized(face.Embedding)))];
        Namesake[] namesakes =
        [
            .. faces.GroupBy(face => face.Person, face => face.Unit, StringComparer.Ordinal).OrderBy(own => own.Key, StringComparer.Ordinal)
                .Select(own => model.TryGetPerson(own.Key, out int index) ? new Namesake(own.Key, index, [.. own]) : null).OfType<Namesake>(),
        ];
        if (namesakes.Length == 0)
        {
            // Keys without names match nothing but other keys without names.
            return model.HasNames ? [] : null;
        }

        int[] others = EvenSample(model.PersonCount, EnoughStrangers + 1);
        float[][]? centers = model.CopyCenters([.. namesakes.Select(namesake => namesake.Index), .. others]);
        if (centers is null || centers[0].Length != faces[0].Unit.Length)
        {
            return null;
        }

        (string Person, float[] Unit)[] sample = [.. EvenSample(faces.Length, MostStrangers).Select(index => faces[index])];
        bool[] isTrainedOn = new bool[namesakes.Length];
        ParallelLoop.Run(namesakes.Length, Environment.ProcessorCount, i =>
        {
            Namesake namesake = namesakes[i];
            var strangers = new List<float>(sample.Where(face => face.Person != namesake.Name).Select(face => Cosine(face.Unit, centers[i])));
            if (strangers.Count < EnoughStrangers)
            {
                strangers.AddRange(others.Index().Where(other => other.Item != namesake.Index)
                    .SelectMany(other => namesake.Faces.Select(face => Cosine(face, centers[namesakes.Length + other.Index]))));
            }

            isTrainedOn[i] = Exceeds(namesake.Faces.Average(face => (double)Cosine(face, centers[i])), strangers);
        });
        return [.. namesakes.Where((_, i) => isTrainedOn[i]).Select(namesake => namesake.Name)];
    }

    /// <summary>Tells whether a mean cosine is greater than 99.9 % of the strangers' cosines.</summary>
    internal static bool Exceeds(double cosine, IReadOnlyCollection<float> strangers)
    {
        if (strangers.Count >= EnoughStrangers)
        {
            return strangers.Count(stranger => stranger >= cosine) <= ShareOfStrangers * strangers.Count;
        }

        double mean = strangers.DefaultIfEmpty().Average(stranger => (double)stranger);
        double variance = strangers.DefaultIfEmpty().Average(stranger => (stranger - mean) * (stranger - mean));
        return cosine > mean + (NormalQuantile * Math.Sqrt(variance));
    }

    /// <summary>Names some of the people in a sentence.</summary>
    public static string Describe(IReadOnlyList<string> people, int? personCount = null)
    {
        string all = personCount is { } count ? string.Create(CultureInfo.InvariantCulture, $"the {count:N0}") : "these";
        return string.Create(CultureInfo.InvariantCulture,
            $"The model was trained on {people.Count:N0} of {all} people: {string.Join(", ", people.Take(NamedExamples).Select(ShownName.Of))}{(people.Count > NamedExamples ? ", …" : "")}.");
    }

    private static float Cosine(float[] first, float[] second) => TensorPrimitives.Dot<float>(first, second);

    private static int[] EvenSample(int count, int most) =>
        count <= most ? [.. Enumerable.Range(0, count)] : [.. Enumerable.Range(0, most).Select(i => (int)((long)i * count / most))];

    /// <summary>A person to be evaluated whose name one of the model's people has.</summary>
    private sealed record Namesake(string Name, int Index, float[][] Faces);
}
