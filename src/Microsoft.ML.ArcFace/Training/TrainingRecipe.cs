using TorchSharp;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>The options with every choice made, for a set of a given size.</summary>
internal sealed record TrainingRecipe(
    int Epochs, int BatchSize, int StepsPerEpoch, double Scale, TrainingOptimizer Optimizer, double WeightDecay,
    TrainingSchedule Schedule, FaceAugmentation Augmentation, double WeightAveragingDecay)
{
    /// <summary>From here on the papers' recipe for large sets serves better than what saves a small one.</summary>
    private const int LargeSetImages = 100_000;

    /// <summary>A small set is passed over until it had about so many steps.</summary>
    private const int SmallSetSteps = 300;

    public int TotalSteps => Epochs * StepsPerEpoch;

    public static TrainingRecipe Choose(ArcFaceTrainer.Options options, int images, int people)
    {
        bool isLarge = images >= LargeSetImages;

        // Small sets need many steps more than they need large batches.
        int batchSize = options.BatchSize ?? (isLarge ? 128 : Math.Clamp(PowerOfTwoAtMost(images / 128), 16, 128));

        // Never over a quarter of the photographs: batch statistics and the number of steps would suffer.
        batchSize = options.BatchSize is null ? Math.Min(batchSize, Math.Max(2, images / 4)) : batchSize;
        if (options is { BatchSize: null, SampledPhotographsPerPerson: { } each })
        {
            // Whole people, and at least two of them; people with few photographs show them again.
            batchSize = Math.Clamp(batchSize / each * each, 2 * each, Math.Max(2 * each, options.Loss.LargestBatch / each * each));
        }

        if (options.BatchSize > images)
        {
            throw new InvalidOperationException(
                $"{nameof(ArcFaceTrainer.Options.BatchSize)} is {batchSize}, but there are only {images} photographs. Take at most {Math.Max(2, images / 4)}, or leave it null.");
        }

        int stepsPerEpoch = Math.Max(1, images / batchSize);
        int epochs = options.Epochs ?? (isLarge ? 20 : Math.Clamp((SmallSetSteps + stepsPerEpoch - 1) / stepsPerEpoch, 20, 100));
        int totalSteps = checked(epochs * stepsPerEpoch);

        TrainingOptimizer optimizer = options.Optimizer ?? (isLarge ? TrainingOptimizer.Sgd : TrainingOptimizer.AdamW);
        double weightDecay = options.WeightDecay ?? (optimizer == TrainingOptimizer.AdamW ? 0.05 : 5e-4);
        double peakLearningRate = options.LearningRate ?? (optimizer, isLarge) switch
        {
            (TrainingOptimizer.AdamW, _) => 1e-3,
            (_, true) => 0.1 * batchSize / 512,
            (_, false) => 0.1 * Math.Min(1, batchSize / 32.0),
        };
        var schedule = new TrainingSchedule(
            peakLearningRate,
            options.Decay ?? (isLarge ? LearningRateDecay.Polynomial : LearningRateDecay.Cosine),
            WarmUpSteps: (int)(totalSteps * (options.WarmUpFraction ?? (isLarge ? 0 : 0.05))),
            MarginRampSteps: (int)(totalSteps * (options.MarginRampFraction ?? (isLarge ? 0 : 0.5))),
            totalSteps);

        // A moving average over about the last tenth of the run, and never shorter than a hundred steps.
        double averagingDecay = options.WeightAveragingDecay ?? (isLarge ? 0 : Math.Clamp(1 - (10.0 / totalSteps), 0.99, 0.999));
        return new TrainingRecipe(
            epochs, batchSize, stepsPerEpoch, ScaleFor(options.Loss, people, isLarge), optimizer, weightDecay, schedule,
            options.Augmentation ?? (isLarge ? FaceAugmentation.MirrorOnly : FaceAugmentation.Light),
            averagingDecay);
    }

    /// <summary>64 is the paper's for tens of thousands of people; with few of them so sharp a softmax only memorises.</summary>
    private static double ScaleFor(FaceLoss loss, int people, bool isLarge) =>
        loss.Scale ?? (isLarge ? 64 : Math.Clamp(4 * Math.Sqrt(2) * Math.Log(Math.Max(2, people - 1)), 16, 64));

    private static int PowerOfTwoAtMost(int value) => value < 1 ? 1 : 1 << (int)Math.Log2(value);
}
