namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Angles between vectors of any length other than zero, in double precision.</summary>
internal static class UnitVectors
{
    /// <summary>Whether the vector can be scaled to unit length: all numbers finite, not all of them zero.</summary>
    public static bool HasDirection(float[] vector) => double.IsFinite(Dot(vector, vector)) && Dot(vector, vector) > 0;

    /// <summary>The cosine of the angle between two vectors that have a direction, −1 to 1.</summary>
    public static double Cosine(float[] first, float[] second)
    {
        // Rounding may carry the quotient an ulp past ±1, where a squared distance would be negative.
        double cosine = Dot(first, second) / Math.Sqrt(Dot(first, first) * Dot(second, second));
        return Math.Clamp(cosine, -1, 1);
    }

    private static double Dot(float[] first, float[] second)
    {
        double sum = 0;
        for (int i = 0; i < first.Length; i++)
        {
            sum += (double)first[i] * second[i];
        }

        return sum;
    }
}
