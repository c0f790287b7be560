using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>A threshold among others of one calibration.</summary>
/// <param name="FalseMatchRate">Of one comparison: counted, or estimated.</param>
/// <param name="Cosine">The threshold; what is greater is accepted.</param>
/// <param name="Lower">The lower end of its 95 % interval.</param>
/// <param name="Upper">The upper end of its 95 % interval.</param>
/// <param name="FalseNonMatchRate">Of the genuine pairs.</param>
internal readonly record struct ThresholdPoint(double FalseMatchRate, double Cosine, double Lower, double Upper, double FalseNonMatchRate);

/// <summary>
/// The thresholds of a calibration from the rate that was asked for downwards, by falling rate: those that the impostor pairs
/// can show, then estimated ones.
/// </summary>
internal sealed record ThresholdCurve(
    double TargetFalseMatchRate, int GenuinePairCount, int ImpostorPairCount, int PersonCount, ThresholdPoint[] Measured, ThresholdPoint[] Extrapolated,
    IReadOnlyList<string>? TrainedOnPeople = null)
{
    /// <summary>The threshold for a false match rate of one comparison, at most the one that was asked for.</summary>
    public ThresholdPoint At(double rate)
    {
        int measured = Array.FindIndex(Measured, point => point.FalseMatchRate <= rate * (1 + 1e-9));
        return measured >= 0 ? Measured[measured] : Beyond(rate);
    }

    /// <summary>The false match rate of one comparison at a cosine: between two thresholds its logarithm grows evenly; null below the lowest threshold, where it is not known.</summary>
    public double? RateAt(double cosine)
    {
        if (!(cosine >= Measured[0].Cosine))
        {
            return null;
        }

        ThresholdPoint before = Measured[0];
        foreach (ThresholdPoint point in Measured.Skip(1).Concat(Extrapolated))
        {
            if (cosine < point.Cosine)
            {
                double share = (cosine - before.Cosine) / (point.Cosine - before.Cosine);
                return Math.Exp(double.Lerp(Math.Log(before.FalseMatchRate), Math.Log(point.FalseMatchRate), share));
            }

            before = point;
        }

        return before.FalseMatchRate;
    }

    public bool IsExtrapolated(ThresholdPoint point) => point.FalseMatchRate < Measured[^1].FalseMatchRate;

    /// <summary>Cosines of an exponential tail grow linearly with the logarithm of the rate.</summary>
    private ThresholdPoint Beyond(double rate)
    {
        int next = Array.FindIndex(Extrapolated, point => point.FalseMatchRate <= rate);
        next = next < 0 ? Extrapolated.Length - 1 : next;
        ThresholdPoint after = Extrapolated[next], before = next == 0 ? Measured[^1] : Extrapolated[next - 1];
        double share = Math.Log(before.FalseMatchRate / rate) / Math.Log(before.FalseMatchRate / after.FalseMatchRate);
        return new ThresholdPoint(
            rate, Cosine(before.Cosine, after.Cosine), Cosine(before.Lower, after.Lower), Cosine(before.Upper, after.Upper),
            Math.Clamp(double.Lerp(before.FalseNonMatchRate, after.FalseNonMatchRate, share), 0, 1));

        double Cosine(double first, double second) => Math.Clamp(double.Lerp(first, second, share), -1, 1);
    }

    public string ToJson(int gallerySize) => JsonSerializer.Serialize(new StoredThreshold(this, gallerySize), ThresholdJson.Default.StoredThreshold);

    /// <exception cref="FormatException">It is not what <see cref="ToJson"/> writes.</exception>
    public static (ThresholdCurve Curve, int GallerySize) FromJson(string json)
    {
        StoredThreshold? stored;
        try
        {
            stored = JsonSerializer.Deserialize(json, ThresholdJson.Default.StoredThreshold);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new FormatException("It is no threshold.", error);
        }

        return stored is { Curve: { } curve, GallerySize: >= 1 } && curve.IsSound()
            ? (curve, stored.GallerySize)
            : throw new FormatException("It is no threshold: its numbers are out of their ranges.");
    }

    private bool IsSound() =>
        TargetFalseMatchRate is > 0 and < 1 && GenuinePairCount > 0 && ImpostorPairCount > 0 && PersonCount > 1
        && Measured is { Length: > 0 } && Extrapolated is { Length: > 0 } && Measured[0].FalseMatchRate <= TargetFalseMatchRate
        && Measured.Concat(Extrapolated).All(point => point.FalseMatchRate > 0 && IsCosine(point.Cosine) && IsCosine(point.Lower) && IsCosine(point.Upper) && point.FalseNonMatchRate is >= 0 and <= 1)
        && Measured.Concat(Extrapolated).Zip(Measured.Skip(1).Concat(Extrapolated)).All(pair => pair.First.FalseMatchRate > pair.Second.FalseMatchRate && pair.First.Cosine <= pair.Second.Cosine);

    private static bool IsCosine(double value) => Math.Abs(value) <= 1;
}

/// <summary>A threshold as files of models keep it.</summary>
internal sealed record StoredThreshold(ThresholdCurve Curve, int GallerySize);

/// <summary>Writes thresholds into the files of models.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(StoredThreshold))]
internal sealed partial class ThresholdJson : JsonSerializerContext;
