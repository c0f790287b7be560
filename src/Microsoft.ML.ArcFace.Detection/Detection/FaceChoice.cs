namespace Microsoft.ML.ArcFace.Detection;

/// <summary>Which of the faces that a network proposes are kept, and in which order.</summary>
internal static class FaceChoice
{
    /// <summary>Proposals that are compared with each other, the surest ones; as many as OpenCV takes.</summary>
    public const int MostProposals = 5000;

    /// <summary>
    /// Greedy non-maximum suppression: from the surest proposal down, one is kept unless its box covers one that was
    /// kept by more than the threshold (intersection over union).
    /// </summary>
    public static List<DetectedFace> Suppress(IEnumerable<DetectedFace> proposals, double threshold)
    {
        var kept = new List<DetectedFace>();
        foreach (DetectedFace proposal in proposals.OrderByDescending(face => face.Score).Take(MostProposals))
        {
            if (kept.TrueForAll(face => face.IntersectionOverUnion(proposal) <= threshold))
            {
                kept.Add(proposal);
            }
        }

        return kept;
    }

    /// <summary>The main face first.</summary>
    public static IEnumerable<DetectedFace> Order(IEnumerable<DetectedFace> faces, MainFace mainFace, int width, int height) =>
        faces.OrderByDescending(face => mainFace switch
        {
            MainFace.HighestScore => face.Score,
            MainFace.Largest => face.Area,
            _ => face.Area - (2 * SquaredDistanceFromCentre(face, width, height)),
        });

    private static double SquaredDistanceFromCentre(DetectedFace face, int width, int height)
    {
        double x = face.X + ((face.Width - width) / 2), y = face.Y + ((face.Height - height) / 2);
        return (x * x) + (y * y);
    }
}
