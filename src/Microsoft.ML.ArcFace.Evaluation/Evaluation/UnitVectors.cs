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

    /// <summary>The angle between two unit vectors, 0 to 180 degrees; accurate at both ends, where arccos is not.</summary>
    public static double Degrees(float[] first, float[] second)
    {
        double difference = 0, sum = 0;
        for (int i = 0; i < first.Length; i++)
        {
            double minus = (double)first[i] - second[i], plus = (double)first[i] + second[i];
            difference += minus * minus;
            sum += plus * plus;
        }

        return 2 * Math.Atan2(Math.Sqrt(difference), Math.Sqrt(sum)) * (180 / Math.PI);
    }

    /// <summary>The length of a vector that has a direction.</summary>
    public static double Length(float[] vector) => Math.Sqrt(Dot(vector, vector));

    /// <summary>The vector in unit length; zeros stay zeros.</summary>
    public static float[] Normalized(float[] vector)
    {
        double length = Length(vector);
        return length == 0 ? vector : Array.ConvertAll(vector, value => (float)(value / length));
    }

    /// <summary>The vector in unit length and single precision; zeros stay zeros.</summary>
    public static float[] Normalized(double[] vector)
    {
        double length = Math.Sqrt(vector.Sum(value => value * value));
        return Array.ConvertAll(vector, value => (float)(length == 0 ? 0 : value / length));
    }

    /// <summary>The direction of the mean of unit vectors.</summary>
    public static float[] Mean(float[][] vectors)
    {
        double[] sums = new double[vectors[0].Length];
        foreach (float[] vector in vectors)
        {
            for (int i = 0; i < sums.Length; i++)
            {
                sums[i] += vector[i];
            }
        }

        return Normalized(sums);
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
