using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Pixels;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Export;

/// <summary>Hands a trained embedding out as files of other programs. A file appears when it is whole.</summary>
internal static class ModelExport
{
    /// <summary>What descriptions call the embedding's fingerprint, and the threshold that holds for it.</summary>
    public const string FingerprintKey = "fingerprint", ThresholdKey = "verification_threshold";

    public static void ToOnnx(ITransformer model, string path, OnnxExportOptions options)
    {
        FaceEmbeddingTransformer embedding = model.FaceEmbedding();
        using ModelLease<FaceEmbeddingModel>.Use use = embedding.Lease.Begin();
        FaceEmbeddingModel network = use.Model;
        if (OriginalGraphOf(embedding, network.Facts, options) is { } original)
        {
            Dictionary<string, string> metadata = DescribeGraph(embedding, network.Facts.File!, isSameEmbedding: original.AddsMirrorImage == embedding.AddsMirrorImage);
            Write(path, stream => GraphWriting.Write(stream, original, NumbersOf(network), metadata, network.Network));
            return;
        }

        bool addsMirrorImage = options.AddMirrorImage ?? embedding.AddsMirrorImage;
        Write(path, stream => OnnxExport.Write(stream, network.Network, network.Tensors, options, addsMirrorImage, Describe(embedding, isSameEmbedding: addsMirrorImage == embedding.AddsMirrorImage)));
    }

    public static void ToSafetensors(ITransformer model, string path, bool includeClassCentres)
    {
        FaceEmbeddingTransformer embedding = model.FaceEmbedding();
        using ModelLease<FaceEmbeddingModel>.Use use = embedding.Lease.Begin();
        FaceEmbeddingModel network = use.Model;
        IEnumerable<(string, StateTensor)> centers = includeClassCentres ? [(NetworkWeights.ClassCentresName, network.Centers.Trained)] : [];
        Dictionary<string, string> description = Describe(embedding, isSameEmbedding: true);
        SplitGraph? graph = network.Facts is { Graph: { } original, File: not null } ? SplitGraph.Of(original, network.Network, NumbersOf(network)) : null;
        if (graph is not null)
        {
            description[SplitGraph.MetadataKey] = graph.Graph;
            StoredPixels.Describe(network.Facts.File!.Pixels.Pixels, description);
        }
        else if (embedding.Backbone is null)
        {
            description[RecognizerFile.NetworkKey] = NetworkJson.Write(network.Network);
        }

        List<(string, StateTensor)> tensors = [.. graph?.Tensors ?? network.State, .. centers];
        Write(path, stream => Safetensors.Write(stream, tensors, description));
    }

    /// <summary>Decides whether the graph that a model was imported from is written; null: it is not.</summary>
    /// <exception cref="ArgumentException">It is asked for and is not there, or the options ask for what only a graph of this library has.</exception>
    private static OriginalGraph? OriginalGraphOf(FaceEmbeddingTransformer embedding, EmbeddingFacts facts, OnnxExportOptions options)
    {
        bool isChanged = options with { OriginalGraph = null } != new OnnxExportOptions();
        return options.OriginalGraph switch
        {
            false => null,
            null => facts is { Graph: { } graph, File: not null } && !isChanged && graph.AddsMirrorImage == embedding.AddsMirrorImage ? graph : null,
            true when isChanged => throw new ArgumentException(
                $"The graph that a model was imported from reads its own pixels and gives its own outputs: {nameof(options.IncludePreprocessing)}, {nameof(options.NormalizeOutput)} and {nameof(options.AddMirrorImage)} are of a graph of this library. " +
                $"Leave them out, or set {nameof(options.OriginalGraph)} to false.", nameof(options)),
            true => facts is { Graph: { } graph, File: not null } ? graph : throw new ArgumentException(
                $"The model does not keep the graph that it was imported from: it is of a published network or of weights, an older version of the library saved it, or what no embedding needs takes more than {OriginalGraph.MostBytes >> 20} MiB. " +
                $"Import the .onnx file again, or set {nameof(options.OriginalGraph)} to false.", nameof(options)),
        };
    }

    /// <summary>Gives the tensors that a graph has: norms that a training made anew are folded into their convolutions.</summary>
    private static IReadOnlyDictionary<string, StateTensor> NumbersOf(FaceEmbeddingModel model) => RenewedNorms.Fold(model.Network, model.Tensors).Tensors;

    /// <summary>What the graph of others does not say of itself.</summary>
    private static Dictionary<string, string> DescribeGraph(FaceEmbeddingTransformer embedding, FaceNetworkFile file, bool isSameEmbedding)
    {
        Dictionary<string, string> all = Describe(embedding, isSameEmbedding);
        string[] kept = ["labels", FingerprintKey, ThresholdKey];
        return new(all.Where(entry => kept.Contains(entry.Key))) { [StoredPixels.MetadataKey] = StoredPixels.ToJson(file.Pixels.Pixels) };
    }

    /// <summary>What a reader of the weights must know to use them.</summary>
    private static Dictionary<string, string> Describe(FaceEmbeddingTransformer embedding, bool isSameEmbedding)
    {
        var description = new Dictionary<string, string>
        {
            ["architecture"] = embedding.Backbone?.ToShortName() ?? "graph",
            ["embedding_size"] = embedding.EmbeddingSize.ToString(CultureInfo.InvariantCulture),
        };
        StoredPixels.Describe(FacePixels.Standard, description);
        if (embedding.PersonNames is { Count: > 0 } names)
        {
            description["labels"] = JsonSerializer.Serialize(names, ExportJson.Default.IReadOnlyListString);
        }

        if (isSameEmbedding)
        {
            description[FingerprintKey] = embedding.Fingerprint;
            if (embedding.StoredThreshold is { } threshold)
            {
                description[ThresholdKey] = threshold;
            }
        }

        return description;
    }

    private static void Write(string path, Action<Stream> write)
    {
        using var file = new WholeFile(path);
        write(file.Stream);
        file.Complete();
    }
}

/// <summary>Writes the names of people into exported files.</summary>
[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class ExportJson : JsonSerializerContext;
