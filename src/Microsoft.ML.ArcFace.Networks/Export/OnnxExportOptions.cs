namespace Microsoft.ML.ArcFace;

/// <summary>
/// Says what an exported ONNX file takes and gives. Of a model that was imported from an .onnx file, the file is that graph with the
/// model's weights (<see cref="OriginalGraph"/>). Otherwise it holds operators of opset 13 (IR version 7), weights in float32 and a
/// batch of any size; its input is named "input", its output "embedding".
/// </summary>
public sealed record OnnxExportOptions
{
    /// <summary>
    /// Whether the graph that the model was imported from is written, with the model's weights: its nodes, names, inputs, outputs, opset
    /// and metadata. It reads the pixels that it always read, which its metadata say (`pixels`). Null, the default: where the model keeps
    /// it, no other option is set and it gives the model's embedding, which it does not if the model alone adds the mirror image. False:
    /// a graph of this library.
    /// </summary>
    public bool? OriginalGraph { get; init; }

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
