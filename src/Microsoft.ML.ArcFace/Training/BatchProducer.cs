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

    /// <summary>The full batches of an epoch; what is left over is in other batches of other epochs.</summary>
    public static IEnumerable<FaceBatch> Epoch(TrainingFaces faces, FaceAugmentation augmentation, int batchSize, int? photographsPerPerson, int seed, CancellationToken cancellationToken)
    {
        IEnumerable<(byte[] Pixels, int Label)> order = photographsPerPerson is { } count ? faces.ShuffledByPerson(seed, batchSize, count) : faces.Shuffled(seed);
        var ahead = Channel.CreateBounded<FaceBatch>(new BoundedChannelOptions(BatchesAhead) { SingleReader = true, SingleWriter = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task producer = Task.Run(() => ProduceAsync(order, augmentation, batchSize, seed, ahead.Writer, stop.Token), CancellationToken.None);
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
        IEnumerable<(byte[] Pixels, int Label)> order, FaceAugmentation augmentation, int batchSize, int seed, ChannelWriter<FaceBatch> writer, CancellationToken cancellationToken)
    {
        try
        {
            var augmenter = new FaceAugmenter(augmentation);
            int position = 0;
            foreach ((byte[] Pixels, int Label)[] chunk in order.Chunk(batchSize))
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
