using Microsoft.ML.ArcFace.Data;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Makes the views of a batch: each photograph changed by a generator of its own, and behind them those that have no label.</summary>
/// <param name="plan">Augmentation and size of the batches.</param>
/// <param name="epochSeed">Of the epoch.</param>
/// <param name="firstStep">The steps of all epochs before.</param>
/// <param name="unlabeled">Makes the views without a label; null: there are none.</param>
internal sealed class BatchMaker(TrainingPlan plan, int epochSeed, long firstStep, UnlabeledViews? unlabeled)
{
    private readonly FaceAugmenter _augmenter = new(plan.Augmentation);

    /// <summary>Photographs with a label in a batch.</summary>
    public int BatchSize => plan.BatchSize;

    /// <summary>Makes a batch of the epoch.</summary>
    /// <param name="photographs">Its photographs.</param>
    /// <param name="number">Batches before it in the epoch.</param>
    public FaceBatch Make((byte[] Pixels, int Label)[] photographs, int number)
    {
        int labeled = photographs.Length, views = labeled + (unlabeled?.CountBeside(labeled) ?? 0);
        var batch = new FaceBatch(GC.AllocateUninitializedArray<byte>(views * FaceTensor.ByteCount), new long[labeled]);
        for (int i = 0; i < labeled; i++)
        {
            var random = new Random(PlaceHash.Of(epochSeed, (number * labeled) + i));
            _augmenter.Apply(photographs[i].Pixels, batch.Pixels.AsSpan(i * FaceTensor.ByteCount, FaceTensor.ByteCount), random);
            batch.Labels[i] = photographs[i].Label;
        }

        unlabeled?.Write(photographs, firstStep + number, batch.Pixels.AsSpan(labeled * FaceTensor.ByteCount));
        return batch;
    }
}
