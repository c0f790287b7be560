using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Thresholds for tests of what uses them.</summary>
internal static class Thresholds
{
    /// <summary>A threshold at this cosine: ten of the impostor pairs lie over it, of a hundred for a rate of 0.1.</summary>
    public static VerificationThreshold Of(double cosine, double rate = 0.1)
    {
        int count = (int)Math.Round(10 / rate);
        ImpostorPair[] impostors = [.. Enumerable.Range(0, count).Select(i => new ImpostorPair(cosine + ((10 - i) * 0.1 / count), i % 20, (i + 1) % 20))];
        return ThresholdCalibrator.Calibrate(new CalibrationPairs(impostors, [0.5, 0.9], personCount: 20), rate, seed: 0);
    }
}
