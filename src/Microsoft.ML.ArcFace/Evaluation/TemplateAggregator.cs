using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>
/// One embedding for a set of pictures of a person, a template of the IJB benchmarks (Whitelam et al., IARPA Janus
/// Benchmark-B Face Dataset, 2017), the way InsightFace's IJB evaluation makes it: each medium, such as a video, gives
/// the mean of its weighted pictures, x̄ = (1/n) Σ qᵢ xᵢ; the template is the sum over its media in unit length.
/// </summary>
internal static class TemplateAggregator
{
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">A row has no template or medium, a quality is improper, or a template shows several people.</exception>
    public static IDataView Aggregate(IHostEnvironment environment, IDataView data, TemplateColumns columns, bool weightByNorm)
    {
        environment.CheckValue(data, nameof(data));
        using IChannel channel = environment.Start(nameof(TemplateAggregator));
        var templates = new Dictionary<string, Template>(StringComparer.Ordinal);
        int size = 0, unusable = 0;
        foreach (TemplatePicture picture in columns.Read(environment, data))
        {
            if (!templates.TryGetValue(picture.Template, out Template? template))
            {
                templates.Add(picture.Template, template = new Template(picture.Person));
            }

            if (template.Person != picture.Person)
            {
                throw new InvalidOperationException($"The pictures of template '{picture.Template}' show '{template.Person}' and '{picture.Person}'; a template is a set of pictures of one person.");
            }

            if (size != 0 && picture.Embedding.Length != size)
            {
                throw new InvalidOperationException($"The embeddings have {size} and {picture.Embedding.Length} numbers; all must come from the same model.");
            }

            size = picture.Embedding.Length;
            if (UnitVectors.HasDirection(picture.Embedding))
            {
                template.Add(picture, weightByNorm ? picture.Quality : picture.Quality / UnitVectors.Length(picture.Embedding));
            }
            else
            {
                unusable++;
            }
        }

        if (unusable > 0)
        {
            channel.Warning($"{unusable} pictures have an embedding that is zero or not a number, as of a picture that cannot be read; their templates are made of the others.");
        }

        return templates.Count > 0
            ? columns.ToView(templates.Select(template => template.Value.ToRow(template.Key, size)), size, EmbeddingOrigin.CopyAnnotations(InputColumn.FindEmbedding(environment, data, columns.Embedding)))
            : throw new InvalidOperationException("The data have no rows, so there are no templates. Give embeddings with the template that each belongs to.");
    }

    private sealed class Template(string person)
    {
        private readonly Dictionary<string, Medium> _media = new(StringComparer.Ordinal);

        // Where there is no column of media each picture is a medium of its own: they add up at once.
        private double[]? _single;
        private int _pictures, _singles;

        public string Person => person;

        public void Add(TemplatePicture picture, double weight)
        {
            _pictures++;
            double[] sum;
            if (picture.Medium is null)
            {
                _singles++;
                sum = _single ??= new double[picture.Embedding.Length];
            }
            else
            {
                if (!_media.TryGetValue(picture.Medium, out Medium? medium))
                {
                    _media.Add(picture.Medium, medium = new Medium(picture.Embedding.Length));
                }

                medium.Count++;
                sum = medium.Sum;
            }

            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += weight * picture.Embedding[i];
            }
        }

        public TemplateRow ToRow(string name, int size)
        {
            double[] sum = _single ?? new double[size];
            foreach (Medium medium in _media.Values)
            {
                for (int i = 0; i < size; i++)
                {
                    sum[i] += medium.Sum[i] / medium.Count;
                }
            }

            return new TemplateRow
            {
                Template = name,
                Person = person,
                Embedding = UnitVectors.Normalized(sum),
                PictureCount = _pictures,
                MediaCount = _singles + _media.Count,
            };
        }
    }

    private sealed class Medium(int size)
    {
        public double[] Sum { get; } = new double[size];

        public int Count { get; set; }
    }
}
