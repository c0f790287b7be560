using System.Globalization;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Pixels;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Export;

/// <summary>Writes a network of faces as an ONNX file that gives the embeddings it gives here.</summary>
internal static class OnnxExport
{
    private const string InputName = "input", OutputName = "embedding";
    private const long Size = FaceInput.Size, Channels = FaceInput.Channels;
    private const float MiddleOfRange = (float)FaceInput.MiddleOfRange;

    /// <summary>What a norm is taken to be at least, as torch's normalize has it.</summary>
    private const float SmallestNorm = 1e-12f;

    public static void Write(Stream stream, NetworkDescription network, IReadOnlyDictionary<string, StateTensor> weights, OnnxExportOptions options, bool addMirrorImage, IReadOnlyDictionary<string, string> metadata)
    {
        FoldedNetwork folded = FoldedNetwork.Of(network, weights);
        var graph = new OnnxGraph(network.Name);
        string faces = graph.Input(InputName, Channels, Size, Size);                          // [N, 3, 112, 112]
        if (options.IncludePreprocessing)
        {
            // The names and operators Sub and Mul tell InsightFace's programs that a model does this itself.
            faces = graph.Node("Sub", [faces, graph.Constant("pixel_mean", [MiddleOfRange])]);
            faces = graph.Node("Mul", [faces, graph.Constant("pixel_scale", [1 / MiddleOfRange])]);
        }

        string embedding = addMirrorImage ? AddWithMirrorImage(graph, faces, folded) : OnnxNetwork.Add(graph, folded, faces);
        if (options.NormalizeOutput)
        {
            string norm = graph.Node("ReduceL2", [embedding], OnnxGraph.Numbers("axes", 1), OnnxGraph.Number("keepdims", 1L));
            norm = graph.Node("Clip", [norm, graph.Constant("smallest_norm", [SmallestNorm])]);
            embedding = graph.Node("Div", [embedding, norm]);
        }

        graph.Output(embedding, OutputName, network.OutputSize);
        graph.ToModel(Describe(network, options, addMirrorImage, metadata)).WriteTo(stream);
    }

    /// <summary>Both images go through the backbone in one batch: the faces, then their mirror images; the halves are added.</summary>
    private static string AddWithMirrorImage(OnnxGraph graph, string faces, FoldedNetwork folded)
    {
        string mirrored = graph.Node("Slice", [faces, graph.Constant("mirror_start", -1), graph.Constant("mirror_end", -Size - 1), graph.Constant("mirror_axis", 3), graph.Constant("mirror_step", -1)]);
        string both = graph.Node("Concat", [faces, mirrored], OnnxGraph.Number("axis", 0L));
        string embeddings = OnnxNetwork.Add(graph, folded, both);
        return graph.Node("Add", graph.Node("Split", [embeddings], outputs: 2, OnnxGraph.Number("axis", 0L)));
    }

    private static Dictionary<string, string> Describe(NetworkDescription network, OnnxExportOptions options, bool addMirrorImage, IReadOnlyDictionary<string, string> metadata)
    {
        FacePixels pixels = options.IncludePreprocessing ? FacePixels.Unscaled : FacePixels.Standard;
        var description = new Dictionary<string, string>(metadata)
        {
            ["input"] = $"[batch, 3, 112, 112], {pixels}",
            ["output"] = $"[batch, {network.OutputSize.ToString(CultureInfo.InvariantCulture)}], {(options.NormalizeOutput ? "unit length" : "not normalised")}{(addMirrorImage ? ", the face and its mirror image added" : "")}",
        };
        StoredPixels.Describe(pixels, description);
        return description;
    }
}
