using System.Globalization;
using System.Text.Json;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Weights.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>Hands a trained embedding out as files of other programs. A file appears when it is whole.</summary>
internal static class ModelExport
{
    public const string CentresName = "class_centers";

    public static void ToOnnx(ITransformer model, string path, OnnxExportOptions options)
    {
        FaceEmbeddingTransformer embedding = Find(model);
        Write(path, stream => OnnxExport.Write(stream, embedding.Model.Backbone, options, options.AddMirrorImage ?? embedding.AddsMirrorImage, Describe(embedding)));
    }

    public static void ToSafetensors(ITransformer model, string path, bool includeClassCentres)
    {
        FaceEmbeddingTransformer embedding = Find(model);
        IEnumerable<(string, Tensor)> centres = includeClassCentres ? [(CentresName, embedding.Model.Centres)] : [];
        Write(path, stream => Safetensors.Write(stream, [.. ModuleState.Of(embedding.Model.Backbone), .. centres], Describe(embedding)));
    }

    /// <summary>What a reader of the weights must know to use them.</summary>
    private static Dictionary<string, string> Describe(FaceEmbeddingTransformer embedding)
    {
        var description = new Dictionary<string, string>
        {
            ["architecture"] = embedding.Backbone.ToShortName(),
            ["embedding_size"] = embedding.EmbeddingSize.ToString(CultureInfo.InvariantCulture),
            ["preprocessing"] = "112x112 RGB, (value - 127.5) / 127.5, aligned to the ArcFace template",
        };
        if (embedding.PersonNames is { Count: > 0 } names)
        {
            description["labels"] = JsonSerializer.Serialize(names);
        }

        return description;
    }

    /// <summary>The one embedding within a pipeline, or the transformer itself.</summary>
    private static FaceEmbeddingTransformer Find(ITransformer model)
    {
        FaceEmbeddingTransformer[] found = [.. Parts(model).OfType<FaceEmbeddingTransformer>().Distinct()];
        return found.Length == 1
            ? found[0]
            : throw new ArgumentException($"The model has {found.Length} face embeddings in it; to export it takes one. Give the model that ArcFace or EmbedFaces made, or a pipeline with it.", nameof(model));
    }

    private static IEnumerable<ITransformer> Parts(ITransformer model) =>
        model is IEnumerable<ITransformer> chain ? chain.SelectMany(Parts) : [model];

    private static void Write(string path, Action<Stream> write)
    {
        using var file = new WholeFile(path);
        write(file.Stream);
        file.Complete();
    }
}
