namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>
/// One embedding for a set of pictures of a person, a template of the IJB benchmarks (Whitelam et al., IARPA Janus
/// Benchmark-B Face Dataset, 2017), the way InsightFace's IJB evaluation makes it: each medium, such as a video, gives
/// the mean of its weighted pictures, x̄ = (1/n) Σ qᵢ xᵢ; the template is the sum over its media in unit length.
/// </summary>
internal static class TemplateAggregator
{
    /// <summary>Aggregates pictures to templates, in the order in which templates first occur.</summary>
    /// <param name="pictures">The pictures; an embedding's array may be used again for the next one.</param>
    /// <param name="weightByNorm">Whether long embeddings count more; false: each is brought to unit length first.</param>
    /// <returns>The templates, the size of their embeddings, and how many pictures have no direction and do not count.</returns>
    /// <exception cref="InvalidOperationException">A template shows several people, embeddings differ in size, or there are no pictures.</exception>
    public static (TemplateRow[] Rows, int Size, int Unusable) Aggregate(IEnumerable<TemplatePicture> pictures, bool weightByNorm)
    {
        var templates = new Dictionary<string, Template>(StringComparer.Ordinal);
        int size = 0, unusable = 0;
        foreach (TemplatePicture picture in pictures)
        {
            if (!templates.TryGetValue(picture.Template, out Template? template))
            {
                templates.Add(picture.Template, template = new Template(picture.Person));
            }

            if (template.Person != picture.Person)
            {
                throw new InvalidOperationException($"The pictures of template '{picture.Template}' show '{template.Person}' and '{picture.Person}'; a template is a set of pictures of one person.");
            }

            if (size != 0 && picture.Vector.Length != size)
            {
                throw new InvalidOperationException($"The embeddings have {size} and {picture.Vector.Length} numbers; all must come from the same model.");
            }

            size = picture.Vector.Length;
            if (UnitVectors.HasDirection(picture.Vector))
            {
                template.Add(picture, weightByNorm ? picture.Quality : picture.Quality / UnitVectors.Length(picture.Vector));
            }
            else
            {
                unusable++;
            }
        }

        return templates.Count > 0
            ? ([.. templates.Select(template => template.Value.ToRow(template.Key, size))], size, unusable)
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
                sum = _single ??= new double[picture.Vector.Length];
            }
            else
            {
                if (!_media.TryGetValue(picture.Medium, out Medium? medium))
                {
                    _media.Add(picture.Medium, medium = new Medium(picture.Vector.Length));
                }

                medium.Count++;
                sum = medium.Sum;
            }

            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += weight * picture.Vector[i];
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
