using System.Globalization;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// Watches the loss. It is compared with the loss of an untrained network at the same share of the margin: what is
/// far above it diverges, and what is still above it after half of the run has collapsed (unless the loss is one that need
/// not fall).
/// </summary>
internal sealed class TrainingHealth(double[] untrainedLoss, bool fallsWithTraining, TrainingRecipe recipe, double runningLoss = double.NaN)
{
    /// <summary>Shares of the margin at which the untrained loss is known: 0, ¼, ½, ¾ and 1.</summary>
    public static readonly double[] MarginFractions = [0, 0.25, 0.5, 0.75, 1];

    private const double RunningMeanRate = 0.05;
    private const int StepsBeforeJudging = 40;

    /// <summary>The loss of an untrained network at these shares.</summary>
    public double[] UntrainedLoss => untrainedLoss;

    /// <summary>A running mean of the loss; not a number before the first.</summary>
    public double RunningLoss { get; private set; } = runningLoss;

    /// <exception cref="TrainingDivergedException">The run cannot come to anything any more.</exception>
    public void Observe(int step, double loss)
    {
        if (!double.IsFinite(loss))
        {
            throw Diverged($"The loss became {loss.ToString(CultureInfo.InvariantCulture)} in step {step + 1}");
        }

        RunningLoss = double.IsNaN(RunningLoss) ? loss : RunningLoss + (RunningMeanRate * (loss - RunningLoss));
        if (step < StepsBeforeJudging)
        {
            return;
        }

        double untrained = UntrainedLossAt(recipe.Schedule.MarginFraction(step));
        if (RunningLoss > (3 * untrained) + 10)
        {
            throw Diverged(Text($"The loss rose to {RunningLoss:0.0} by step {step + 1}, where a network that knows nothing has {untrained:0.0}"));
        }

        if (fallsWithTraining && step > recipe.TotalSteps / 2 && RunningLoss > 1.05 * untrained)
        {
            throw Diverged(Text($"After half of the run (step {step + 1}) the loss is {RunningLoss:0.0}, no better than the {untrained:0.0} of a network that knows nothing"));
        }
    }

    private double UntrainedLossAt(double marginFraction)
    {
        double place = marginFraction * (MarginFractions.Length - 1);
        int lower = Math.Min((int)place, MarginFractions.Length - 2);
        return untrainedLoss[lower] + ((place - lower) * (untrainedLoss[lower + 1] - untrainedLoss[lower]));
    }

    private TrainingDivergedException Diverged(string what) => new(Text(
        $"{what}. The likely cause is a learning rate that is too high for this set: the peak is {recipe.Schedule.PeakLearningRate:0.####}, try {recipe.Schedule.PeakLearningRate / 10:0.#####}. ")
        + Text($"Otherwise: a longer warm-up or margin ramp, a smaller scale (now {recipe.Scale:0.#}), or labels that do not fit the photographs."));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
