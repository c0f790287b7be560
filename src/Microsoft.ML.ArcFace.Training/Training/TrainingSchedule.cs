namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// Learning rate and margin as pure functions of the step: a linear warm-up, then a decay to (nearly) zero;
/// the margin grows linearly over its ramp, so that the classes are roughly in place before they are pushed apart.
/// </summary>
internal sealed record TrainingSchedule(
    double PeakLearningRate, LearningRateDecay Decay, int WarmUpSteps, int MarginRampSteps, int TotalSteps)
{
    /// <summary>Of the whole run: the rate falls to a tenth after each (the paper: 20k and 28k of 32k steps).</summary>
    private static readonly double[] StepDecayAt = [0.625, 0.875];

    /// <summary>The learning rate of a step, 0 ≤ step &lt; TotalSteps.</summary>
    public double LearningRate(int step)
    {
        // 1. Warm-up: from peak/WarmUpSteps to the peak.
        if (step < WarmUpSteps)
        {
            return PeakLearningRate * (step + 1) / WarmUpSteps;
        }

        // 2. Decay over what is left; progress runs from 0 to just under 1.
        double progress = (double)(step - WarmUpSteps) / Math.Max(1, TotalSteps - WarmUpSteps);
        return PeakLearningRate * Decay switch
        {
            LearningRateDecay.Constant => 1,
            LearningRateDecay.Cosine => 0.5 * (1 + Math.Cos(Math.PI * progress)),
            LearningRateDecay.Polynomial => (1 - progress) * (1 - progress),
            LearningRateDecay.Step => Math.Pow(0.1, StepDecayAt.Count(at => step >= at * TotalSteps)),
            _ => throw new InvalidOperationException($"LearningRateDecay {Decay} has no schedule."),
        };
    }

    /// <summary>The share of the margin that a step uses, in [0, 1].</summary>
    public double MarginFraction(int step) => MarginRampSteps == 0 ? 1 : Math.Min(1, (double)step / MarginRampSteps);
}
