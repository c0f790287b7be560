namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>Brings ONNX Runtime to the library, which finds this class by its name.</summary>
internal sealed class OnnxGraphRuntime : IGraphRuntime
{
    /// <inheritdoc/>
    public IPictureGraph Open(ModelProto model, IReadOnlyList<string> outputs, int width, int height, bool isInterleaved = false, long fileBytes = 0) => new RuntimeGraph(model, outputs, width, height, isInterleaved, fileBytes);
}
