using System.Numerics.Tensors;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Pixels;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>A network of others that is trained on: of an ONNX graph, of weights by the names of AdaFace, or with other pixels than the published ones; from its own file or a saved model.</summary>
internal sealed class ForeignNetwork
{
    private readonly string _path;
    private readonly NetworkDescription _network;
    private readonly Dictionary<string, StateTensor> _tensors;

    private ForeignNetwork(string path, NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors, FaceNetworkFile? file, OriginalGraph? graph, bool addsMirrorImage, bool renewsNorms)
    {
        (_path, File, Graph, AddsMirrorImage) = (path, file, graph, addsMirrorImage);
        var trainable = TrainableNetwork.Of(network);
        _network = renewsNorms ? RenewedNorms.AddTo(trainable.Network) : trainable.Network;
        if (renewsNorms && _network == trainable.Network)
        {
            throw new WeightsFormatException($"{nameof(ArcFaceTrainer.Options.RenewNorms)} is set, but '{path}' has no convolution with a bias and no norm behind it, which is where exporters fold norms into: there is none to make anew. Leave it out.");
        }

        _tensors = new(trainable.With(tensors));
    }

    /// <summary>The file that the network was read from first, and its pixels; null if an older model does not tell it.</summary>
    public FaceNetworkFile? File { get; }

    /// <summary>The graph that the network was read from, to be written again; null if there is none.</summary>
    public OriginalGraph? Graph { get; }

    /// <summary>Whether the embedding is the sum of those of a face and of its mirror image.</summary>
    public bool AddsMirrorImage { get; }

    /// <summary>SHA-256 of what is trained: nodes and sizes, with the norms that were made anew, and the pixels.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{NetworkJson.Write(_network)} {File?.Pixels.Pixels.Name}")));

    /// <summary>Numbers in an embedding.</summary>
    public int EmbeddingSize => _network.OutputSize;

    /// <summary>What messages call it.</summary>
    public string Name => File?.FileName ?? Path.GetFileName(_path);

    /// <summary>Reads the file of a recipe; null if it holds weights of a published network, which the recipe names.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="WeightsFormatException">It is damaged, or cannot be trained on.</exception>
    public static ForeignNetwork? Find(IHostEnvironment environment, IChannel channel, TrainingRecipe recipe)
    {
        string path = recipe.InitialWeights!;
        if (System.IO.File.Exists(path) && FileNature.Of(path)?.Kind == FileKind.Onnx)
        {
            return OfFile(channel, recipe, RecognizerFile.Open(path, architecture: null));
        }

        IReadOnlyDictionary<string, string> metadata;
        bool isIrNetwork;
        using (WeightsFile weights = WeightsFile.Open(path))
        {
            (metadata, isIrNetwork) = (weights.Metadata, IrNetwork.IsOf(weights));
        }

        if (FileNature.Of(path)?.Kind == FileKind.FaceModel)
        {
            return recipe.Pixels is not null ? throw new WeightsFormatException($"{nameof(ArcFaceTrainer.Options.Pixels)} is set, but '{path}' is a model, which has its pixels in itself. Leave it null.")
                : metadata.GetValueOrDefault("architecture") == "graph" ? OfModel(environment, recipe)
                : null;
        }

        bool isOfOthers = isIrNetwork || metadata.ContainsKey(RecognizerFile.NetworkKey) || metadata.ContainsKey(SplitGraph.MetadataKey);
        return isOfOthers || (recipe.Pixels is { } pixels && pixels != FacePixels.Standard) ? OfFile(channel, recipe, RecognizerFile.Open(path, isOfOthers ? null : recipe.Backbone)) : null;
    }

    /// <summary>A module in training mode, on the processor.</summary>
    /// <exception cref="WeightsFormatException">A node cannot be trained; the message names it and the file.</exception>
    public FaceBackbone Create()
    {
        FaceBackbone backbone;
        try
        {
            backbone = new FaceBackbone(_network);
        }
        catch (WeightsFormatException error)
        {
            throw new WeightsFormatException($"'{_path}': {error.Message}", error);
        }

        foreach ((string name, WritableTensor target) in ModuleState.ByName(backbone).Where(entry => _tensors.ContainsKey(entry.Key)))
        {
            target.CopyFrom(_tensors[name]);
        }

        return backbone;
    }

    /// <summary>Holds what is trained to what will embed: one face must have the same embedding in both.</summary>
    /// <exception cref="WeightsFormatException">It has not.</exception>
    public void CheckComputed(FaceBackbone backbone)
    {
        const double smallestCosine = 0.9999;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        byte[] face = new byte[FaceInput.Count];
        new Random(1).NextBytes(face);
        IReadOnlyDictionary<string, StateTensor> state = ModuleState.ReadableByName(backbone);
        backbone.eval();
        float[] trained = [.. backbone.forward(FaceInput.ToTensor(face, 1, CPU)).data<float>()];
        backbone.train();
        try
        {
            using var network = new InferenceNetwork(_network, state, VectorWidths.Best, () => ProcessorThreads.Count);
            float[] embedded = network.Embed(face, 1);
            double cosine = TensorPrimitives.CosineSimilarity<float>(trained, embedded);
            if (!(cosine >= smallestCosine))
            {
                throw new WeightsFormatException(FormattableString.Invariant($"'{_path}' cannot be trained: libtorch and the processor's own code compute embeddings of it with a cosine of {cosine:F5}. Please report this file."));
            }
        }
        catch (NotSupportedException error)
        {
            throw new WeightsFormatException($"'{_path}' cannot be trained, for a node of it is not embedded with: {error.Message}", error);
        }
    }

    /// <summary>Gives the norms that were made anew the statistics of photographs, so that the network computes what it did.</summary>
    /// <param name="faces">Photographs, of which the first are taken.</param>
    public void RenewNorms(IEnumerable<byte[]> faces)
    {
        const int photographs = 512, batchSize = 32;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using FaceBackbone backbone = Create();
        backbone.eval();
        (NetworkNode Node, BatchNormalization Norm)[] norms = [.. backbone.Norms.Where(norm => RenewedNorms.IsRenewed(_network, norm.Node) && !_tensors.ContainsKey(norm.Node.Inputs[1]))];
        foreach ((_, BatchNormalization norm) in norms)
        {
            norm.Observed = new ChannelMoments();
        }

        foreach (byte[][] batch in faces.Take(norms.Length > 0 ? photographs : 0).Chunk(batchSize))
        {
            using var batchScope = NewDisposeScope();
            backbone.forward(FaceInput.ToTensor([.. batch.SelectMany(face => face)], batch.Length, CPU));
        }

        foreach ((NetworkNode node, BatchNormalization norm) in norms)
        {
            (float[] mean, float[] variance) = (norm.Observed!.Mean, norm.Observed.Variance);
            float[][] values = [Array.ConvertAll(variance, value => (float)Math.Sqrt(value + RenewedNorms.Epsilon)), mean, mean, variance];
            foreach ((string name, float[] numbers) in node.Inputs.Skip(1).Zip(values))
            {
                _tensors[name] = PlainTensor.Of([numbers.Length], numbers);
            }
        }
    }

    private static ForeignNetwork OfFile(IChannel channel, TrainingRecipe recipe, RecognizerFile file)
    {
        FacePixelsDecision decision = file.Decide(recipe.Pixels, found: null);
        foreach (string note in file.Notes)
        {
            channel.Info(note);
        }

        if (file.Doubt(decision) is { } doubt)
        {
            channel.Warning(doubt);
        }

        (NetworkDescription network, WeightStore weights) = file.Load(decision.Pixels, WeightStore.InMemory);
        return new ForeignNetwork(recipe.InitialWeights!, network, weights.Tensors, new FaceNetworkFile(file.FileName, file.Sha256, decision), file.Original, file.AddsMirrorImage, recipe.RenewNorms);
    }

    private static ForeignNetwork OfModel(IHostEnvironment environment, TrainingRecipe recipe)
    {
        ITransformer model = FaceModelFile.Load(environment, recipe.InitialWeights!, out _);
        using (model as IDisposable)
        {
            FaceEmbeddingTransformer embedding = model.FaceEmbedding();
            using ModelLease<FaceEmbeddingModel>.Use use = embedding.Lease.Begin();
            WeightStore weights = WeightStore.InMemory(use.Model.Network);
            foreach ((string name, WritableTensor tensor) in weights.Writable)
            {
                tensor.CopyFrom(use.Model.Tensors[name]);
            }

            return new ForeignNetwork(recipe.InitialWeights!, use.Model.Network, weights.Tensors, embedding.NetworkFile, use.Model.Facts.Graph, embedding.AddsMirrorImage, recipe.RenewNorms);
        }
    }
}
