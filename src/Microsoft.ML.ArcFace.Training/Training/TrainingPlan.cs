using Microsoft.ML.ArcFace.Names;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>A recipe with every choice made, for a set of a given size.</summary>
internal sealed record TrainingPlan(
    int Epochs, int BatchSize, int? PhotographsPerPerson, int StepsPerEpoch, double Scale, TrainingOptimizer Optimizer, double WeightDecay,
    TrainingSchedule Schedule, FaceAugmentation Augmentation, double WeightAveragingDecay)
{
    /// <summary>From here on the papers' recipe for large sets serves better than what saves a small one.</summary>
    private const int LargeSetImages = 100_000;

    /// <summary>A small set is passed over until it had about so many steps.</summary>
    private const int SmallSetSteps = 300;

    public int TotalSteps => Epochs * StepsPerEpoch;

    public static TrainingPlan Choose(TrainingRecipe recipe, int images, int people)
    {
        bool isLarge = images >= LargeSetImages;

        // Small sets need many steps more than they need large batches.
        int batchSize = recipe.BatchSize ?? (isLarge ? 128 : Math.Clamp(PowerOfTwoAtMost(images / 128), 16, 128));

        // Never over a quarter of the photographs: batch statistics and the number of steps would suffer.
        batchSize = recipe.BatchSize is null ? Math.Min(batchSize, Math.Max(2, images / 4)) : batchSize;
        if (recipe is { BatchSize: null, SampledPhotographsPerPerson: { } each })
        {
            // Whole people, and at least two of them; people with few photographs show them again.
            batchSize = Math.Clamp(batchSize / each * each, 2 * each, Math.Max(2 * each, recipe.Loss.LargestBatch / each * each));
        }

        if (recipe.BatchSize > images)
        {
            throw new InvalidOperationException(
                $"{nameof(ArcFaceTrainer.Options.BatchSize)} is {batchSize}, but there {(images == 1 ? "is" : "are")} only {Counted.Of(images, "photograph")}. Take at most {Math.Max(2, images / 4)}, or leave it null.");
        }

        int stepsPerEpoch = Math.Max(1, images / batchSize);
        int epochs = recipe.Epochs ?? (isLarge ? 20 : Math.Clamp((SmallSetSteps + stepsPerEpoch - 1) / stepsPerEpoch, 20, 100));
        int totalSteps = checked(epochs * stepsPerEpoch);

        TrainingOptimizer optimizer = recipe.Optimizer ?? (isLarge ? TrainingOptimizer.Sgd : TrainingOptimizer.AdamW);
        double weightDecay = recipe.WeightDecay ?? (optimizer == TrainingOptimizer.AdamW ? 0.05 : 5e-4);
        double peakLearningRate = recipe.LearningRate ?? (optimizer, isLarge) switch
        {
            (TrainingOptimizer.AdamW, _) => 1e-3,
            (_, true) => 0.1 * batchSize / 512,
            (_, false) => 0.1 * Math.Min(1, batchSize / 32.0),
        };
        var schedule = new TrainingSchedule(
            peakLearningRate,
            recipe.Decay ?? (isLarge ? LearningRateDecay.Polynomial : LearningRateDecay.Cosine),
            WarmUpSteps: (int)(totalSteps * (recipe.WarmUpFraction ?? (isLarge ? 0 : 0.05))),
            MarginRampSteps: (int)(totalSteps * (recipe.MarginRampFraction ?? (isLarge ? 0 : 0.5))),
            totalSteps);

        // A moving average over about the last tenth of the run, and never shorter than a hundred steps.
        double averagingDecay = recipe.WeightAveragingDecay ?? (isLarge ? 0 : Math.Clamp(1 - (10.0 / totalSteps), 0.99, 0.999));
        return new TrainingPlan(
            epochs, batchSize, recipe.SampledPhotographsPerPerson, stepsPerEpoch, ScaleFor(recipe.Loss, people, isLarge), optimizer, weightDecay, schedule,
            recipe.Augmentation ?? (isLarge ? FaceAugmentation.MirrorOnly : FaceAugmentation.Light),
            averagingDecay);
    }

    /// <summary>64 is the paper's for tens of thousands of people; with few of them so sharp a softmax only memorises.</summary>
    private static double ScaleFor(FaceLoss loss, int people, bool isLarge) =>
        loss.Scale ?? (isLarge ? 64 : Math.Clamp(4 * Math.Sqrt(2) * Math.Log(Math.Max(2, people - 1)), 16, 64));

    private static int PowerOfTwoAtMost(int value) => value < 1 ? 1 : 1 << (int)Math.Log2(value);
}
