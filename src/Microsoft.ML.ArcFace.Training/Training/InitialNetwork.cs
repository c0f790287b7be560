using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>The network that a run starts with: a published one, random or with the weights of a file, or one of others (<see cref="ForeignNetwork"/>); some stages may be kept.</summary>
internal sealed class InitialNetwork
{
    private const double FineTuningShare = 0.1;
    private readonly TrainingRecipe _recipe;

    private InitialNetwork(TrainingRecipe recipe, ForeignNetwork? foreign) => (_recipe, Foreign) = (recipe, foreign);

    /// <summary>The network of others; null for a published one.</summary>
    public ForeignNetwork? Foreign { get; }

    /// <summary>The published network; null for one of others.</summary>
    public BackboneArchitecture? Architecture => Foreign is null ? _recipe.Backbone : null;

    /// <summary>Numbers in an embedding.</summary>
    public int EmbeddingSize => Foreign?.EmbeddingSize ?? _recipe.EmbeddingSize;

    /// <summary>What messages call it.</summary>
    public string Name => Foreign?.Name ?? _recipe.Backbone.ToShortName();

    /// <summary>The backbone's share of the learning rate: weights that know something already should not be shaken.</summary>
    public static double LearningRateShare(TrainingRecipe recipe) =>
        recipe.BackboneLearningRateShare ?? (recipe.InitialWeights is null ? 1 : FineTuningShare);

    /// <summary>Reads the file of a recipe and makes the network once, so that what does not fit is told of before any work starts.</summary>
    /// <param name="environment">For what a saved model needs.</param>
    /// <param name="channel">Is told of a guess.</param>
    /// <param name="recipe">What names the file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="WeightsFormatException">It is damaged, does not fit, or has a node that cannot be trained; the message names it.</exception>
    public static InitialNetwork Open(IHostEnvironment environment, IChannel channel, TrainingRecipe recipe)
    {
        if (recipe.InitialWeights is null)
        {
            return Random(recipe);
        }

        var initial = new InitialNetwork(recipe, ForeignNetwork.Find(environment, channel, recipe));
        if (recipe.RenewNorms && initial.Foreign is null)
        {
            throw new WeightsFormatException($"{nameof(ArcFaceTrainer.Options.RenewNorms)} is set, but '{recipe.InitialWeights}' has weights of {initial.Name} with all of its norms: there is none to make anew. Leave it out.");
        }

        using var randomState = new RandomStateGuard(seed: 0);
        using var scope = NewDisposeScope();
        using FaceBackbone backbone = initial.Create();
        initial.Foreign?.CheckComputed(backbone);
        return initial;
    }

    /// <summary>Gives the published network of a recipe that names no file.</summary>
    public static InitialNetwork Random(TrainingRecipe recipe) => new(recipe, foreign: null);

    /// <summary>Makes norms anew from statistics of the first photographs, where the recipe asks for it.</summary>
    public void RenewNorms(TrainingFaces faces)
    {
        if (_recipe.RenewNorms)
        {
            using var randomState = new RandomStateGuard(seed: 0);
            Foreign?.RenewNorms(faces.InOrder().Select(face => face.Pixels));
        }
    }

    /// <summary>A network in training mode, on the processor.</summary>
    public FaceBackbone Create()
    {
        FaceBackbone backbone = Foreign?.Create() ?? FaceBackbone.Create(_recipe.Backbone, _recipe.EmbeddingSize, _recipe.Dropout);
        if (_recipe.InitialWeights is { } path)
        {
            if (Foreign is null)
            {
                using var file = WeightsFile.Open(path);
                backbone.CopyFrom(file, path);
            }

            backbone.Freeze(_recipe.FrozenStages);
        }

        return backbone;
    }
}
