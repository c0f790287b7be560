using System.Collections.ObjectModel;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>A step of a search for the learning rate.</summary>
/// <param name="LearningRate">Of the step.</param>
/// <param name="Loss">Of its batch, before the step.</param>
/// <param name="SmoothedLoss">The mean over this step and its neighbours, about a twentieth of all steps on either side.</param>
public readonly record struct LearningRatePoint(double LearningRate, double Loss, double SmoothedLoss)
{
    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(LearningRatePoint), PrintMembers);
}

/// <summary>The loss of a short run over the learning rate, which grows from step to step by the same factor (Smith, arXiv 1506.01186).</summary>
public sealed class LearningRateCurve
{
    /// <summary>Steps on either side that a step is averaged with, as a share of all.</summary>
    private const double SmoothingFraction = 0.05;

    internal LearningRateCurve(IReadOnlyList<(double LearningRate, double Loss)> steps)
    {
        int reach = Math.Max(1, (int)(SmoothingFraction * steps.Count));
        Points = new ReadOnlyCollection<LearningRatePoint>(
        [
            .. steps.Select((step, i) =>
            {
                // The same number on either side: the mean of a straight line is the line.
                int each = Math.Min(reach, Math.Min(i, steps.Count - 1 - i));
                return new LearningRatePoint(step.LearningRate, step.Loss, steps.Skip(i - each).Take((2 * each) + 1).Average(neighbour => neighbour.Loss));
            }),
        ]);
        Suggestion = Steepest(reach);
    }

    /// <summary>The steps in their order, of growing learning rates; the last one is where the loss had risen far, or the search ended.</summary>
    public IReadOnlyList<LearningRatePoint> Points { get; }

    /// <summary>
    /// A learning rate to train at: where the smoothed loss falls most from one decade of rates to the next, on the way to
    /// its lowest. Null if it never fell.
    /// </summary>
    public double? Suggestion { get; }

    private double? Steepest(int reach)
    {
        if (Points.Count == 0)
        {
            return null;
        }

        int lowest = Enumerable.Range(0, Points.Count).MinBy(i => Points[i].SmoothedLoss);
        (double Slope, double LearningRate)? steepest = null;
        for (int i = reach; i <= lowest - reach; i++)
        {
            double slope = Slope([.. Points.Skip(i - reach).Take((2 * reach) + 1)]);
            if (slope < 0 && !(steepest?.Slope <= slope))
            {
                steepest = (slope, Points[i].LearningRate);
            }
        }

        return steepest?.LearningRate;
    }

    /// <summary>The slope of the line that fits best, of the smoothed loss over the logarithm of the rate.</summary>
    private static double Slope(LearningRatePoint[] points)
    {
        double middle = points.Average(point => Math.Log(point.LearningRate)), mean = points.Average(point => point.SmoothedLoss);
        return points.Sum(point => (Math.Log(point.LearningRate) - middle) * (point.SmoothedLoss - mean))
            / points.Sum(point => Math.Pow(Math.Log(point.LearningRate) - middle, 2));
    }
}
