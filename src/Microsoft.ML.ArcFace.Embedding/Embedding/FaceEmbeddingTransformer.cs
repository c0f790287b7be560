using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Adds the unit-length embedding of a face, Vector&lt;Single, d&gt;, and on request the nearest person of the training
/// set with scores and cosines. Rows are embedded in batches and only when a column is read. Many threads may use one
/// transformer; it holds native memory until <see cref="Dispose"/>.
/// </summary>
/// <remarks>
/// A PredictionEngine disposes of its transformer when it is disposed of itself. Where several engines share one (an
/// engine serves one thread at a time), create them with <c>PredictionEngineOptions.OwnsTransformer</c> = false.
/// </remarks>
public sealed partial class FaceEmbeddingTransformer : ITransformer, IDisposable
{
    private const string Graph = "graph";

    private readonly ModelLease<FaceEmbeddingModel> _lease;
    private readonly EmbeddingFacts _facts;
    private readonly bool _addMirrorImage;
    private readonly int _batchSize;
    private readonly Lazy<string> _fingerprint;
    private readonly EmbeddingOrigin _origin;

    /// <summary>Takes over a model.</summary>
    internal FaceEmbeddingTransformer(
        IHostEnvironment environment, FaceEmbeddingModel model, EmbeddingColumns columns, bool addMirrorImage, int batchSize, VerificationThreshold? threshold = null, bool requireAligned = false,
        long unalignedCount = 0)
        : this(environment, ModelLease<FaceEmbeddingModel>.OfTransformer(model, nameof(FaceEmbeddingTransformer)), columns, addMirrorImage, batchSize, threshold, requireAligned, unalignedCount)
    {
    }

    private FaceEmbeddingTransformer(
        IHostEnvironment environment, ModelLease<FaceEmbeddingModel> lease, EmbeddingColumns columns, bool addMirrorImage, int batchSize, VerificationThreshold? threshold, bool requireAligned,
        long unalignedCount)
    {
        Alignment = new AlignmentCheck(requireAligned, Warn, unalignedCount);
        Host = environment.Register(nameof(FaceEmbeddingTransformer));
        _lease = lease;
        _facts = lease.Model.Facts;
        Columns = columns;
        _addMirrorImage = addMirrorImage;
        _batchSize = batchSize;
        Threshold = threshold;
        Passes = new RepeatedPasses(Host, columns.Embedding);
        _fingerprint = lease.Model.Fingerprint(addMirrorImage);
        _origin = new EmbeddingOrigin(_facts.PersonCount, _facts.PersonNames, threshold, people => UseWhileAnyLasts(model => people.Select(model.Centers.Unit).ToArray()));
    }

    /// <summary>Numbers in an embedding.</summary>
    public int EmbeddingSize => _facts.EmbeddingSize;

    /// <summary>The published network that embeds; null where it is a graph that was read from an ONNX file, or reads other pixels than the published ones.</summary>
    public BackboneArchitecture? Backbone => _facts.Architecture;

    /// <summary>The name of the network: a published short name such as "r50", or the name of the file that it was read from.</summary>
    public string NetworkName => _facts.Architecture?.ToShortName() ?? _facts.File?.FileName ?? Graph;

    /// <summary>The file that the network was read from and the pixels that it is given; null if it is a published network that was trained here, or an older version of this package saved it. Training keeps it.</summary>
    public FaceNetworkFile? NetworkFile => _facts.File;

    /// <summary>The people of the training set in the order of the predicted keys; null if they had keys without names, empty if the weights came from a file.</summary>
    public IReadOnlyList<string>? PersonNames => _facts.PersonNames;

    /// <summary>Whether the embedding is that of the photograph plus that of its mirror image, normalised.</summary>
    public bool AddsMirrorImage => _addMirrorImage;

    /// <summary>
    /// What tells this embedding from others: SHA-256, in lowercase hex, over the network's weights and whether the mirror image is
    /// added. Vectors of models with the same fingerprint can be compared. It is computed when it is first asked for,
    /// once for a model and its copies (<c>WithThreshold</c>), and is known from then on.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The transformer and all copies of it were disposed of before.</exception>
    public string Fingerprint => _fingerprint.IsValueCreated ? _fingerprint.Value : UseWhileAnyLasts(_ => _fingerprint.Value);

    /// <summary>The threshold that was calibrated for this embedding; null: none yet.</summary>
    public VerificationThreshold? Threshold { get; }

    /// <summary>How the network was trained; null if its weights came from a file.</summary>
    public FaceTrainingSummary? Training => _facts.Training;

    /// <summary>The arithmetic of embedding.</summary>
    public InferencePrecision Precision => _facts.Precision;

    /// <summary>
    /// Photographs that were trained on or embedded so far and were no aligned faces: of another size than 112×112 pixels, so that they were
    /// cropped to their central square and resized. The first one is warned of in ML.NET's log.
    /// </summary>
    public long UnalignedImageCount => Alignment.UnalignedCount;

    /// <summary>The threshold as files of weights keep it beside them.</summary>
    internal string? StoredThreshold => Threshold?.ToJson();

    /// <summary>The unit-length class centre of each person of the training set, in the order of the predicted keys; a copy.</summary>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public float[][] GetClassCenters() => Use(model => Enumerable.Range(0, model.Centers.Count).Select(model.Centers.Unit).ToArray());

    /// <inheritdoc/>
    bool ITransformer.IsRowToRowMapper => true;

    internal IHost Host { get; }

    internal EmbeddingColumns Columns { get; }

    internal AlignmentCheck Alignment { get; }

    /// <summary>The lease of the network, which others share or use it by.</summary>
    internal ModelLease<FaceEmbeddingModel> Lease => _lease;

    /// <summary>The network, for whoever knows that this transformer is not disposed of meanwhile.</summary>
    internal FaceEmbeddingModel Model => _lease.Model;

    /// <summary>How often the same photographs were embedded.</summary>
    internal RepeatedPasses Passes { get; }

    /// <summary>The input's schema with the added columns behind it.</summary>
    /// <param name="inputSchema">A schema with the image column.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of another kind.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        FacePixelReader.Column(Host, inputSchema, Columns.Image);
        return Columns.AddTo(inputSchema, _facts, _origin, () => Fingerprint);
    }

    /// <summary>A lazy view with the added columns.</summary>
    /// <param name="input">Data with the image column.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of another kind.</exception>
    public IDataView Transform(IDataView input)
    {
        Host.CheckValue(input, nameof(input));
        using ModelLease<FaceEmbeddingModel>.Use use = _lease.Begin();
        return new EmbeddedDataView(this, input);
    }

    /// <inheritdoc/>
    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        using ModelLease<FaceEmbeddingModel>.Use use = _lease.Begin();
        return new EmbeddingRowMapper(this, inputSchema);
    }

    /// <summary>Makes the same embedding with another threshold. Each has a lease of the network, which the last one frees.</summary>
    internal FaceEmbeddingTransformer With(VerificationThreshold? threshold) => new(Host, _lease.Share(), Columns, _addMirrorImage, _batchSize, threshold, Alignment.IsRequired, unalignedCount: 0);

    /// <summary>Makes the same embedding, which refuses photographs that are no aligned faces. Each has a lease of the network.</summary>
    internal FaceEmbeddingTransformer WithAlignedFacesOnly() => new(Host, _lease.Share(), Columns, _addMirrorImage, _batchSize, Threshold, requireAligned: true, unalignedCount: 0);

    /// <summary>Looks at each face that is to be embedded.</summary>
    internal void Look(MLImage image, Func<string> name) => Alignment.IsAligned(image, name);

    private void Warn(string message)
    {
        using IChannel channel = Host.Start(nameof(FaceEmbeddingTransformer));
        channel.Warning(message);
    }

    internal EmbeddingBatch CreateBatch(int? capacity = null) => new(_lease, _facts, _addMirrorImage, capacity ?? _batchSize);

    /// <summary>
    /// Ends this transformer's share in the network, after the forward passes that are under way. The native memory is freed
    /// unless a copy (<c>WithThreshold</c>, <c>RequireAlignedFaces</c>) still shares it. Views and prediction engines of this
    /// transformer cannot be read afterwards: they throw an <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose() => _lease.Dispose();

    /// <summary>Computes for views, which outlive their transformer where they are cached, as long as a copy of it has the network.</summary>
    private T UseWhileAnyLasts<T>(Func<FaceEmbeddingModel, T> compute)
    {
        using ModelLease<FaceEmbeddingModel> lease = _lease.Renew();
        return compute(lease.Model);
    }

    private T Use<T>(Func<FaceEmbeddingModel, T> compute)
    {
        using ModelLease<FaceEmbeddingModel>.Use use = _lease.Begin();
        return compute(use.Model);
    }
}
