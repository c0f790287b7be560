namespace Microsoft.ML.ArcFace;

/// <summary>
/// What an exported ONNX file takes and gives. The file holds operators of opset 13 (IR version 7), weights in float32 and
/// a batch of any size; its input is named "input", its output "embedding".
/// </summary>
public sealed record OnnxExportOptions
{
    /// <summary>
    /// Whether the file takes pixel values of 0 to 255 (planar R, G, B) and normalises them itself. Default true.
    /// Otherwise it takes (value − 127.5) / 127.5.
    /// </summary>
    public bool IncludePreprocessing { get; init; } = true;

    /// <summary>Whether embeddings have unit length, as those of the model here. Default true.</summary>
    public bool NormalizeOutput { get; init; } = true;

    /// <summary>Whether the mirror image's embedding is added (twice the time). Null: as the model does it.</summary>
    public bool? AddMirrorImage { get; init; }
}
