namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>A template with its embedding.</summary>
internal sealed class TemplateRow
{
    public string Template { get; set; } = "";

    public string Person { get; set; } = "";

    public float[] Embedding { get; set; } = [];

    public int PictureCount { get; set; }

    public int MediaCount { get; set; }
}
