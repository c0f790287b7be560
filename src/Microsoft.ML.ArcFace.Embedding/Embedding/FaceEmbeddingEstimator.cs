using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Export;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>Makes a <see cref="FaceEmbeddingTransformer"/> from a file of weights; learns nothing from the data.</summary>
public sealed class FaceEmbeddingEstimator : IEstimator<FaceEmbeddingTransformer>
{
    private readonly IHost _host;
    private readonly Options _options;

    internal FaceEmbeddingEstimator(IHostEnvironment environment, Options options)
    {
        _host = Contracts.CheckRef(environment, nameof(environment)).Register(nameof(FaceEmbeddingEstimator));
        _host.CheckValue(options, nameof(options));
        OptionsCheck.ThrowIfAny(options.Violations(), nameof(options));
        _options = options;

        // What the file says of itself is read now, so that a wrong one is told of before data are loaded.
        WeightsFile.Open(options.WeightsFile).Dispose();
    }

    private EmbeddingColumns Columns => new(_options.InputColumnName, _options.OutputColumnName, PredictedLabel: null, Score: null, Cosine: null);

    /// <summary>
    /// Loads the weights, after a check of the schema; with them the threshold that <c>ExportToSafetensors</c> wrote beside them,
    /// unless <see cref="Options.AddMirrorImage"/> makes another embedding of them.
    /// </summary>
    /// <param name="input">Data with the image column; no row is read.</param>
    /// <returns>The embedding; dispose of it to free its native memory.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of another kind.</exception>
    /// <exception cref="WeightsFormatException">The file is damaged, or its tensors do not fit the network; all of them are listed.</exception>
    public FaceEmbeddingTransformer Fit(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        FacePixelReader.Column(_host, input.Schema, _options.InputColumnName);
        var model = FaceEmbeddingModel.OfWeights(_options.WeightsFile, _options.Architecture, _options.InferencePrecision, EmbeddingDevice.Choose(_host));
        using var embedding = new FaceEmbeddingTransformer(_host, model, Columns, _options.AddMirrorImage, _options.InferenceBatchSize, threshold: null, _options.RequireAligned);
        return embedding.With(StoredThreshold(embedding));
    }

    /// <summary>The threshold beside the weights, if it was calibrated for just this embedding.</summary>
    private VerificationThreshold? StoredThreshold(FaceEmbeddingTransformer embedding)
    {
        using WeightsFile file = WeightsFile.Open(_options.WeightsFile);
        try
        {
            return file.Metadata.TryGetValue(ModelExport.ThresholdKey, out string? threshold) && file.Metadata.GetValueOrDefault(ModelExport.FingerprintKey) == embedding.Fingerprint
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

        /// <summary>A PyTorch state dictionary (.pth, .pt, of either form), a .safetensors file, or the .zip of a saved face model.</summary>
        public required string WeightsFile { get; init; }

        /// <summary>The network that the weights belong to.</summary>
        public required BackboneArchitecture Architecture { get; init; }

        /// <summary>Whether the embedding is that of the face plus that of its mirror image, normalised. Default false.</summary>
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
            check.That(!string.IsNullOrEmpty(WeightsFile), $"{nameof(WeightsFile)} is empty; name a .pth, .pt or .safetensors file, or the .zip of a face model.");
            check.Defined(Architecture);
            check.InRange(InferenceBatchSize, 1, 4096);
            check.Defined(InferencePrecision);
            return check.Violations;
        }
    }
}
