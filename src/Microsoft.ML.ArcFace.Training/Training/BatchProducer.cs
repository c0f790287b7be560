using System.Threading.Channels;
using Microsoft.ML.ArcFace.Data;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// Makes the batches of an epoch on another thread, a few ahead of the training thread, so that this one never waits
/// for decoding or augmentation. Each face is changed by a generator of its own, so that the result does not depend
/// on the threads' timing.
/// </summary>
internal static class BatchProducer
{
    private const int BatchesAhead = 4;
    private const int SeedsBetweenEpochs = 7919;

    /// <summary>The full batches of an epoch; what is left over is in other batches of other epochs.</summary>
    /// <param name="faces">The photographs.</param>
    /// <param name="plan">Augmentation and size of the batches, and how they are sampled.</param>
    /// <param name="seed">Of the run; each epoch has an order of its own.</param>
    /// <param name="epoch">From 1.</param>
    /// <param name="skip">Batches at the start that are passed over; those that follow are the same without it.</param>
    /// <param name="cancellationToken">Ends the waiting for a batch.</param>
    public static IEnumerable<FaceBatch> Epoch(
        TrainingFaces faces, TrainingPlan plan, int seed, int epoch, int skip, CancellationToken cancellationToken)
    {
        (int batchSize, int epochSeed) = (plan.BatchSize, unchecked(seed + (epoch * SeedsBetweenEpochs)));
        IEnumerable<(byte[] Pixels, int Label)> order = plan.PhotographsPerPerson is { } count ? faces.ShuffledByPerson(epochSeed, batchSize, count) : faces.Shuffled(epochSeed);
        var ahead = Channel.CreateBounded<FaceBatch>(new BoundedChannelOptions(BatchesAhead) { SingleReader = true, SingleWriter = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task producer = Task.Run(() => ProduceAsync(order, plan.Augmentation, batchSize, epochSeed, skip, ahead.Writer, stop.Token), CancellationToken.None);
        try
        {
            while (ahead.Reader.WaitToReadAsync(cancellationToken).AsTask().GetAwaiter().GetResult())
            {
                while (ahead.Reader.TryRead(out FaceBatch? batch))
                {
                    yield return batch;
                }
            }
        }
        finally
        {
            stop.Cancel();
            ((IAsyncResult)producer).AsyncWaitHandle.WaitOne();
        }
    }

    private static async Task ProduceAsync(
        IEnumerable<(byte[] Pixels, int Label)> order, FaceAugmentation augmentation, int batchSize, int seed, int skip, ChannelWriter<FaceBatch> writer, CancellationToken cancellationToken)
    {
        try
        {
            var augmenter = new FaceAugmenter(augmentation);
            int position = skip * batchSize;
            foreach ((byte[] Pixels, int Label)[] chunk in order.Skip(position).Chunk(batchSize))
            {
                if (chunk.Length < batchSize)
                {
                    break;
                }

                var batch = new FaceBatch(GC.AllocateUninitializedArray<byte>(batchSize * FaceTensor.ByteCount), new long[batchSize]);
                for (int i = 0; i < batchSize; i++)
                {
                    var random = new Random(HashCode(seed, position++));
                    augmenter.Apply(chunk[i].Pixels, batch.Pixels.AsSpan(i * FaceTensor.ByteCount, FaceTensor.ByteCount), random);
                    batch.Labels[i] = chunk[i].Label;
                }

                await writer.WriteAsync(batch, cancellationToken).ConfigureAwait(false);
            }

            writer.Complete();
        }
        catch (Exception exception)
        {
            // Travels to the training thread, which rethrows it.
            writer.Complete(exception);
        }
    }

    /// <summary>System.HashCode differs from process to process; this does not.</summary>
    private static int HashCode(int seed, int position) => unchecked((int)(((uint)seed * 2654435761u) ^ ((uint)position * 2246822519u)));
}
