using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Reporting;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Writes evaluations as pages.</summary>
public static class FaceReportExtensions
{
    /// <param name="faces">The catalog.</param>
    extension(FaceRecognitionCatalog faces)
    {
        /// <summary>
        /// Evaluates pairs and writes one HTML file that needs nothing else: rates with intervals, ROC and DET curve, histograms of
        /// both kinds of pairs with the threshold, training curves, a map of the embeddings, the worst pairs as photographs, people,
        /// groups, and what data, settings and versions it came from. It holds no script and asks the network for nothing.
        /// </summary>
        /// <param name="path">The file; an existing one is replaced once the new one is whole.</param>
        /// <param name="data">Embeddings with the pictures' relative paths, such as <c>model.Transform(test)</c>; they are computed once.</param>
        /// <param name="pairs">The pairs, by relative path.</param>
        /// <param name="options">What else to show; null: the defaults.</param>
        /// <returns>The metrics, as <see cref="FaceRecognitionCatalog.EvaluateVerification"/> gives them.</returns>
        /// <exception cref="ArgumentOutOfRangeException">Options are out of their ranges (the message lists all), or a column is absent or of another kind.</exception>
        /// <exception cref="ArgumentException">The options' model has no face embedding, or several.</exception>
        /// <exception cref="InvalidOperationException">
        /// Pictures of the pairs are missing or have no usable embedding, or a fold lacks one kind of pairs; the message names them.
        /// </exception>
        public VerificationMetrics WriteReport(string path, IDataView data, IEnumerable<FacePair> pairs, FaceReportOptions? options = null)
        {
            faces.Environment.CheckNonWhiteSpace(path, nameof(path));
            options ??= new FaceReportOptions();
            IDataView watched = faces.Observer.Watch(data, (options.EmbeddingColumnName, FaceRecognitionCatalog.Embedded), (options.ImageColumnName ?? "", "photographs read"));
            return ReportWriter.Write(faces.Environment, path, watched, pairs, options);
        }
    }
}
