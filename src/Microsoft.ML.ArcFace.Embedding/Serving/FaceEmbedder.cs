using System.Numerics.Tensors;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Data.Decoding;
using Microsoft.ML.ArcFace.Faces;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Serving;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// A model's .zip in service: embeds and verifies photographs for any number of threads at once, and takes on a replaced file
/// without dropping a request. Where the model detects faces, the main face of a photograph counts. One for a process;
/// <c>services.AddFaceEmbedder("faces.zip")</c> registers it. It is a generator of Microsoft.Extensions.AI, whose embeddings are those of
/// the main faces.
/// </summary>
public sealed partial class FaceEmbedder : IEmbeddingGenerator<FacePhotograph, Embedding<float>>, IAsyncDisposable
{
    private readonly Options _options;
    private readonly IPresentationAttackDetector? _attackDetector;
    private readonly ServedFile _file;
    private readonly EmbeddingQueue _queue;
    private readonly AlignmentCheck _alignment;
    private readonly RequestCount _requests = new(nameof(FaceEmbedder));

    private readonly DecodingLimits _limits;

    /// <summary>Photographs that are decoded, detected and aligned at once; the large ones share a budget of memory.</summary>
    private readonly SemaphoreSlim _decoding = new(Environment.ProcessorCount);

    /// <summary>Loads the model.</summary>
    /// <param name="modelPath">A .zip that <c>ml.Model.Save</c> wrote, with one face embedding in it, that begins with a photograph.</param>
    /// <param name="options">Batches, reloading, device; null: the defaults.</param>
    /// <param name="attackDetector">Is asked about each photograph that is not a reference; null: none is.</param>
    /// <param name="logger">Told of replaced files and of ML.NET's warnings; null: nobody is.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="WeightsFormatException">The file is damaged, or no model with a face embedding.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="InvalidOperationException">The model takes more than a photograph.</exception>
    public FaceEmbedder(string modelPath, Options? options = null, IPresentationAttackDetector? attackDetector = null, ILogger<FaceEmbedder>? logger = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelPath);
        _options = options ?? new Options();
        OptionsCheck.ThrowIfAny(_options.Violations(), nameof(options));
        _attackDetector = attackDetector;
        MissingFile.ThrowIfAbsent("The model", modelPath, "Give the .zip that arcface train or ml.Model.Save wrote.");
        ILogger log = logger ?? NullLogger<FaceEmbedder>.Instance;
        MLContext ml = CreateContext(_options, log);
        _limits = new DecodingLimits(_options.MaximumPixels, new DecodeBudget(_options.DecodingBytes ?? DecodeBudget.UsualBytes));
        _alignment = new AlignmentCheck(_options.RequireAligned, message => LogWarning(log, message));
        _file = new ServedFile(ml, Path.GetFullPath(modelPath), _options.ReloadInterval, log, _alignment);
        _queue = new EmbeddingQueue(_options);
    }

    /// <summary>The current model's fingerprint: only vectors of the same one can be compared.</summary>
    public string Fingerprint => Use(static model => model.Fingerprint);

    /// <summary>Numbers in an embedding of the current model.</summary>
    public int EmbeddingSize => Use(static model => model.EmbeddingSize);

    /// <summary>The current model's own threshold; null: it has none.</summary>
    public VerificationThreshold? Threshold => Use(static model => model.Threshold);

    /// <summary>Photographs so far that were no aligned faces: they reached the embedding with another size than 112×112 pixels and were cropped to their central square and resized.</summary>
    public long UnalignedImageCount => _alignment.UnalignedCount;

    /// <summary>Makes the context of a service, whose warnings, such as of a model computed otherwise than it asks for, go to the log.</summary>
    internal static MLContext CreateContext(Options options, ILogger log)
    {
        var ml = new MLContext { GpuDeviceId = options.GpuDeviceId, FallbackToCpu = options.FallbackToCpu };
        ml.TempFilePath = options.TemporaryFolder ?? ml.TempFilePath;
        ml.Log += (_, line) =>
        {
            if (line.Kind >= ChannelMessageKind.Warning)
            {
                LogWarning(log, line.RawMessage);
            }
        };
        return ml;
    }

    /// <summary>Looks at the file now, as it does every so often by itself; for tests.</summary>
    internal bool Look() => _file.Look();

    /// <summary>Embeds a face on this thread, in a forward pass of its own.</summary>
    /// <param name="photograph">A path, the bytes of an image file, or an image.</param>
    /// <exception cref="FaceImageException">The photograph cannot be read.</exception>
    /// <exception cref="FaceNotFoundException">The model's detector finds no face.</exception>
    /// <exception cref="PresentationAttackException">The presentation attack detector refuses it.</exception>
    /// <exception cref="ObjectDisposedException">The embedder was disposed.</exception>
    public FaceEmbedding Embed(FacePhotograph photograph)
    {
        ArgumentNullException.ThrowIfNull(photograph);
        return Use(model =>
        {
            ReadFace face = model.ReadFace(photograph, _attackDetector, _limits);
            return EmbeddingOf(face, model.Embed(face.Pixels, count: 1)[0], model);
        });
    }

    /// <summary>Embeds all faces of a photograph on this thread, in forward passes of their own.</summary>
    /// <param name="photograph">A path, the bytes of an image file, or an image.</param>
    /// <returns>
    /// The faces, the main one first; none where the detector finds none. Of a model without a detector the one face that the
    /// photograph is. A detection whose landmarks are no face's (all of them one point) cannot be embedded and is left out.
    /// </returns>
    /// <exception cref="FaceImageException">The photograph cannot be read.</exception>
    /// <exception cref="TooManyFacesException">It shows more faces than <see cref="Options.MaximumFaces"/>.</exception>
    /// <exception cref="PresentationAttackException">The presentation attack detector refuses it.</exception>
    /// <exception cref="InvalidOperationException">The model detects, but does not cut out the faces that it finds.</exception>
    /// <exception cref="ObjectDisposedException">The embedder was disposed.</exception>
    public IReadOnlyList<EmbeddedFace> EmbedAll(FacePhotograph photograph)
    {
        ArgumentNullException.ThrowIfNull(photograph);
        return Use(model =>
        {
            var embedded = new List<EmbeddedFace>();
            foreach (ReadFace[] faces in model.ReadFaces(photograph, _attackDetector, _limits, _options.MaximumFaces).Chunk(_options.MaxBatchSize))
            {
                RawEmbedding[] vectors = model.Embed(faces.SelectMany(face => face.Pixels).ToArray(), faces.Length);
                embedded.AddRange(faces.Zip(vectors, (face, vector) => face.With(EmbeddingOf(face, vector, model))));
            }

            return embedded;
        });
    }

    /// <summary>
    /// Embeds all faces of a photograph in forward passes with those of other callers. A photograph that cannot be embedded fails its
    /// own caller only.
    /// </summary>
    /// <param name="photograph">A path, the bytes of an image file, or an image.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <inheritdoc cref="EmbedAll" path="/returns"/>
    /// <inheritdoc cref="EmbedAll" path="/exception"/>
    /// <exception cref="OperationCanceledException">It was canceled.</exception>
    public async Task<IReadOnlyList<EmbeddedFace>> EmbedAllAsync(FacePhotograph photograph, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(photograph);
        ModelLease<ServedModel> model = Begin();
        try
        {
            IReadOnlyList<ReadFace> faces = await ReadAsync(() => model.Model.ReadFaces(photograph, _attackDetector, _limits, _options.MaximumFaces, cancellationToken), cancellationToken).ConfigureAwait(false);
            RawEmbedding[] vectors = await Task.WhenAll(faces.Select(face => _queue.EmbedAsync(model, face.Pixels, cancellationToken))).ConfigureAwait(false);
            return [.. faces.Zip(vectors, (face, vector) => face.With(EmbeddingOf(face, vector, model.Model)))];
        }
        finally
        {
            End(model);
        }
    }

    /// <summary>
    /// Embeds a face in one forward pass with those of other callers. A photograph that cannot be embedded fails its own caller only.
    /// </summary>
    /// <param name="photograph">A path, the bytes of an image file, or an image.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="FaceImageException">The photograph cannot be read.</exception>
    /// <exception cref="FaceNotFoundException">The model's detector finds no face.</exception>
    /// <exception cref="PresentationAttackException">The presentation attack detector refuses it.</exception>
    /// <exception cref="OperationCanceledException">It was canceled.</exception>
    /// <exception cref="ObjectDisposedException">The embedder was disposed.</exception>
    public async Task<FaceEmbedding> EmbedAsync(FacePhotograph photograph, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(photograph);
        ModelLease<ServedModel> model = Begin();
        try
        {
            return await EmbedAsync(model, photograph, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            End(model);
        }
    }

    /// <summary>Tells whether two photographs show the same person, by the model's threshold for pairs.</summary>
    /// <param name="first">A path, the bytes of an image file, or an image.</param>
    /// <param name="second">The other; with a presentation attack detector, make the one that was not just taken a reference: <c>AsReference()</c>.</param>
    /// <inheritdoc cref="Embed" path="/exception"/>
    /// <exception cref="InvalidOperationException">The model has no threshold, and none was set.</exception>
    public FaceVerification Verify(FacePhotograph first, FacePhotograph second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return Use(model =>
        {
            double threshold = CosineOf(model);
            ReadFace[] faces = [model.ReadFace(first, _attackDetector, _limits), model.ReadFace(second, _attackDetector, _limits)];
            RawEmbedding[] embeddings = model.Embed([.. faces[0].Pixels, .. faces[1].Pixels], count: 2);
            return Compare(embeddings[0].Vector, embeddings[1].Vector, threshold) with { FirstFaceCount = faces[0].Boxes?.Count, SecondFaceCount = faces[1].Boxes?.Count };
        });
    }

    /// <summary>As <see cref="Verify"/>, in forward passes with the faces of other callers.</summary>
    /// <param name="first">A path, the bytes of an image file, or an image.</param>
    /// <param name="second">The other.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <inheritdoc cref="EmbedAsync(FacePhotograph, CancellationToken)" path="/exception"/>
    /// <exception cref="InvalidOperationException">The model has no threshold, and none was set.</exception>
    public async Task<FaceVerification> VerifyAsync(FacePhotograph first, FacePhotograph second, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);

        // One model for both: it must not be replaced between them.
        ModelLease<ServedModel> model = Begin();
        try
        {
            double threshold = CosineOf(model.Model);
            FaceEmbedding[] embeddings = await Task.WhenAll(EmbedAsync(model, first, cancellationToken), EmbedAsync(model, second, cancellationToken)).ConfigureAwait(false);
            return Compare(embeddings[0].Vector, embeddings[1].Vector, threshold) with { FirstFaceCount = embeddings[0].Faces?.Count, SecondFaceCount = embeddings[1].Faces?.Count };
        }
        finally
        {
            End(model);
        }
    }

    /// <summary>
    /// Answers all requests that began before, then frees the model. Those that begin later get an
    /// <see cref="ObjectDisposedException"/>. Any number of threads may dispose; each waits until it is done.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        Task lastEnded = _requests.CloseAsync();
        await _queue.HurryAsync().ConfigureAwait(false);
        await lastEnded.ConfigureAwait(false);
        await _queue.DisposeAsync().ConfigureAwait(false);
        await _file.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async Task<FaceEmbedding> EmbedAsync(ModelLease<ServedModel> model, FacePhotograph photograph, CancellationToken cancellationToken)
    {
        ReadFace face = await ReadAsync(() => model.Model.ReadFace(photograph, _attackDetector, _limits, cancellationToken), cancellationToken).ConfigureAwait(false);
        return EmbeddingOf(face, await _queue.EmbedAsync(model, face.Pixels, cancellationToken).ConfigureAwait(false), model.Model);
    }

    private static FaceEmbedding EmbeddingOf(ReadFace face, RawEmbedding embedded, ServedModel model) => new(embedded.Vector, model.Fingerprint)
    {
        Faces = face.Boxes,
        IsAligned = face.IsAligned,
        Quality = FaceQualityMeter.Measure(face.Pixels, face.Landmarks, face.Score, model.LengthIsQuality ? embedded.Length : null),
    };

    /// <summary>Decodes, detects and aligns on a thread of the pool, when its turn has come.</summary>
    private async Task<T> ReadAsync<T>(Func<T> read, CancellationToken cancellationToken)
    {
        await _decoding.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(read, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _decoding.Release();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Message}")]
    private static partial void LogWarning(ILogger log, string message);

    private ModelLease<ServedModel> Begin()
    {
        _requests.Begin();
        try
        {
            return _file.Lease();
        }
        catch
        {
            _requests.End();
            throw;
        }
    }

    private void End(ModelLease<ServedModel> model)
    {
        try
        {
            model.Dispose();
        }
        finally
        {
            _requests.End();
        }
    }

    private T Use<T>(Func<ServedModel, T> action)
    {
        ModelLease<ServedModel> model = Begin();
        try
        {
            return action(model.Model);
        }
        finally
        {
            End(model);
        }
    }

    private double CosineOf(ServedModel model) => _options.Cosine ?? model.Threshold?.ForGallerySize(1).Cosine ?? throw new InvalidOperationException(
        "The model has no threshold to verify by. Find one with faces.CalibrateThreshold on people whom it was not trained on, and save model.WithThreshold(threshold); or set FaceEmbedder.Options.Cosine.");

    /// <summary>Compares as <see cref="VerificationThreshold.Accepts"/> does.</summary>
    private static FaceVerification Compare(float[] first, float[] second, double threshold)
    {
        double score = Math.Clamp((double)TensorPrimitives.Dot<float>(first, second), -1, 1);
        return new FaceVerification(score > threshold, score, threshold);
    }
}
