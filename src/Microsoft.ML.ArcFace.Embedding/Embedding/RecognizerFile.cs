using System.Security.Cryptography;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Pixels;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>A recognizer of others in a file of any kind that is read: an ONNX graph, or weights of a published network.</summary>
internal sealed class RecognizerFile
{
    /// <summary>The metadata of exported weights that hold the description of their network.</summary>
    public const string NetworkKey = "network";

    private const int MostNamed = 8;

    /// <summary>CVLFace keeps a network within a module of this name; AdaFace does not.</summary>
    private const string NameInCvlFace = "net." + IrNetwork.FirstTensor;

    private readonly NetworkDescription _network;
    private readonly Action<IReadOnlyDictionary<string, WritableTensor>> _copyWeights;
    private readonly PixelScaling? _scaling;

    private RecognizerFile(
        string path, string sha256, NetworkDescription network, BackboneArchitecture? architecture, Action<IReadOnlyDictionary<string, WritableTensor>> copyWeights,
        IReadOnlyDictionary<string, string> metadata, PixelScaling? scaling = null, OriginalGraph? original = null, bool addsMirrorImage = false)
    {
        (FileName, Sha256, _network, Architecture, _copyWeights) = (Path.GetFileName(path), sha256, network, architecture, copyWeights);
        (Metadata, _scaling, Original, AddsMirrorImage) = (metadata, scaling, original, addsMirrorImage);
        if (network.OutputSize is < BackboneDescription.SmallestEmbeddingSize or > BackboneDescription.LargestEmbeddingSize)
        {
            throw new WeightsFormatException($"'{path}': its embedding has {network.OutputSize} numbers; read are {BackboneDescription.SmallestEmbeddingSize} to {BackboneDescription.LargestEmbeddingSize}.");
        }
    }

    public string FileName { get; }

    public string Sha256 { get; }

    /// <summary>What the file says of itself by keys.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The published network whose weights these are; null for a graph.</summary>
    public BackboneArchitecture? Architecture { get; }

    /// <summary>The graph of an ONNX file without its large tensors, to be written again; null for weights, and where it is too large to be kept.</summary>
    public OriginalGraph? Original { get; }

    /// <summary>Whether the graph adds the embedding of the mirror image.</summary>
    public bool AddsMirrorImage { get; }

    /// <summary>Names the tensors of the file that are none of the network, such as class centers beside it; null if there are none.</summary>
    public string? PassedOverInWords => PassedOver.Count == 0 ? null
        : $"'{FileName}' has {PassedOver.Count} tensors that are none of the network and are passed over: {string.Join(", ", PassedOver.Take(MostNamed).Select(ShownName.Of))}{(PassedOver.Count > MostNamed ? ", …" : "")}.";

    /// <summary>Says how faces of the network's size are made; null where it reads 112×112.</summary>
    public string? FaceSizeInWords { get; private init; }

    /// <summary>Says that ONNX Runtime computes the network, and which operator is the reason; null where this library does.</summary>
    public string? RuntimeInWords { get; private init; }

    /// <summary>What there is to say of the file before it is used.</summary>
    public IEnumerable<string> Notes => new[] { PassedOverInWords, FaceSizeInWords, RuntimeInWords }.OfType<string>();

    private IReadOnlyList<string> PassedOver { get; init; } = [];

    /// <summary>What networks with such tensors read; null: nothing is known of them.</summary>
    private FacePixelsDecision? UsualPixels { get; init; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="architecture">The network that weights belong to; null: told from the names of their tensors.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="WeightsFormatException">It is damaged, or no recognizer that can be read.</exception>
    public static RecognizerFile Open(string path, BackboneArchitecture? architecture)
    {
        if (File.Exists(path) && FileNature.Of(path)?.Kind == FileKind.Onnx)
        {
            return architecture is null
                ? OfGraphFile(path)
                : throw new WeightsFormatException($"'{path}' is an ONNX model, which has its network in itself; {architecture} is not needed. Leave the architecture out, or give the .pth or .safetensors file of that network.");
        }

        return File.Exists(path) && FileUse.Recognizer.Mismatch(path) is { } mismatch ? throw new WeightsFormatException($"'{path}': {mismatch}") : OfWeights(path, architecture);
    }

    /// <summary>Takes a graph that was read.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="path">The name of its file.</param>
    /// <exception cref="WeightsFormatException">It reads other faces than those of the ArcFace template.</exception>
    public static RecognizerFile OfGraph(GraphNetwork graph, string path) => OfGraph(graph, path, graph.Sha256, graph.Metadata, tensors => Copy(graph, tensors));

    private static RecognizerFile OfGraph(
        GraphNetwork graph, string path, string sha256, IReadOnlyDictionary<string, string> metadata, Action<IReadOnlyDictionary<string, WritableTensor>> copyWeights)
    {
        try
        {
            NetworkDescription network = FaceSizeNodes.Before(graph.Network);
            return new RecognizerFile(path, sha256, network, architecture: null, copyWeights, metadata, graph.Scaling, graph.Original, graph.AddsMirrorImage)
            {
                FaceSizeInWords = FaceSizeNodes.Describe(graph.Network) is { } description ? $"'{Path.GetFileName(path)}' {description}." : null,
                RuntimeInWords = graph.RuntimeReason is { } reason
                    ? $"'{Path.GetFileName(path)}' runs in ONNX Runtime, on the processor, and cannot be trained further: {reason.Replace(GraphReader.NotRead, "", StringComparison.Ordinal)}"
                    : null,
            };
        }
        catch (WeightsFormatException error)
        {
            throw new WeightsFormatException($"'{path}' {error.Message}", error);
        }
    }

    /// <summary>Decides which pixels the network is given.</summary>
    /// <param name="said">What the caller says; null: nothing.</param>
    /// <param name="found">What was found on photographs; null: nothing.</param>
    /// <exception cref="WeightsFormatException">The metadata of the file are damaged.</exception>
    public FacePixelsDecision Decide(FacePixels? said, FacePreprocessingSearch? found) => said is null && found is not null
        ? found.Decision
        : PixelsChoice.Decide(said, Sha256, Metadata, _scaling is null ? null : MeanAndDeviation(_scaling), UsualPixels);

    /// <summary>Says what is doubtful about pixels: nothing confirms them, or they contradict what is known of the file; null if nothing is.</summary>
    public string? Doubt(FacePixelsDecision decision) =>
        decision.Source == FacePixelsSource.Guess
            ? $"Nothing says which pixels '{FileName}' reads. {decision.Pixels} are taken, which is {decision.Reason}. Wrong ones cost accuracy without an error. " +
              "Find them out on labeled photographs, --find-pixels (FindPreprocessing), or say them, --pixels (Pixels), both of arcface import, whose .zip is a teacher and a start of training, too."
        : decision.Source == FacePixelsSource.Caller && KnownFaceFiles.Find(Sha256) is { } known && known.Pixels != decision.Pixels
            ? $"'{FileName}' is {known.FileName} of {known.Publisher}, by its SHA-256, and reads {known.Pixels}. It is given {decision.Pixels}, as was asked for: " +
              "wrong pixels cost accuracy without an error. Leave --pixels out (Pixels null) to take those that are known."
        : null;

    /// <summary>Reads the weights into a store, behind what makes the pixels of faces.</summary>
    /// <param name="pixels">The pixels.</param>
    /// <param name="keep">Makes room for the weights of a network.</param>
    public (NetworkDescription Network, WeightStore Weights) Load(FacePixels pixels, Func<NetworkDescription, WeightStore> keep)
    {
        var described = PixelsNode.Before(_network, pixels);
        WeightStore weights = keep(described.Network);
        try
        {
            _copyWeights(weights.Writable);
            foreach ((string name, PlainTensor<float> tensor) in described.Tensors)
            {
                weights.Writable[name].CopyFrom(tensor);
            }

            return (described.Network, weights);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Computes the network on the processor, in float32, from the numbers that it reads.</summary>
    /// <exception cref="WeightsFormatException">A node of the graph cannot be computed.</exception>
    public InferenceNetwork Compute()
    {
        (NetworkDescription network, WeightStore weights) = Load(FacePixels.Standard, WeightStore.InMemory);
        using (weights)
        {
            try
            {
                return new InferenceNetwork(network, weights.Tensors, VectorWidths.Best, () => ProcessorThreads.Count, bfloat16: null, GraphRuntime.Instance);
            }
            catch (Exception error) when (error is WeightsFormatException or NotSupportedException)
            {
                throw NotComputed(error);
            }
        }
    }

    /// <summary>Says that the graph was read, but that a node of it is not computed.</summary>
    public WeightsFormatException NotComputed(Exception error)
    {
        bool mayBeComputed = GraphRuntime.Instance is null && Architecture is null && error is NotSupportedException or { InnerException: NotSupportedException };
        return new WeightsFormatException($"'{FileName}' cannot be computed. {error.Message}{(mayBeComputed ? " " + GraphRuntime.Remedy : "")}", error);
    }

    /// <summary>Refuses a network by what it made of the pictures of <see cref="TrialPass"/>.</summary>
    /// <param name="embeddings">[2, d], not normalized.</param>
    /// <exception cref="WeightsFormatException">They are not finite, the same, or so long that the square of their length is not finite.</exception>
    public void CheckTrial(float[] embeddings)
    {
        if (TrialPass.Fault(embeddings) is { } fault)
        {
            throw new WeightsFormatException($"'{FileName}' is no recognizer of use: {fault}");
        }
    }

    /// <summary>Reads scale·value + shift as (value - mean) / deviation.</summary>
    private static (double[] Mean, double[] Deviation) MeanAndDeviation(PixelScaling scaling) =>
        ([.. scaling.Shift.Zip(scaling.Scale, (shift, scale) => -(double)shift / scale)], [.. scaling.Scale.Select(scale => 1.0 / scale)]);

    /// <summary>Reads a file now for what it is, and again for its numbers: whoever holds this does not hold them.</summary>
    private static RecognizerFile OfGraphFile(string path)
    {
        GraphNetwork graph = GraphNetwork.Open(path, GraphRuntime.Instance);
        string sha256 = graph.Sha256;
        return OfGraph(graph, path, sha256, graph.Metadata, tensors =>
        {
            GraphNetwork again = GraphNetwork.Open(path, GraphRuntime.Instance);
            Copy(again.Sha256 == sha256 ? again : throw new WeightsFormatException($"'{path}' was changed after it was looked at. Call EmbedFaces again, with the file as it is to be used."), tensors);
        });
    }

    private static void Copy(GraphNetwork graph, IReadOnlyDictionary<string, WritableTensor> tensors)
    {
        foreach ((string name, StateTensor tensor) in graph.Tensors)
        {
            tensors[name].CopyFrom(tensor);
        }
    }

    private static RecognizerFile OfWeights(string path, BackboneArchitecture? given)
    {
        using WeightsFile file = WeightsFile.Open(path);
        if (given is null && file.Metadata.ContainsKey(SplitGraph.MetadataKey))
        {
            return OfGraph(ReadSplitGraph(path, file), path, HashOf(path), file.Metadata, tensors =>
            {
                using WeightsFile again = WeightsFile.Open(path);
                Copy(ReadSplitGraph(path, again), tensors);
            });
        }

        if (given is null && file.Metadata.TryGetValue(NetworkKey, out string? json))
        {
            return OfExportedGraph(path, file, json);
        }

        Dictionary<string, StoredTensor> tensors = NetworkWeights.ByPublishedName(file);
        if (given is null && IrNetwork.IsOf(tensors))
        {
            return OfIrNetwork(path, file, tensors);
        }

        NetworkOfWeights? recognized = NetworkOfWeights.Recognize(tensors);
        BackboneArchitecture architecture = given ?? recognized?.Architecture ?? throw new WeightsFormatException(FileNature.Of(path)?.Kind == FileKind.FaceModel
            ? $"'{path}' is a model of an ONNX graph, not of a published network: use the model itself (FaceEmbedder, LoadModel)."
            : $"'{path}': {(recognized is null ? "the names of its tensors do not tell its network" : $"it holds weights of {recognized.Name}")}; read are {string.Join(", ", BackboneArchitectures.ShortNames)}, by the names of InsightFace's arcface_torch, IResNets by those of AdaFace, and .onnx files of other networks.");
        var network = BackboneDescription.Of(architecture, NetworkWeights.EmbeddingSizeOf(file));
        return new RecognizerFile(path, HashOf(path), network, architecture, into => CopyWeights(path, network, into), file.Metadata)
        {
            UsualPixels = PixelsChoice.OfPublishedNetworks,
        };
    }

    /// <summary>Reads weights of AdaFace, CVLFace, face.evoLVe and TFace.</summary>
    private static RecognizerFile OfIrNetwork(string path, WeightsFile file, Dictionary<string, StoredTensor> tensors)
    {
        try
        {
            NetworkDescription network = IrNetwork.Describe(tensors);
            IReadOnlyDictionary<string, StateTensor> constants = IrNetwork.ConstantsOf(network, tensors);
            return new RecognizerFile(path, HashOf(path), network, architecture: null, into => CopyWeights(path, network, into, constants), file.Metadata)
            {
                PassedOver = [.. file.Tensors.Except(tensors.Where(tensor => IrNetwork.HasTensor(tensor.Key)).Select(tensor => tensor.Value)).Select(tensor => tensor.Name)],
                UsualPixels = PixelsChoice.OfIrNetworks(isOfAdaFace: constants.Count > 0 && !file.Tensors.Any(tensor => tensor.Name.Contains(NameInCvlFace, StringComparison.Ordinal))),
            };
        }
        catch (WeightsFormatException error)
        {
            throw new WeightsFormatException($"'{path}': {error.Message}", error);
        }
    }

    /// <summary>Reads a graph whose weights this library exported by the graph's own names.</summary>
    private static GraphNetwork ReadSplitGraph(string path, WeightsFile file)
    {
        try
        {
            return GraphNetwork.Parse(SplitGraph.Join(file.Metadata[SplitGraph.MetadataKey], file), $"'{path}'");
        }
        catch (WeightsFormatException error) when (!error.Message.Contains(path, StringComparison.Ordinal))
        {
            throw new WeightsFormatException($"'{path}': {error.Message}", error);
        }
    }

    /// <summary>Reads weights that this library exported of a network without a graph of its own.</summary>
    private static RecognizerFile OfExportedGraph(string path, WeightsFile file, string json)
    {
        try
        {
            var network = NetworkJson.Read(json);
            return new RecognizerFile(path, HashOf(path), network, architecture: null, tensors => CopyWeights(path, network, tensors), file.Metadata);
        }
        catch (FormatException error)
        {
            throw new WeightsFormatException($"'{path}': {error.Message} Export the model again.", error);
        }
    }

    private static void CopyWeights(
        string path, NetworkDescription network, IReadOnlyDictionary<string, WritableTensor> tensors, IReadOnlyDictionary<string, StateTensor>? constants = null)
    {
        using WeightsFile file = WeightsFile.Open(path);
        NetworkWeights.CopyInto(file, network, tensors, path, constants);
    }

    private static string HashOf(string path)
    {
        using FileStream stream = RegularFile.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
