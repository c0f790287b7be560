using System.Text.Json;
using Microsoft.ML.ArcFace.Alignment;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Alignment;

[TestClass]
[RequiresGolden(FileName)]
public class AlignmentGoldenTests
{
    private const string FileName = "evaluation.json";

    /// <summary>The landmarks stand in the file with four decimals, which moves a matrix of theirs by up to 1e-6.</summary>
    private const double Tolerance = 5e-6;

    [TestMethod]
    public void Fit_EveryFace_EqualsItsMatrix()
    {
        using JsonDocument golden = GoldenFiles.ReadJson(FileName);
        JsonElement[] cases = [.. golden.RootElement.GetProperty("alignment").EnumerateArray()];
        Assert.IsNotEmpty(cases);
        foreach (JsonElement face in cases)
        {
            double[] landmarks = Numbers(face.GetProperty("landmarks")), expected = Numbers(face.GetProperty("matrix112"));
            SimilarityTransform transform = SimilarityTransform.Fit(landmarks, FaceTemplate.Points)!.Value;
            double[] actual = [transform.A, -transform.B, transform.ShiftX, transform.B, transform.A, transform.ShiftY];
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.AreEqual(expected[i], actual[i], Tolerance * Math.Max(1, Math.Abs(expected[i])), $"element {i} for {face.GetProperty("landmarks")}");
            }
        }
    }

    private static double[] Numbers(JsonElement rows) => [.. rows.EnumerateArray().SelectMany(row => row.EnumerateArray()).Select(number => number.GetDouble())];
}
