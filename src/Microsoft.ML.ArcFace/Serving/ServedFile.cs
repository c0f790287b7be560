using Microsoft.Extensions.Logging;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Serving;

/// <summary>
/// The model of a file that may be replaced while it is served. Requests keep the model that they began with; a replacement
/// that cannot be loaded changes nothing.
/// </summary>
internal sealed partial class ServedFile : IAsyncDisposable
{
    private readonly MLContext _ml;
    private readonly string _path;
    private readonly ILogger _log;
    private readonly AlignmentCheck _alignment;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private ServedModel? _current;
    private Stamp _seen, _loaded;

    /// <summary>Loads the model.</summary>
    public ServedFile(MLContext ml, string path, TimeSpan? reloadInterval, ILogger log, AlignmentCheck alignment)
    {
        (_ml, _path, _log, _alignment) = (ml, path, log, alignment);
        _seen = _loaded = Stamp.Of(path) ?? default;
        _current = ServedModel.Load(ml, path, alignment);
        _watching = reloadInterval is { } interval ? Task.Run(() => WatchAsync(interval)) : Task.CompletedTask;
    }

    /// <summary>The current model, which the caller must end its use of.</summary>
    /// <exception cref="ObjectDisposedException">The embedder was disposed.</exception>
    public ServedModel Begin()
    {
        while (true)
        {
            ServedModel current = Volatile.Read(ref _current) ?? throw new ObjectDisposedException(nameof(FaceEmbedder));
            if (current.TryBegin())
            {
                return current;
            }
        }
    }

    /// <summary>Loads the file if it was replaced and did not change since the last look, so that it is not half written.</summary>
    /// <returns>Whether another model is served from now on.</returns>
    public bool Look()
    {
        if (Stamp.Of(_path) is not { } stamp)
        {
            return false;                                      // absent for the moment of a replacement
        }

        bool isSettled = stamp == _seen;
        _seen = stamp;
        if (!isSettled || stamp == _loaded)
        {
            return false;
        }

        _loaded = stamp;
        ServedModel replacement;
        try
        {
            replacement = ServedModel.Load(_ml, _path, _alignment);
        }
#pragma warning disable CA1031 // Whatever is wrong with the new file, the old model goes on serving.
        catch (Exception error)
#pragma warning restore CA1031
        {
            LogRefused(_path, error.Message, error);
            return false;
        }

        ServedModel former = Interlocked.Exchange(ref _current, replacement)!;
        LogReplaced(_path, former.Fingerprint, replacement.Fingerprint);
        former.End();
        return true;
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

    /// <summary>Lets go of the model, which lives on until its last request has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        Interlocked.Exchange(ref _current, null)?.End();
    }

    [LoggerMessage(LogLevel.Information, "'{Path}' was replaced: the model {Former} gives way to {Replacement}. Vectors of different models cannot be compared.")]
    private partial void LogReplaced(string path, string former, string replacement);

    [LoggerMessage(LogLevel.Error, "'{Path}' was replaced by what cannot be loaded ({Reason}); the model before it goes on serving. Replace the file by a whole one.")]
    private partial void LogRefused(string path, string reason, Exception error);

    /// <summary>By which a file is known to have changed.</summary>
    private readonly record struct Stamp(DateTime LastWrite, long Length)
    {
        /// <summary>Of what the path leads to, through links; null if it cannot be opened.</summary>
        public static Stamp? Of(string path)
        {
            try
            {
                using var file = RegularFile.OpenHandle(path, FileShare.ReadWrite | FileShare.Delete);
                return new Stamp(File.GetLastWriteTimeUtc(file), RandomAccess.GetLength(file));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }
}
