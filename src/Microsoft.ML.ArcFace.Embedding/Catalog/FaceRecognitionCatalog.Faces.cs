using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Faces;

namespace Microsoft.ML;

public sealed partial class FaceRecognitionCatalog
{
    /// <summary>
    /// Makes a row of each face of photographs in which DetectFaces found them, so that any transform can follow; the estimator of the
    /// same name (<c>ml.Transforms.ExpandFaces</c>) does so within a pipeline, and is saved with it.
    /// </summary>
    /// <param name="data">Photographs with the columns that DetectFaces adds.</param>
    /// <param name="boxesColumnName">The column of boxes, Vector&lt;Single&gt;; afterwards Vector&lt;Single, 4&gt;.</param>
    /// <param name="landmarksColumnName">The column of landmarks, Vector&lt;Single&gt;; afterwards Vector&lt;Single, 10&gt;; null: there is none.</param>
    /// <param name="scoresColumnName">The column of scores, Vector&lt;Single&gt;; afterwards Single; null: there is none.</param>
    /// <param name="faceColumnName">The column to add, Int32: which face of its photograph a row is, from 0, the main one; −1: it has none.</param>
    /// <param name="keepPhotographsWithoutFaces">Whether a photograph without faces has one row, of NaN in the columns of faces. Default false: it has none, which a warning counts.</param>
    /// <returns>A view that finds faces when it is read.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another kind, or two have one name.</exception>
    public IDataView ExpandFaces(
        IDataView data,
        string boxesColumnName = "Boxes",
        string? landmarksColumnName = "Landmarks",
        string? scoresColumnName = "Scores",
        string faceColumnName = "Face",
        bool keepPhotographsWithoutFaces = false)
    {
        ArgumentNullException.ThrowIfNull(data);
        var options = new FaceExpandingOptions(new FaceColumns(boxesColumnName, landmarksColumnName, scoresColumnName), faceColumnName, keepPhotographsWithoutFaces);
        return new FaceExpandingEstimator(_environment, options).Fit(data).Transform(data);
    }
}
