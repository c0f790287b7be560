using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>A backbone at the end of its training, with its class centers, as libtorch holds them on the device of the training.</summary>
internal sealed class TrainedNetwork : IDisposable
{
    /// <summary>Takes over a backbone, and copies its class centers [C, d].</summary>
    public TrainedNetwork(FaceBackbone backbone, Tensor centers)
    {
        using var noGradient = no_grad();
        Backbone = backbone;
        Backbone.eval();
        foreach (Tensor tensor in backbone.state_dict().Values)
        {
            tensor.DetachFromDisposeScope();
        }

        Centers = centers.detach().clone().DetachFromDisposeScope();
    }

    public FaceBackbone Backbone { get; }

    /// <summary>The class centers, [C, d].</summary>
    public Tensor Centers { get; }

    /// <summary>The published network; null for one of others.</summary>
    public required BackboneArchitecture? Architecture { get; init; }

    /// <summary>The file that a network of others was read from; null for a published one.</summary>
    public FaceNetworkFile? File { get; init; }

    /// <summary>The graph that a network of others was read from; null if it is not kept.</summary>
    public OriginalGraph? Graph { get; init; }

    /// <summary>The person of each class; null if the training label was a key without names.</summary>
    public string[]? PersonNames { get; init; }

    /// <summary>The scale of the softmax over cosines.</summary>
    public required double Scale { get; init; }

    /// <summary>The arithmetic of embedding that was asked for.</summary>
    public InferencePrecision Precision { get; init; }

    /// <summary>How it was trained; null if that is not known.</summary>
    public FaceTrainingSummary? Training { get; init; }

    /// <summary>Copies the weights into a model in use, which does not need this one any more.</summary>
    /// <exception cref="InvalidOperationException">The MLContext asks for a GPU that is not there.</exception>
    public FaceEmbeddingModel ToModel(IHostEnvironment environment)
    {
        NetworkDescription network = Backbone.Network;
        EmbeddingDevice device = EmbeddingDevice.Choose(environment);
        PlainTensor<float> centers = PlainTensor.Of(Centers.shape, new ModuleTensor(Centers).ToSingles());
        var facts = new EmbeddingFacts(Architecture, Backbone.EmbeddingSize, (int)Centers.shape[0], PersonNames, Scale, Precision, Training, File, Graph);
        WeightStore weights = device.KeepWeights(network);
        foreach ((string name, StateTensor trained) in ModuleState.ReadableByName(Backbone))
        {
            weights.Writable[name].CopyFrom(trained);
        }

        return FaceEmbeddingModel.Of(network, weights, new ClassCenters(centers), facts, device);
    }

    public void Dispose()
    {
        Backbone.Dispose();
        Centers.Dispose();
    }
}
