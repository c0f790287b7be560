using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Serving;

/// <summary>Collects the faces of concurrent callers and embeds them together, one forward pass after the other.</summary>
internal sealed class EmbeddingQueue : IAsyncDisposable
{
    /// <summary>Under which tools for metrics find how large the batches are.</summary>
    public const string MeterName = "Microsoft.ML.ArcFace", BatchSizeName = "arcface.embedder.batch_size";

    private static readonly Meter s_meter = new(MeterName);
    private static readonly Histogram<int> s_batchSize = s_meter.CreateHistogram<int>(BatchSizeName, unit: "{face}", description: "Faces embedded in one forward pass.");

    private readonly int _maxBatchSize;
    private readonly TimeSpan _maxDelay;
    private readonly Channel<Request> _requests;
    private readonly CancellationTokenSource _hurry = new();
    private readonly Task _worker;

    public EmbeddingQueue(FaceEmbedder.Options options)
    {
        (_maxBatchSize, _maxDelay) = (options.MaxBatchSize, options.MaxBatchDelay);
        _requests = Channel.CreateBounded<Request>(new BoundedChannelOptions(options.MaxQueueLength) { SingleReader = true });
        _worker = Task.Run(WorkAsync);
    }

    /// <summary>Embeds a face with others; a cancelled one is left out of the pass if that has not begun.</summary>
    /// <param name="model">The caller's lease of the model; the request has one of its own.</param>
    /// <param name="face">112×112 RGB.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<RawEmbedding> EmbedAsync(ModelLease<ServedModel> model, byte[] face, CancellationToken cancellationToken)
    {
        var request = new Request(model.Share(), face, cancellationToken);
        try
        {
            await _requests.Writer.WriteAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            request.Lease.Dispose();
            throw new ObjectDisposedException(nameof(FaceEmbedder));
        }
        catch
        {
            request.Lease.Dispose();
            throw;
        }

        return await request.Answer.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Lets no face wait for others any more.</summary>
    public Task HurryAsync() => _hurry.CancelAsync();

    /// <summary>Embeds what is waiting, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _requests.Writer.TryComplete();
        await _worker.ConfigureAwait(false);
    }

    private async Task WorkAsync()
    {
        var batch = new List<Request>(_maxBatchSize);
        while (await _requests.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            await CollectAsync(batch).ConfigureAwait(false);
            foreach (IGrouping<ServedModel, Request> ofModel in batch.GroupBy(request => request.Lease.Model))
            {
                Embed(ofModel.Key, [.. ofModel]);
            }

            batch.Clear();
        }
    }

    /// <summary>Takes what is there, and what comes until the batch is full or its first face has waited long enough.</summary>
    private async Task CollectAsync(List<Request> batch)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_hurry.Token);
        while (batch.Count < _maxBatchSize)
        {
            if (_requests.Reader.TryRead(out Request? request))
            {
                batch.Add(request);
                if (batch.Count == 1)
                {
                    patience.CancelAfter(_maxDelay);
                }

                continue;
            }

            try
            {
                if (!await _requests.Reader.WaitToReadAsync(patience.Token).ConfigureAwait(false))
                {
                    return;
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static void Embed(ServedModel model, Request[] requests)
    {
        try
        {
            Request[] wanted = [.. requests.Where(request => !request.CancellationToken.IsCancellationRequested)];
            if (wanted.Length > 0)
            {
                s_batchSize.Record(wanted.Length);
                byte[] faces = new byte[wanted.Length * FaceTensor.ByteCount];
                foreach ((int index, Request request) in wanted.Index())
                {
                    request.Face.CopyTo(faces, index * FaceTensor.ByteCount);
                }

                foreach ((Request request, RawEmbedding embedding) in wanted.Zip(model.Embed(faces, wanted.Length)))
                {
                    request.Answer.SetResult(embedding);
                }
            }
        }
#pragma warning disable CA1031 // It belongs to the callers; the queue goes on.
        catch (Exception error)
#pragma warning restore CA1031
        {
            foreach (Request request in requests)
            {
                request.Answer.TrySetException(error);
            }
        }
        finally
        {
            foreach (Request request in requests)
            {
                request.Answer.TrySetCanceled(request.CancellationToken);
                request.Lease.Dispose();
            }
        }
    }

    private sealed record Request(ModelLease<ServedModel> Lease, byte[] Face, CancellationToken CancellationToken)
    {
        public TaskCompletionSource<RawEmbedding> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
