using Microsoft.Extensions.Logging;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Serving;

/// <summary>
/// The model of a file that may be replaced while it is served. Requests keep the model that they began with; a replacement
/// that cannot be loaded changes nothing, and is tried again if the reason may pass. Replacements are loaded by the watcher,
/// for which neither requests nor the disposal wait.
/// </summary>
internal sealed partial class ServedFile : IAsyncDisposable
{
    /// <summary>How long the disposal waits for a replacement that is being loaded; who loads it frees it afterwards.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly string _path;
    private readonly Func<ModelLease<ServedModel>> _load;
    private readonly ILogger _log;
    private readonly TimeSpan _disposalPatience;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private readonly FileChanges _changes;

    /// <summary>Held while <see cref="_current"/> is exchanged.</summary>
    private readonly Lock _lock = new();

    private ModelLease<ServedModel>? _current;

    /// <summary>Loads the model.</summary>
    public ServedFile(MLContext ml, string path, TimeSpan? reloadInterval, ILogger log, AlignmentCheck alignment)
        : this(path, () => ServedModel.Load(ml, path, alignment), reloadInterval, log, s_patience)
    {
    }

    /// <summary>Loads the model in another way; for tests.</summary>
    internal ServedFile(string path, Func<ModelLease<ServedModel>> load, TimeSpan? reloadInterval, ILogger log, TimeSpan disposalPatience)
    {
        (_path, _load, _log, _disposalPatience) = (path, load, log, disposalPatience);
        _changes = new FileChanges(path);
        _current = load();
        _watching = reloadInterval is { } interval ? Task.Run(() => WatchAsync(interval)) : Task.CompletedTask;
    }

    /// <summary>Makes a lease of the current model, which the caller ends.</summary>
    /// <exception cref="ObjectDisposedException">The embedder was disposed.</exception>
    public ModelLease<ServedModel> Lease()
    {
        while (true)
        {
            ModelLease<ServedModel> current = Volatile.Read(ref _current) ?? throw new ObjectDisposedException(nameof(FaceEmbedder));
            if (current.TryShare() is { } lease)
            {
                return lease;
            }
        }
    }

    /// <summary>Loads the file if it was replaced and did not change since the last look, so that it is not half written.</summary>
    /// <returns>Whether another model is served from now on.</returns>
    public bool Look()
    {
        if (!_changes.IsDue())
        {
            return false;
        }

        ModelLease<ServedModel> replacement;
        try
        {
            replacement = _load();
        }
#pragma warning disable CA1031 // Whatever is wrong with the new file, the old model goes on serving.
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (MayPass(error))
            {
                LogPostponed(_path, error.Message, _changes.RetryLater(), error);
            }
            else
            {
                LogRefused(_path, error.Message, error);
            }

            return false;
        }

        return Publish(replacement);
    }

    /// <summary>Lets go of the model, which lives on until its last request has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        Exchange(null)?.Dispose();
        try
        {
            await _watching.WaitAsync(_disposalPatience).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            LogLeft(_path);
        }
    }

    private bool Publish(ModelLease<ServedModel> replacement)
    {
        string fingerprint = replacement.Model.Fingerprint;
        if (Exchange(replacement) is not { } former)
        {
            replacement.Dispose();
            return false;
        }

        LogReplaced(_path, former.Model.Fingerprint, fingerprint);
        former.Dispose();
        return true;
    }

    /// <summary>Puts another model in the place of the current one; null if there is none any more, for the embedder was disposed.</summary>
    private ModelLease<ServedModel>? Exchange(ModelLease<ServedModel>? next)
    {
        lock (_lock)
        {
            ModelLease<ServedModel>? former = _current;
            Volatile.Write(ref _current, former is null ? null : next);
            return former;
        }
    }

    private async Task WatchAsync(TimeSpan interval)
    {
        using var timer = new PeriodicTimer(interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                Look();
            }
        }
        catch (OperationCanceledException)
        {
            // The embedder is being disposed.
        }
    }

    /// <summary>Tells a full disk, a share that is away or a lack of memory from a file that is no model.</summary>
    private static bool MayPass(Exception error)
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is FaceRecognitionException or SpecialFileException or EndOfStreamException)
            {
                return false;
            }
        }

        return error is IOException or UnauthorizedAccessException or OutOfMemoryException;
    }

    [LoggerMessage(LogLevel.Information, "'{Path}' was replaced: the model {Former} gives way to {Replacement}. Vectors of different models cannot be compared.")]
    private partial void LogReplaced(string path, string former, string replacement);

    [LoggerMessage(LogLevel.Error, "'{Path}' was replaced by what cannot be loaded ({Reason}); the model before it goes on serving. Replace the file by a whole one.")]
    private partial void LogRefused(string path, string reason, Exception error);

    [LoggerMessage(LogLevel.Warning, "'{Path}' was replaced, but cannot be loaded now ({Reason}); the model before it goes on serving. It is tried again after {Looks} looks at the file.")]
    private partial void LogPostponed(string path, string reason, int looks, Exception error);

    [LoggerMessage(LogLevel.Warning, "A replacement of '{Path}' was still being loaded when the embedder was disposed of; it is freed once it is loaded.")]
    private partial void LogLeft(string path);
}
