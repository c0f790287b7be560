using System.Globalization;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Weights;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Export;

/// <summary>Writes a backbone as an ONNX file that gives the embeddings it gives here.</summary>
internal static class OnnxExport
{
    private const string InputName = "input", OutputName = "embedding";
    private const long Size = Data.FaceTensor.Size, Channels = Data.FaceTensor.Channels;
    private const float MiddleOfRange = 127.5f;

    /// <summary>What a norm is taken to be at least, as torch's normalize has it.</summary>
    private const float SmallestNorm = 1e-12f;

    public static void Write(Stream stream, FaceBackbone backbone, OnnxExportOptions options, bool addMirrorImage, IReadOnlyDictionary<string, string> metadata)
    {
        using var noGradient = no_grad();
        var graph = new OnnxGraph(backbone.Architecture.ToShortName());
        string faces = graph.Input(InputName, Channels, Size, Size);                          // [N, 3, 112, 112]
        if (options.IncludePreprocessing)
        {
            // The names and operators Sub and Mul tell InsightFace's programs that a model does this itself.
            faces = graph.Node("Sub", [faces, graph.Constant("pixel_mean", [MiddleOfRange])]);
            faces = graph.Node("Mul", [faces, graph.Constant("pixel_scale", [1 / MiddleOfRange])]);
        }

        string embedding = addMirrorImage ? AddWithMirrorImage(graph, faces, backbone) : Add(graph, faces, backbone);
        if (options.NormalizeOutput)
        {
            string norm = graph.Node("ReduceL2", [embedding], OnnxGraph.Numbers("axes", 1), OnnxGraph.Number("keepdims", 1L));
            norm = graph.Node("Clip", [norm, graph.Constant("smallest_norm", [SmallestNorm])]);
            embedding = graph.Node("Div", [embedding, norm]);
        }

        graph.Output(embedding, OutputName, backbone.EmbeddingSize);
        graph.ToModel(Describe(backbone, options, addMirrorImage, metadata)).WriteTo(stream);
    }

    /// <summary>Both images go through the backbone in one batch: the faces, then their mirror images; the halves are added.</summary>
    private static string AddWithMirrorImage(OnnxGraph graph, string faces, FaceBackbone backbone)
    {
        string mirrored = graph.Node("Slice", [faces, graph.Constant("mirror_start", -1), graph.Constant("mirror_end", -Size - 1), graph.Constant("mirror_axis", 3), graph.Constant("mirror_step", -1)]);
        string both = graph.Node("Concat", [faces, mirrored], OnnxGraph.Number("axis", 0L));
        string embeddings = Add(graph, both, backbone);
        return graph.Node("Add", graph.Node("Split", [embeddings], outputs: 2, OnnxGraph.Number("axis", 0L)));
    }

    /// <summary>The backbone itself: [batch, 3, 112, 112] → [batch, d], not normalised.</summary>
    private static string Add(OnnxGraph graph, string faces, FaceBackbone backbone)
    {
        var state = BackboneState.Of(backbone);
        return FoldedBackbone.Build(state, backbone.Architecture, faces, new OnnxLayers(graph, state));
    }

    private static Dictionary<string, string> Describe(FaceBackbone backbone, OnnxExportOptions options, bool addMirrorImage, IReadOnlyDictionary<string, string> metadata) => new(metadata)
    {
        ["input"] = options.IncludePreprocessing ? "[batch, 3, 112, 112], RGB, values 0 to 255" : "[batch, 3, 112, 112], RGB, (value - 127.5) / 127.5",
        ["output"] = $"[batch, {backbone.EmbeddingSize.ToString(CultureInfo.InvariantCulture)}], {(options.NormalizeOutput ? "unit length" : "not normalised")}{(addMirrorImage ? ", the face and its mirror image added" : "")}",
    };
}
