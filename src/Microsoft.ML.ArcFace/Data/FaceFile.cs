namespace Microsoft.ML.ArcFace.Data;

/// <summary>One photograph of a list.</summary>
internal sealed class FaceFile
{
    public string ImagePath { get; set; } = "";

    public string Label { get; set; } = "";

    public string RelativePath { get; set; } = "";
}
