using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>A recognizer of others, read from an ONNX file, as a description with tensors under the graph's own names.</summary>
/// <param name="Network">
/// Reads [batch, 3, height, width] under the name <see cref="FaceInput.Name"/>, in the colors and numbers that the graph wants, also
/// where the graph has its channels last; gives the embedding, or what the graph makes one of unit length of.
/// </param>
/// <param name="Tensors">The numbers of the description's tensors; they are read out of the file's bytes when they are needed.</param>
internal sealed record GraphNetwork(NetworkDescription Network, IReadOnlyDictionary<string, StateTensor> Tensors)
{
    /// <summary>The most bytes of a file, with those beside it that hold its tensors. An IResNet-200 has 475 MB.</summary>
    public const int MostBytes = 1 << 30;

    private const int LongestEmbedding = BackboneDescription.LargestEmbeddingSize;

    /// <summary>SHA-256 of the file, in small hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>What the file says of itself by keys.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>The program that wrote the file, such as "pytorch".</summary>
    public required string Producer { get; init; }

    /// <summary>The picture that the graph reads.</summary>
    public required GraphInput Input { get; init; }

    /// <summary>The name of the graph's output that the description gives.</summary>
    public required string OutputName { get; init; }

    /// <summary>Names and sizes of the graph's other outputs for one image, such as the length [1, 1] of embeddings that have unit length; the description gives none of them.</summary>
    public required IReadOnlyList<(string Name, long[] Shape)> FurtherOutputs { get; init; }

    /// <summary>What the graph computes of pixels before anything else, by channels; null if it begins otherwise. The description does it, too.</summary>
    public required PixelScaling? Scaling { get; init; }

    /// <summary>Whether the graph gives embeddings of length 1. The description leaves them as long as they are: their length tells of quality.</summary>
    public required bool IsUnitLength { get; init; }

    /// <summary>Whether the graph adds the embeddings of a face and of its mirror image. The description is of one of them.</summary>
    public required bool AddsMirrorImage { get; init; }

    /// <summary>The graph itself without its large tensors, to be written with others; null where it is too large to be kept.</summary>
    public required OriginalGraph? Original { get; init; }

    /// <summary>Reads a file, and those beside it that hold numbers of its tensors.</summary>
    /// <exception cref="WeightsFormatException">It is no recognizer that can be read; the message names the file and what is wrong.</exception>
    /// <exception cref="IOException">It is absent or cannot be read.</exception>
    public static GraphNetwork Open(string path)
    {
        long length = new FileInfo(path).Length;
        return length is > 0 and <= MostBytes
            ? Parse(RegularFile.ReadAllBytes(path, MostBytes), $"'{path}'", Path.GetDirectoryName(Path.GetFullPath(path)))
            : throw new WeightsFormatException($"The recognizer '{path}' has {length} bytes; allowed are 1 to {MostBytes}.");
    }

    /// <summary>Reads the bytes of a file.</summary>
    /// <param name="bytes">An ONNX model; kept as long as the tensors.</param>
    /// <param name="name">Names the file in messages.</param>
    /// <param name="folder">Where the file lies, with others that may hold numbers of its tensors; null: all are in the file.</param>
    /// <exception cref="WeightsFormatException">It is no recognizer that can be read.</exception>
    public static GraphNetwork Parse(byte[] bytes, string name, string? folder = null)
    {
        try
        {
            ExternalData? external = folder is null ? null : new ExternalData(folder, MostBytes - bytes.Length);
            ModelProto model = GraphFile.Parse(bytes, external);
            long length = bytes.Length + (external?.Bytes ?? 0);
            GraphInput input = GraphInput.Of(model.Graph);
            GraphLimits limits = GraphLimits.For(input.Width * input.Height);

            // The numbers of the file, and of those beside it, are in memory already; those of half precision become twice as many bytes.
            GraphCost cost = GraphCost.Of(model.Graph, _ => input.Sizes, limits with { Bytes = limits.Bytes + (2 * length) });
            (string Name, long[] Shape)[] outputs = [.. model.Graph.Output.Select(output => (output.Name, cost.Values.TryGetValue(output.Name, out GraphValue? value) ? value.Shape : throw new WeightsFormatException($"The output '{output.Name}' is made by no node of the graph.")))];
            string embedding = EmbeddingOf(outputs);
            (NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors, IReadOnlyDictionary<string, TensorOrigin> origins, bool addsMirrorImage) = GraphReader.Read(model, cost, input, isOnePicture: false, embedding);
            string? raw = UnitLength.ValueBefore(network);
            (network, tensors) = NeededPart.Of(network, tensors, raw ?? network.Output);
            return new GraphNetwork(network, tensors)
            {
                Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)),
                Metadata = model.MetadataProps.GroupBy(entry => entry.Key).ToDictionary(group => group.Key, group => group.Last().Value),
                Producer = model.ProducerName,
                Input = input,
                OutputName = embedding,
                FurtherOutputs = [.. outputs.Where(output => output.Name != embedding)],
                Scaling = PixelScaling.Of(network, tensors),
                IsUnitLength = raw is not null,
                AddsMirrorImage = addsMirrorImage,
                Original = OriginalGraph.Of(model, cost, tensors, origins, addsMirrorImage),
            };
        }
        catch (Exception error) when (error is WeightsFormatException or GraphSizesException or InvalidProtocolBufferException)
        {
            throw new WeightsFormatException($"{name} is no recognizer that can be read. {error.Message}", error);
        }
    }

    /// <summary>The longest row; others are lengths of embeddings and the like.</summary>
    private static string EmbeddingOf((string Name, long[] Shape)[] outputs)
    {
        string all = string.Join(", ", outputs.Take(16).Select(output => $"'{output.Name}' [{string.Join(", ", output.Shape)}]"));
        (string Name, long[] Shape)[] rows = [.. outputs.Where(output => output.Shape is [1, > 1 and <= LongestEmbedding]).OrderByDescending(output => output.Shape[1])];
        return rows is [var row, .. var others] && (others.Length == 0 || others[0].Shape[1] < row.Shape[1])
            ? row.Name
            : throw new WeightsFormatException($"The graph gives {all} for a picture; a recognizer gives one embedding [1, d] of 2 to {LongestEmbedding} numbers, and perhaps its length. A face detector goes to --detector (DetectFaces).");
    }
}
