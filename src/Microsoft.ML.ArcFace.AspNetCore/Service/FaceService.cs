using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.ML.ArcFace.Service;

/// <summary>Holds the model in service and the gallery of its people, which it opens and disposes of.</summary>
internal sealed class FaceService(FaceServiceOptions options, FaceEmbedder embedder, ILogger<FaceService> log) : IAsyncDisposable
{
    private IFaceGallery? _gallery;

    public FaceServiceOptions Options => options;

    public FaceEmbedder Embedder => embedder;

    /// <summary>The people.</summary>
    public IFaceGallery Gallery => _gallery ?? throw new InvalidOperationException("The service has not started: its host runs hosted services before it takes requests.");

    /// <summary>Says why it cannot answer, and what to do; null: it can.</summary>
    public string? Obstacle => _gallery is null ? "The service is starting."
        : embedder.Fingerprint != _gallery.Model.Fingerprint ? ServiceProblems.ModelWasReplaced : null;

    /// <exception cref="InvalidOperationException">The model is not calibrated, and the options give no threshold.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        FaceGalleryModel model = embedder.GetGalleryModel();
        if (options.OpenGallery is { } open)
        {
            _gallery = await open(model, cancellationToken).ConfigureAwait(false)
                ?? throw new InvalidOperationException($"{nameof(FaceServiceOptions.OpenGallery)} opened no gallery.");
        }
        else
        {
            _ = options.Gallery.ThresholdFor(model, vectorCount: 1);
            _gallery = options.GalleryPath is { } path ? FaceGallery.Open(path, model, options.Gallery, log) : FaceGallery.CreateInMemory(model, options.Gallery, log);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_gallery is { } gallery)
        {
            await gallery.DisposeAsync().ConfigureAwait(false);
        }
    }
}

/// <summary>Reads the keys, and opens model and gallery, before the server listens.</summary>
internal sealed class FaceServiceStart(IServiceProvider services) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _ = services.GetRequiredService<RequestRights>();
        return services.GetRequiredService<FaceService>().OpenAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
