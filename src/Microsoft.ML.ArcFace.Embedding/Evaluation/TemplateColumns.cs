using Microsoft.ML.ArcFace.Views;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Which columns say what of the pictures of templates; null for what there is not.</summary>
internal sealed record TemplateColumns(string Template, string? Medium, string? Quality, string? Label, string Embedding)
{
    /// <summary>Aggregates the pictures of a view to a view of templates.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">A row has no template or medium, a quality is improper, or a template shows several people.</exception>
    public IDataView Aggregate(IHostEnvironment environment, IDataView data, bool weightByNorm)
    {
        environment.CheckValue(data, nameof(data));
        using IChannel channel = environment.Start(nameof(TemplateAggregator));
        (TemplateRow[] templates, int size, int unusable) = TemplateAggregator.Aggregate(Read(environment, data), weightByNorm);
        if (unusable > 0)
        {
            channel.Warning($"{unusable} pictures have an embedding that is zero or not a number, as of a picture that cannot be read; their templates are made of the others.");
        }

        return ToView(templates, size, EmbeddingOrigin.CopyAnnotations(InputColumn.FindEmbedding(environment, data, Embedding)));
    }

    /// <summary>The pictures in one pass.</summary>
    private IEnumerable<TemplatePicture> Read(IHostEnvironment environment, IDataView data)
    {
        DataViewSchema.Column template = NameColumn.Find(environment, data, Template);
        DataViewSchema.Column? medium = Medium is null ? null : NameColumn.Find(environment, data, Medium);
        DataViewSchema.Column? label = Label is null ? null : NameColumn.Find(environment, data, Label);
        DataViewSchema.Column? quality = Quality is null ? null : InputColumn.Find(environment, data, Quality, "Single", type => type == NumberDataViewType.Single);
        DataViewSchema.Column embedding = InputColumn.FindEmbedding(environment, data, Embedding);

        using DataViewRowCursor cursor = data.GetRowCursor(new[] { template, medium, label, quality, embedding }.OfType<DataViewSchema.Column>());
        Func<string> getTemplate = NameColumn.CreateGetter(cursor, template);
        Func<string>? getMedium = medium is { } ofMedium ? NameColumn.CreateGetter(cursor, ofMedium) : null;
        Func<string>? getLabel = label is { } ofLabel ? NameColumn.CreateGetter(cursor, ofLabel) : null;
        ValueGetter<float>? getQuality = quality is { } ofQuality ? cursor.GetGetter<float>(ofQuality) : null;
        ValueGetter<VBuffer<float>> getEmbedding = cursor.GetGetter<VBuffer<float>>(embedding);
        VBuffer<float> buffer = default;
        float[] values = [];
        float weight = 1;
        while (cursor.MoveNext())
        {
            getQuality?.Invoke(ref weight);
            if (!(weight >= 0 && float.IsFinite(weight)))
            {
                throw new InvalidOperationException(FormattableString.Invariant(
                    $"Row {cursor.Position} (from 0) has the quality {weight} in column '{Quality}'; a weight is a finite number of 0 or more."));
            }

            getEmbedding(ref buffer);
            Array.Resize(ref values, buffer.Length);
            buffer.CopyTo(values);
            yield return new TemplatePicture(Given(getTemplate(), Template, cursor.Position), values)
            {
                Medium = getMedium is null ? null : Given(getMedium(), Medium!, cursor.Position),
                Person = getLabel is null ? "" : Given(getLabel(), Label!, cursor.Position),
                Quality = weight,
            };
        }
    }

    /// <summary>Makes a view of templates in which columns keep their names, and embeddings the model that they are of.</summary>
    private IDataView ToView(IEnumerable<TemplateRow> templates, int embeddingSize, DataViewSchema.Annotations? annotations) => new ListDataView<TemplateRow>([.. templates],
    [
        ViewColumn<TemplateRow>.OfText(Template, row => row.Template),
        .. Label is null ? (ViewColumn<TemplateRow>[])[] : [ViewColumn<TemplateRow>.OfText(Label, row => row.Person)],
        ViewColumn<TemplateRow>.OfVector(Embedding, embeddingSize, row => row.Embedding) with { Annotations = annotations },
        ViewColumn<TemplateRow>.OfInt32(nameof(TemplateRow.PictureCount), row => row.PictureCount),
        ViewColumn<TemplateRow>.OfInt32(nameof(TemplateRow.MediaCount), row => row.MediaCount),
    ]);

    private static string Given(string value, string column, long row) => value.Length > 0
        ? value
        : throw new InvalidOperationException($"Row {row} (from 0) has no value in column '{column}'; every picture of a template needs one.");
}
