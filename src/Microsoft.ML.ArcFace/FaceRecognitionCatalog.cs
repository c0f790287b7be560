using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Data;
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
    public IReadOnlyList<FacePair> LoadPairs(string file) => Microsoft.ML.ArcFace.Evaluation.PairsFile.Read(file);

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
        Microsoft.ML.ArcFace.Evaluation.VerificationEvaluator.EvaluateVerification(_environment, data, pairs, embeddingColumnName, imageColumnName);
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
