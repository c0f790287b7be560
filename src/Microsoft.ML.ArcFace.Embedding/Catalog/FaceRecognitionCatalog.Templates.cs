using Microsoft.ML.ArcFace.Progress;
using System.Text;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Templates, sets of pictures of a person, and the search of people.</summary>
public sealed partial class FaceRecognitionCatalog
{
    /// <summary>
    /// Lists the pictures of IJB-B and IJB-C as InsightFace's evaluation has them; they are read when needed.
    /// </summary>
    /// <param name="path">…_face_tid_mid.txt: lines of picture, template id and media id, separated by spaces.</param>
    /// <param name="imageFolder">Where the pictures lie (loose_crop); null: the folder of the list.</param>
    /// <param name="landmarksPath">…_name_5pts_score.txt: picture, x and y of five landmarks, detector score, line for line as in the list; null: none.</param>
    /// <param name="subjectsPath">A .csv of the 1:N protocol (…_1N_gallery_G1.csv, …_1N_probe_mixed.csv): only its templates are listed, with their subjects; null: all.</param>
    /// <param name="encoding">What the files are written in unless they begin with a mark; null: UTF-8.</param>
    /// <returns>
    /// Rows of ImagePath, RelativePath, TemplateId and MediaId (text); with landmarks also Landmarks (Vector&lt;Single, 10&gt;,
    /// as <c>AlignFaces</c> takes them) and Quality (Single: the detector's score); with subjects also Label (text).
    /// </returns>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="FaceDataFormatException">A line is not what it should be; the message gives its number.</exception>
    public IDataView LoadFromTemplateList(string path, string? imageFolder = null, string? landmarksPath = null, string? subjectsPath = null, Encoding? encoding = null)
    {
        _environment.CheckNonWhiteSpace(path, nameof(path));
        return TemplateList.Load(path, imageFolder, landmarksPath, subjectsPath, encoding);
    }

    /// <summary>
    /// Reads pairs of templates, IJB's …_template_pair_label.txt: lines of two template ids and 1 (same person) or 0. Give
    /// them to <see cref="EvaluateVerification"/> with the column of template ids in place of the pictures' paths.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="folds">Folds for the accuracy, 2 to 10,000; each gets an equal share of both kinds of pairs in the order of the file.</param>
    /// <param name="encoding">What the file is written in unless it begins with a mark; null: UTF-8.</param>
    /// <returns>The pairs; each is made when it is asked for.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FaceDataFormatException">A line is not what it should be, or there are too few pairs.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="folds"/> is outside of its range.</exception>
    public IReadOnlyList<FacePair> LoadTemplatePairs(string path, int folds = 10, Encoding? encoding = null)
    {
        _environment.CheckNonWhiteSpace(path, nameof(path));
        return FaceEvaluation.LoadTemplatePairs(path, folds, encoding);
    }

    /// <summary>
    /// One embedding for each set of pictures: a template of IJB, a video, or all photographs of a person. As in InsightFace's
    /// IJB evaluation each medium (video) gives the mean of its pictures, times their quality, and a template is the sum over
    /// its media in unit length (docs/evaluation.md).
    /// </summary>
    /// <param name="data">Embeddings of pictures; read once, at once. Those of unreadable pictures (zero, not a number) are left out with a warning.</param>
    /// <param name="templateColumnName">The column that says which template a picture belongs to: text or a key.</param>
    /// <param name="mediaColumnName">The column of the medium, text or a key; null: each picture stands for itself.</param>
    /// <param name="qualityColumnName">A column of weights of 0 or more (Single), such as a detector's scores; null: all weigh the same.</param>
    /// <param name="labelColumnName">The column that says who it is, text or a key, one person a template; null: the result has none.</param>
    /// <param name="embeddingColumnName">A column of embeddings.</param>
    /// <param name="weightByNorm">
    /// Whether pictures weigh as much as their embeddings are long (InsightFace's test mode N1), which matters for embeddings
    /// that were not normalised; false: each is brought to unit length (N0).
    /// </param>
    /// <returns>
    /// A row for each template, in the order of their first pictures: id, embedding (unit length; zero where no picture could be
    /// read) and, if asked for, label, under the names of their columns (ids and labels as text), PictureCount and MediaCount (Int32).
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, a row has no template, medium or label, a weight is improper, or a template shows several people.</exception>
    public IDataView AggregateTemplates(
        IDataView data,
        string templateColumnName = TemplateList.TemplateColumn,
        string? mediaColumnName = null,
        string? qualityColumnName = null,
        string? labelColumnName = null,
        string embeddingColumnName = "Embedding",
        bool weightByNorm = false)
    {
        _environment.CheckNonWhiteSpace(templateColumnName, nameof(templateColumnName));
        _environment.CheckNonWhiteSpace(embeddingColumnName, nameof(embeddingColumnName));
        var columns = new TemplateColumns(templateColumnName, mediaColumnName, qualityColumnName, labelColumnName, embeddingColumnName);
        return columns.Aggregate(_environment, _observer.Watch(data, (embeddingColumnName, Embedded)), weightByNorm);
    }

    /// <summary>
    /// Searches each probe in a gallery: CMC of the closed set, TPIR at FPIR of the open set (docs/evaluation.md). Rows may
    /// be templates or single pictures; a person's score is the best over their rows of the gallery.
    /// </summary>
    /// <param name="probes">Embeddings to search with. Whose label is not in the gallery is a non-mated probe.</param>
    /// <param name="gallery">Embeddings of the people who are known.</param>
    /// <param name="labelColumnName">The column of both that says who it is: text or a key.</param>
    /// <param name="embeddingColumnName">The column of embeddings of both.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">Rows without label or usable embedding, embeddings of two sizes, or no probe shows anyone of the gallery.</exception>
    public IdentificationMetrics EvaluateIdentification(
        IDataView probes, IDataView gallery, string labelColumnName = "Label", string embeddingColumnName = "Embedding") =>
        ViewEvaluation.Identification(
            _environment, _observer.Watch(probes, (embeddingColumnName, "probes embedded")), _observer.Watch(gallery, (embeddingColumnName, "photographs of the gallery embedded")), labelColumnName, embeddingColumnName);
}
