using System.Globalization;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// Watches the loss. It is compared with the loss of an untrained network at the same share of the margin: what is
/// far above it diverges, and what is still above it after half of the run has collapsed (unless the loss is one that need
/// not fall).
/// </summary>
internal sealed class TrainingHealth(bool fallsWithTraining, TrainingPlan plan) : IRunPart
{
    /// <summary>Shares of the margin at which the untrained loss is known: 0, ¼, ½, ¾ and 1.</summary>
    public static readonly double[] MarginFractions = [0, 0.25, 0.5, 0.75, 1];

    private const double RunningMeanRate = 0.05;
    private const int StepsBeforeJudging = 40;

    // Of an untrained network at these shares; empty before the first step.
    private double[] _untrained = [];

    // A running mean of the loss; not a number before the first.
    private double _running = double.NaN;

    /// <summary>Whether it knows the loss of an untrained network.</summary>
    public bool HasBegun => _untrained.Length > 0;

    /// <summary>Begins to watch.</summary>
    /// <param name="untrainedLosses">The loss of an untrained network at each of <see cref="MarginFractions"/>.</param>
    public void Begin(double[] untrainedLosses) => _untrained = untrainedLosses;

    public void Transfer(RunState state)
    {
        _untrained = state.Numbers("untrained_loss", _untrained, count: MarginFractions.Length);
        _running = state.Number("running_loss", _running);
    }

    /// <exception cref="TrainingDivergedException">The run cannot come to anything any more.</exception>
    public void Observe(int step, double loss)
    {
        if (!double.IsFinite(loss))
        {
            throw Diverged($"The loss became {loss.ToString(CultureInfo.InvariantCulture)} in step {step + 1}");
        }

        _running = double.IsNaN(_running) ? loss : _running + (RunningMeanRate * (loss - _running));
        if (step < StepsBeforeJudging)
        {
            return;
        }

        double untrained = UntrainedLossAt(plan.Schedule.MarginFraction(step));
        if (_running > (3 * untrained) + 10)
        {
            throw Diverged(Text($"The loss rose to {_running:0.0} by step {step + 1}, where a network that knows nothing has {untrained:0.0}"));
        }

        if (fallsWithTraining && step > plan.TotalSteps / 2 && _running > 1.05 * untrained)
        {
            throw Diverged(Text($"After half of the run (step {step + 1}) the loss is {_running:0.0}, no better than the {untrained:0.0} of a network that knows nothing"));
        }
    }

    private double UntrainedLossAt(double marginFraction)
    {
        double place = marginFraction * (MarginFractions.Length - 1);
        int lower = Math.Min((int)place, MarginFractions.Length - 2);
        return _untrained[lower] + ((place - lower) * (_untrained[lower + 1] - _untrained[lower]));
    }

    private TrainingDivergedException Diverged(string what) => new(Text(
        $"{what}. The likely cause is a learning rate that is too high for this set: the peak is {plan.Schedule.PeakLearningRate:0.####}, try {plan.Schedule.PeakLearningRate / 10:0.#####}. ")
        + Text($"Otherwise: a longer warm-up or margin ramp, a smaller scale (now {plan.Scale:0.#}), or labels that do not fit the photographs."));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
