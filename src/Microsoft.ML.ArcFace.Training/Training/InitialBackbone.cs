using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>The network that a run starts with: random, or with the weights of a file and some stages kept.</summary>
internal static class InitialBackbone
{
    private const double FineTuningShare = 0.1;

    /// <summary>The backbone's share of the learning rate: weights that know something already should not be shaken.</summary>
    public static double LearningRateShare(TrainingRecipe recipe) =>
        recipe.BackboneLearningRateShare ?? (recipe.InitialWeights is null ? 1 : FineTuningShare);

    /// <summary>Loads the weights once and lets them go, so that a file that does not fit is told of before any work starts.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="WeightsFormatException">It is damaged, or does not fit.</exception>
    public static void Check(TrainingRecipe recipe)
    {
        if (recipe.InitialWeights is not null)
        {
            using var randomState = new RandomStateGuard(seed: 0);
            using var scope = NewDisposeScope();
            using FaceBackbone backbone = Create(recipe);
        }
    }

    /// <summary>A network in training mode, on the processor.</summary>
    public static FaceBackbone Create(TrainingRecipe recipe)
    {
        FaceBackbone backbone = FaceBackbone.Create(recipe.Backbone, recipe.EmbeddingSize, recipe.Dropout);
        if (recipe.InitialWeights is { } path)
        {
            using var file = WeightsFile.Open(path);
            backbone.CopyFrom(file, path);
            backbone.Freeze(recipe.FrozenStages);
        }

        return backbone;
    }
}
