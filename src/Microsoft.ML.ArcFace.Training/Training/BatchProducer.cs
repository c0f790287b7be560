using System.Threading.Channels;
using Microsoft.ML.ArcFace.Runtime;

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
    /// <param name="teaching">Who embeds the views, and which there are besides; null: nobody.</param>
    public static IEnumerable<FaceBatch> Epoch(
        TrainingFaces faces, TrainingPlan plan, int seed, int epoch, int skip, CancellationToken cancellationToken, Teaching? teaching = null)
    {
        // One thread alone cannot do two things at once: there the training thread asks the teacher, between two steps.
        bool asksAhead = ProcessorThreads.Count > 1;
        (int batchSize, int epochSeed) = (plan.BatchSize, unchecked(seed + (epoch * SeedsBetweenEpochs)));
        IEnumerable<(byte[] Pixels, int Label)> order = plan.PhotographsPerPerson is { } count ? faces.ShuffledByPerson(epochSeed, batchSize, count) : faces.Shuffled(epochSeed);
        var ahead = Channel.CreateBounded<FaceBatch>(new BoundedChannelOptions(BatchesAhead) { SingleReader = true, SingleWriter = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var maker = new BatchMaker(plan, epochSeed, firstStep: (epoch - 1L) * plan.StepsPerEpoch, teaching?.CreateViews(plan.Augmentation, seed));
        Func<FaceBatch, FaceBatch>? askAhead = asksAhead && teaching is not null ? teaching.Ask : null;
        Task producer = Task.Run(() => ProduceAsync(order, maker, skip, askAhead, ahead.Writer, stop.Token), CancellationToken.None);
        try
        {
            while (ahead.Reader.WaitToReadAsync(cancellationToken).AsTask().GetAwaiter().GetResult())
            {
                while (ahead.Reader.TryRead(out FaceBatch? batch))
                {
                    yield return teaching is null || asksAhead ? batch : teaching.Ask(batch);
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
        IEnumerable<(byte[] Pixels, int Label)> order, BatchMaker maker, int skip, Func<FaceBatch, FaceBatch>? ask, ChannelWriter<FaceBatch> writer, CancellationToken cancellationToken)
    {
        try
        {
            int number = skip;
            foreach ((byte[] Pixels, int Label)[] chunk in order.Skip(skip * maker.BatchSize).Chunk(maker.BatchSize))
            {
                if (chunk.Length < maker.BatchSize)
                {
                    break;
                }

                FaceBatch batch = maker.Make(chunk, number++);
                await writer.WriteAsync(ask?.Invoke(batch) ?? batch, cancellationToken).ConfigureAwait(false);
            }

            writer.Complete();
        }
        catch (Exception exception)
        {
            // Travels to the training thread, which rethrows it.
            writer.Complete(exception);
        }
    }
}
