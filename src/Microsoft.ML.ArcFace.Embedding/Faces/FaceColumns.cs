namespace Microsoft.ML.ArcFace.Faces;

/// <summary>The columns in which a row tells of all faces of its photograph, as DetectFaces adds them.</summary>
/// <param name="Boxes">Vector&lt;Single&gt;: x, y, width and height of each.</param>
/// <param name="Landmarks">Vector&lt;Single&gt;: ten numbers each; null: no such column.</param>
/// <param name="Scores">Vector&lt;Single&gt;: one number each; null: no such column.</param>
internal sealed record FaceColumns(string Boxes, string? Landmarks, string? Scores)
{
    /// <summary>Numbers of a face in the column of boxes.</summary>
    public const int BoxValues = 4;

    /// <summary>Each column's name, with the numbers that a face has in it.</summary>
    public IEnumerable<(string Name, int Values)> All
    {
        get
        {
            yield return (Boxes, BoxValues);
            if (Landmarks is not null)
            {
                yield return (Landmarks, Alignment.FaceTemplate.LandmarkValues);
            }

            if (Scores is not null)
            {
                yield return (Scores, 1);
            }
        }
    }
}
