namespace Microsoft.ML.ArcFace.Training;

/// <summary>Where a run stands between two steps, beside its tensors.</summary>
/// <param name="Epoch">The epoch under way, from 1; one more than there are when the run is over.</param>
/// <param name="Batch">Batches of it that are done.</param>
/// <param name="Step">Steps that are done.</param>
/// <param name="UntrainedLoss">See <see cref="TrainingHealth.UntrainedLoss"/>; null before the first step.</param>
/// <param name="RunningLoss">See <see cref="TrainingHealth.RunningLoss"/>.</param>
/// <param name="BestScore">See <see cref="BestWeights.Score"/>.</param>
/// <param name="BestEpoch">See <see cref="BestWeights.Epoch"/>.</param>
/// <param name="ReportedLoss">What is to be reported next.</param>
internal sealed record RunPosition(
    int Epoch, int Batch, int Step, double[]? UntrainedLoss, double RunningLoss, double BestScore, int BestEpoch, LossSum ReportedLoss)
{
    public static RunPosition Start { get; } = new(1, 0, 0, null, double.NaN, double.NegativeInfinity, 0, new LossSum());
}

/// <summary>The losses since the last report.</summary>
/// <param name="Sum">Of them.</param>
/// <param name="Count">How many they are.</param>
/// <param name="Last">The mean that was reported last.</param>
internal readonly record struct LossSum(double Sum, int Count, double Last)
{
    public LossSum()
        : this(0, 0, double.NaN)
    {
    }

    /// <summary>Of the losses; where there are none, what was reported last.</summary>
    public double Mean => Count == 0 ? Last : Sum / Count;

    public LossSum Plus(double loss) => this with { Sum = Sum + loss, Count = Count + 1 };

    public LossSum Reported() => new(0, 0, Mean);
}
