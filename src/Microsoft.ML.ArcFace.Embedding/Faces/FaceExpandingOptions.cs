using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Faces;

/// <summary>Decides how photographs become faces.</summary>
/// <param name="Columns">The columns of all faces.</param>
/// <param name="FaceColumnName">The column to add.</param>
/// <param name="KeepPhotographsWithoutFaces">Whether a photograph without faces has a row.</param>
internal sealed record FaceExpandingOptions(FaceColumns Columns, string FaceColumnName, bool KeepPhotographsWithoutFaces)
{
    /// <summary>Every violated range, as a sentence with value, allowed range and remedy.</summary>
    public IReadOnlyList<string> Violations()
    {
        var check = new OptionsCheck();
        check.Name(Columns.Boxes, "boxesColumnName");
        check.OptionalName(Columns.Landmarks, "landmarksColumnName");
        check.OptionalName(Columns.Scores, "scoresColumnName");
        check.Name(FaceColumnName, "faceColumnName");
        check.Distinct(Columns.Boxes, Columns.Landmarks, Columns.Scores, FaceColumnName);
        return check.Violations;
    }
}
