using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Duplicates;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Parts data sets so that they share nothing, and checks data before long work.</summary>
public sealed partial class FaceRecognitionCatalog
{
    /// <summary>
    /// Parts photographs so that nobody is in both sets: what counts is how well the model tells people apart whom it has never
    /// seen. Which people are tested depends on their names and the seed alone, not on the order of the rows.
    /// </summary>
    /// <param name="data">The photographs. The labels are read once; the parts are filtered views, and no photograph is opened.</param>
    /// <param name="testFraction">The share of the people (not of the photographs) in the test set, over 0 and below 1; rounded, at least one person on each side.</param>
    /// <param name="seed">Decides who is tested; null: the MLContext's seed, or 0.</param>
    /// <param name="labelColumnName">The column that says who it is: text or a key. Rows without a value are in neither part.</param>
    /// <exception cref="ArgumentOutOfRangeException">The fraction is out of its range, or the column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">There are fewer than two people.</exception>
    public DataOperationsCatalog.TrainTestData TrainTestSplitByPerson(
        IDataView data, double testFraction = 0.2, int? seed = null, string labelColumnName = "Label") =>
        PersonSplit.Split(_environment, data, testFraction, labelColumnName, seed);

    /// <summary>
    /// Reads every photograph once and throws if some cannot be read. Training checks its own photographs before its first
    /// step; call this for those of the test, so that a damaged file is not found after hours of training.
    /// </summary>
    /// <param name="data">The photographs, such as <see cref="LoadFromFolder(string)"/> lists them.</param>
    /// <param name="imageColumnName">The column of photographs: paths (text), encoded images (Vector&lt;Byte&gt;), or images.</param>
    /// <returns>How many photographs there are.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">There is no photograph, or some cannot be read; the message names the first of them.</exception>
    public int CheckPhotographs(IDataView data, string imageColumnName = "ImagePath")
    {
        _environment.CheckValue(data, nameof(data));
        _environment.CheckNonWhiteSpace(imageColumnName, nameof(imageColumnName));
        return PhotographCheck.Run(_environment, data, imageColumnName);
    }

    /// <summary>
    /// Finds photographs of the test set that are in the training set, too: the same files, pictures that look the same
    /// (compressed, resized or lightened anew), near-identical embeddings. Every photograph is compared with every one, so the
    /// time grows with the product of the two counts; the memory grows with the test set only.
    /// </summary>
    /// <param name="train">The training set, read once.</param>
    /// <param name="test">The test set, read once.</param>
    /// <param name="options">What to compare; null: files, looks, and the column Embedding.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options are out of their ranges (the message lists all), or a column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">The test set has no rows, or embeddings differ in size.</exception>
    public DuplicateMetrics FindDuplicates(IDataView train, IDataView test, DuplicateOptions? options = null)
    {
        _environment.CheckValue(train, nameof(train));
        _environment.CheckValue(test, nameof(test));
        options ??= new DuplicateOptions();
        OptionsCheck.ThrowIfAny(options.Violations(), nameof(options));
        return DuplicateFinder.Find(_environment, Watched(train, "photographs of the training set"), Watched(test, "photographs of the test set"), options);

        IDataView Watched(IDataView data, string what) => _observer.Watch(data, (options.EmbeddingColumnName ?? "", $"{what} embedded"), (options.ImageColumnName ?? "", $"{what} read"));
    }
}
