using Microsoft.ML.ArcFace.Views;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>A picture of a template.</summary>
/// <param name="Template">The template's id.</param>
/// <param name="Medium">The photograph or video that it is from; null where media do not matter.</param>
/// <param name="Person">Who it shows; empty where nobody asked.</param>
/// <param name="Quality">Its weight, 0 or more.</param>
/// <param name="Embedding">An embedding of any length; the array is used again for the next picture.</param>
internal readonly record struct TemplatePicture(string Template, string? Medium, string Person, double Quality, float[] Embedding);

/// <summary>A template with its embedding, as a row of the view that comes out.</summary>
internal sealed class TemplateRow
{
    public string Template { get; set; } = "";

    public string Person { get; set; } = "";

    public float[] Embedding { get; set; } = [];

    public int PictureCount { get; set; }

    public int MediaCount { get; set; }
}

/// <summary>Which columns say what of the pictures of templates; null for what there is not.</summary>
internal sealed record TemplateColumns(string Template, string? Medium, string? Quality, string? Label, string Embedding)
{
    /// <summary>The pictures in one pass.</summary>
    public IEnumerable<TemplatePicture> Read(IHostEnvironment environment, IDataView data)
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
            yield return new TemplatePicture(
                Given(getTemplate(), Template, cursor.Position),
                getMedium is null ? null : Given(getMedium(), Medium!, cursor.Position),
                getLabel is null ? "" : Given(getLabel(), Label!, cursor.Position),
                weight, values);
        }
    }

    /// <summary>Makes a view of templates in which columns keep their names, and embeddings the model that they are of.</summary>
    public IDataView ToView(IEnumerable<TemplateRow> templates, int embeddingSize, DataViewSchema.Annotations? annotations) => new ListDataView<TemplateRow>([.. templates],
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
