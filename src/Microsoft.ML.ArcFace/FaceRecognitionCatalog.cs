using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>The entry point: <c>mlContext.FaceRecognition()</c>.</summary>
public static class FaceRecognitionExtensions
{
    /// <summary>Loaders, trainers and metrics for face recognition.</summary>
    /// <param name="catalog">The ML.NET context.</param>
    public static FaceRecognitionCatalog FaceRecognition(this MLContext catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new FaceRecognitionCatalog(catalog);
    }
}

/// <summary>Loaders, trainers and metrics for face recognition.</summary>
public sealed class FaceRecognitionCatalog
{
    private readonly IHostEnvironment _environment;

    internal FaceRecognitionCatalog(IHostEnvironment environment)
    {
        _environment = environment;
        Trainers = new FaceRecognitionTrainers(environment);
    }

    /// <summary>The trainers.</summary>
    public FaceRecognitionTrainers Trainers { get; }

    /// <summary>Lists photographs below a folder, one folder a person; they are read when needed.</summary>
    /// <param name="folder">A folder with one folder of jpg, png, bmp or webp files a person.</param>
    /// <returns>Rows of ImagePath, Label (the person's folder) and RelativePath (below <paramref name="folder"/>, with forward slashes), all text.</returns>
    public IDataView LoadFromFolder(string folder) => FaceFolder.Load(_environment, folder);

    /// <summary>Reads verification pairs in the format of LFW's pairs.txt.</summary>
    /// <param name="file">The file: folds and pairs per class, then each fold's pairs of the same person and of different people.</param>
    /// <param name="picturePattern">
    /// Composite format that makes a picture's path below the loaded folder from the person's name {0} and the picture's
    /// number {1}; LFW's own folders need <c>{0}/{0}_{1:0000}.jpg</c>.
    /// </param>
    /// <exception cref="PairsFileException">A line is malformed, missing or surplus.</exception>
    public IReadOnlyList<FacePair> LoadPairs(string file, string picturePattern = PairsFile.DefaultPicturePattern) =>
        PairsFile.Read(file, picturePattern);

    /// <summary>
    /// Pairs every picture with every other one. If that makes more than <paramref name="maximumPairs"/>, a random sample
    /// with as many pairs of the same person as of different people. Without the sample most pairs are of different
    /// people, so that rates (TAR at FAR, EER) say more than the accuracy.
    /// </summary>
    /// <param name="data">The pictures; they are not opened.</param>
    /// <param name="labelColumnName">The text column that says who it is.</param>
    /// <param name="imageColumnName">The text column that names the picture, as it will for <see cref="EvaluateVerification"/>.</param>
    /// <param name="maximumPairs">At least 2 · <paramref name="folds"/>.</param>
    /// <param name="folds">At least 2; each gets an equal share of both kinds of pairs. People occur in several folds.</param>
    /// <param name="seed">Decides the sample and the folds.</param>
    /// <returns>The pairs, fold by fold.</returns>
    /// <exception cref="ArgumentException">The pictures give fewer pairs of one kind than there are folds, or one occurs twice.</exception>
    public IReadOnlyList<FacePair> AllPairs(
        IDataView data,
        string labelColumnName = "Label",
        string imageColumnName = FaceFolder.RelativePathColumn,
        int maximumPairs = PairSampler.DefaultMaximumPairs,
        int folds = 10,
        int seed = 0) =>
        PairSampler.AllPairs(PictureLabels.Read(_environment, data, imageColumnName, labelColumnName), maximumPairs, folds, seed);

    /// <summary>
    /// The published verification protocol: squared distances of unit-length embeddings, the threshold chosen on the
    /// other folds (docs/evaluation.md).
    /// </summary>
    /// <param name="data">Embeddings and the pictures' relative paths.</param>
    /// <param name="pairs">The pairs, by relative path.</param>
    /// <param name="embeddingColumnName">A column of embeddings.</param>
    /// <param name="imageColumnName">The text column that the pairs name pictures by.</param>
    public VerificationMetrics EvaluateVerification(
        IDataView data, IEnumerable<FacePair> pairs, string embeddingColumnName = "Embedding", string imageColumnName = FaceFolder.RelativePathColumn) =>
        VerificationEvaluator.EvaluateVerification(_environment, data, pairs, embeddingColumnName, imageColumnName);

    /// <summary>
    /// Writes the embedding of a model as an ONNX file (opset 13) for other programs and for ML.NET's ApplyOnnxModel:
    /// faces [batch, 3, 112, 112] → embeddings [batch, d]. Batch norms are folded into the layers beside them.
    /// </summary>
    /// <param name="model">A model with one face embedding in it, such as a fitted pipeline.</param>
    /// <param name="path">The file; an existing one is replaced once the new one is whole.</param>
    /// <param name="options">What the file takes and gives; null: pixel values of 0 to 255, and the embeddings that the model gives.</param>
    /// <exception cref="ArgumentException">The model has no face embedding, or several.</exception>
    public void ExportToOnnx(ITransformer model, string path, OnnxExportOptions? options = null)
    {
        _environment.CheckValue(model, nameof(model));
        _environment.CheckNonWhiteSpace(path, nameof(path));
        ModelExport.ToOnnx(model, path, options ?? new OnnxExportOptions());
    }

    /// <summary>
    /// Writes the weights of a model's embedding as a safetensors file under the names that InsightFace publishes, with
    /// architecture, preprocessing and the people of the training set beside them.
    /// </summary>
    /// <param name="model">A model with one face embedding in it, such as a fitted pipeline.</param>
    /// <param name="path">The file; an existing one is replaced once the new one is whole.</param>
    /// <param name="includeClassCentres">Whether the class centres [people, d] are written too, as <c>class_centers</c>.</param>
    /// <exception cref="ArgumentException">The model has no face embedding, or several.</exception>
    public void ExportToSafetensors(ITransformer model, string path, bool includeClassCentres = false)
    {
        _environment.CheckValue(model, nameof(model));
        _environment.CheckNonWhiteSpace(path, nameof(path));
        ModelExport.ToSafetensors(model, path, includeClassCentres);
    }
}

/// <summary>The trainers of <see cref="FaceRecognitionCatalog"/>.</summary>
public sealed class FaceRecognitionTrainers
{
    private readonly IHostEnvironment _environment;

    internal FaceRecognitionTrainers(IHostEnvironment environment) => _environment = environment;

    /// <summary>Trains a face embedding with ArcFace's additive angular margin.</summary>
    /// <param name="imageColumnName">The column of photographs.</param>
    /// <param name="labelColumnName">The column that says who it is: text or a key.</param>
    /// <param name="embeddingColumnName">The output column.</param>
    /// <param name="backbone">The network.</param>
    /// <param name="epochs">Passes over the photographs; null: as many as the size of the set asks for.</param>
    public ArcFaceTrainer ArcFace(
        string imageColumnName = "Image",
        string labelColumnName = "Label",
        string embeddingColumnName = "Embedding",
        BackboneArchitecture backbone = BackboneArchitecture.MobileFaceNet,
        int? epochs = null) =>
        ArcFace(new ArcFaceTrainer.Options
        {
            ImageColumnName = imageColumnName,
            LabelColumnName = labelColumnName,
            EmbeddingColumnName = embeddingColumnName,
            Backbone = backbone,
            Epochs = epochs,
        });

    /// <summary>Trains a face embedding with everything that can be set.</summary>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
    public ArcFaceTrainer ArcFace(ArcFaceTrainer.Options options) => new(_environment, options);
}
