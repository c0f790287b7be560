using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Export;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>Makes a <see cref="FaceEmbeddingTransformer"/> from an ONNX file or a file of weights; learns nothing from the data.</summary>
public sealed class FaceEmbeddingEstimator : IEstimator<FaceEmbeddingTransformer>
{
    private readonly IHost _host;
    private readonly Options _options;
    private readonly RecognizerFile _file;

    internal FaceEmbeddingEstimator(IHostEnvironment environment, Options options, RecognizerFile? file = null)
    {
        _host = Contracts.CheckRef(environment, nameof(environment)).Register(nameof(FaceEmbeddingEstimator));
        _host.CheckValue(options, nameof(options));
        OptionsCheck.ThrowIfAny(options.Violations(), nameof(options));
        _options = options;

        // What the file says of itself is read now, so that a wrong one is told of before data are loaded.
        _file = file ?? RecognizerFile.Open(options.WeightsFile, options.Architecture);
        if (options.Preprocessing is { } found && found.Sha256 != _file.Sha256)
        {
            throw new ArgumentException($"{nameof(options.Preprocessing)} was found for another file than '{options.WeightsFile}'. Call FindPreprocessing with this file.", nameof(options));
        }
    }

    private EmbeddingColumns Columns => new(_options.InputColumnName, _options.OutputColumnName, PredictedLabel: null, Score: null, Cosine: null, _options.QualityColumnName);

    /// <summary>
    /// Loads the weights, after a check of the schema; with them the threshold that <c>ExportToSafetensors</c> wrote beside them,
    /// unless <see cref="Options.AddMirrorImage"/> makes another embedding of them.
    /// </summary>
    /// <param name="input">Data with the image column; no row is read.</param>
    /// <returns>The embedding; dispose of it to free its native memory.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of another kind.</exception>
    /// <exception cref="WeightsFormatException">The file is damaged, or its tensors do not fit the network, all of them listed; or it makes nothing of two pictures, the same embedding of both, or embeddings too long for float32.</exception>
    public FaceEmbeddingTransformer Fit(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        FacePixelReader.Column(_host, input.Schema, _options.InputColumnName);
        FacePixelsDecision pixels = _file.Decide(_options.Pixels, _options.Preprocessing);
        LogFile(pixels);
        var model = FaceEmbeddingModel.OfFile(_file, pixels, _options.InferencePrecision, EmbeddingDevice.Choose(_host));
        CheckComputed(model);
        bool addsMirrorImage = _options.AddMirrorImage || _file.AddsMirrorImage;
        using var embedding = new FaceEmbeddingTransformer(_host, model, Columns, addsMirrorImage, _options.InferenceBatchSize, threshold: null, _options.RequireAligned);
        return embedding.With(StoredThreshold(embedding));
    }

    /// <summary>Tells what there is to say of the file, and warns of pixels that nothing confirms or that contradict what is known of the file.</summary>
    private void LogFile(FacePixelsDecision decision)
    {
        using IChannel channel = _host.Start(nameof(FaceEmbeddingEstimator));
        foreach (string note in _file.Notes)
        {
            channel.Info(note);
        }

        if (_file.Doubt(decision) is { } doubt)
        {
            channel.Warning(doubt);
        }
    }

    /// <summary>Makes what computes the network now, so that a node that is not computed, or weights that make nothing of faces, are told of before a photograph is embedded.</summary>
    private void CheckComputed(FaceEmbeddingModel model)
    {
        try
        {
            _file.CheckTrial(EmbedTrial(model));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private float[] EmbedTrial(FaceEmbeddingModel model)
    {
        try
        {
            return model.Computed.Embed(TrialPass.Pictures(), TrialPass.Count);
        }
        catch (Exception error) when (error is WeightsFormatException or NotSupportedException)
        {
            throw _file.NotComputed(error);
        }
    }

    /// <summary>The threshold beside the weights, if it was calibrated for just this embedding.</summary>
    private VerificationThreshold? StoredThreshold(FaceEmbeddingTransformer embedding)
    {
        try
        {
            return _file.Metadata.TryGetValue(ModelExport.ThresholdKey, out string? threshold) && _file.Metadata.GetValueOrDefault(ModelExport.FingerprintKey) == embedding.Fingerprint
                ? VerificationThreshold.FromJson(threshold)
                : null;
        }
        catch (FormatException error)
        {
            throw new WeightsFormatException($"'{_options.WeightsFile}': its {ModelExport.ThresholdKey} was altered. Export the model again.", error);
        }
    }

    /// <summary>The input's schema with the embedding column.</summary>
    /// <param name="inputSchema">A schema with the image column.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another kind.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        FacePixelReader.Check(_host, inputSchema, _options.InputColumnName);
        return Columns.AddTo(inputSchema);
    }

    /// <summary>What can be set about a ready-made embedding.</summary>
    public sealed record Options
    {
        /// <summary>The column of faces, aligned to the ArcFace template: an image, or Vector&lt;Single, 37632&gt;.</summary>
        public string InputColumnName { get; init; } = "Image";

        /// <summary>The output column: the unit-length embedding.</summary>
        public string OutputColumnName { get; init; } = "Embedding";

        /// <summary>
        /// The output column: the embedding's length before it becomes 1, which tells of quality where training made it so, as AdaFace's and
        /// MagFace's do; of a graph that gives embeddings of unit length, what it divides by. Null, the default: none.
        /// </summary>
        public string? QualityColumnName { get; init; }

        /// <summary>An ONNX file, a PyTorch state dictionary (.pth, .pt, of either form) or .safetensors file of a published network or by the names of AdaFace, or the .zip of a saved face model of a published network.</summary>
        public required string WeightsFile { get; init; }

        /// <summary>The published network that weights belong to. Null, the default: told from the names of their tensors. An ONNX file has its network in itself.</summary>
        public BackboneArchitecture? Architecture { get; init; }

        /// <summary>
        /// The pixels that the network reads. Null, the default: what <see cref="Preprocessing"/> found; else what is known of the file
        /// (<see cref="KnownFaceFiles"/>), what its metadata say, or how its graph begins; else <see cref="FacePixels.Standard"/>, with a warning.
        /// </summary>
        public FacePixels? Pixels { get; init; }

        /// <summary>What <c>faces.FindPreprocessing</c> found for this file; null: nothing.</summary>
        public FacePreprocessingSearch? Preprocessing { get; init; }

        /// <summary>Whether the embedding is that of the face plus that of its mirror image, normalised. Default false; a graph that adds it itself always does.</summary>
        public bool AddMirrorImage { get; init; }

        /// <summary>Rows embedded in one forward pass, 1 to 4096. Default 32.</summary>
        public int InferenceBatchSize { get; init; } = 32;

        /// <summary>The arithmetic of embedding. Default <see cref="ArcFace.InferencePrecision.Float32"/>.</summary>
        public InferencePrecision InferencePrecision { get; init; }

        /// <summary>Tells whether photographs that are no aligned faces of 112×112 pixels are refused. Default false: they are cropped and resized, with a warning.</summary>
        public bool RequireAligned { get; init; }

        /// <summary>Every violated range, as a sentence with value, allowed range and remedy.</summary>
        internal IReadOnlyList<string> Violations()
        {
            var check = new OptionsCheck();
            check.Name(InputColumnName);
            check.Name(OutputColumnName);
            check.OptionalName(QualityColumnName);
            check.Distinct(OutputColumnName, QualityColumnName);
            check.That(!string.IsNullOrEmpty(WeightsFile), $"{nameof(WeightsFile)} is empty; name an .onnx, .pth, .pt or .safetensors file, or the .zip of a face model.");
            check.Defined(Architecture);
            check.InRange(InferenceBatchSize, 1, 4096);
            check.Defined(InferencePrecision);
            return check.Violations;
        }
    }
}
