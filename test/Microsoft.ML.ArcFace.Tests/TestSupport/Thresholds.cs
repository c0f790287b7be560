using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Thresholds for tests of what uses them.</summary>
internal static class Thresholds
{
    /// <summary>A threshold at this cosine: ten of a hundred impostor pairs lie over it.</summary>
    public static VerificationThreshold Of(double cosine)
    {
        ImpostorPair[] impostors = [.. Enumerable.Range(0, 100).Select(i => new ImpostorPair(cosine + ((10 - i) * 0.001), i % 20, (i + 1) % 20))];
        return ThresholdCalibrator.Calibrate(new CalibrationPairs(impostors, [0.5, 0.9], personCount: 20), targetFalseMatchRate: 0.1, seed: 0);
    }
}
