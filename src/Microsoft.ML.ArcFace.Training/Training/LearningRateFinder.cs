using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Trains a network for a few steps at growing learning rates, and throws it away.</summary>
internal static class LearningRateFinder
{
    // A loss so many times the lowest one, both averaged, will not come back.
    private const double FarAbove = 3;
    private const double RunningMeanRate = 0.2;

    public static LearningRateCurve Run(TrainingRun run, LearningRateSearch search)
    {
        TrainingPlan plan = TrainingPlan.Choose(run.Recipe, run.Faces.Count, run.Faces.Labels.Count);

        // The margin that is in force when the rate of a run is at its peak.
        double marginFraction = plan.Schedule.MarginFraction(plan.Schedule.WarmUpSteps);
        run.Channel.Info(FormattableString.Invariant($"Searching for the learning rate in {Counted.Of(search.Steps, "step")} of {Counted.Of(plan.BatchSize, "photograph")} from {search.Lowest:G3} to {search.Highest:G3}, at {marginFraction:P0} of the margin."));
        using var randomState = new RandomStateGuard(run.Seed);
        using var gradient = enable_grad();
        using var scope = NewDisposeScope();
        using var learner = run.CreateLearner(plan);
        using var backbone = learner.ResultBackbone;
        run.BeginWithTeacher(learner);
        learner.BeginToTrain();
        var steps = new List<(double LearningRate, double Loss)>();
        double running = double.NaN, lowest = double.PositiveInfinity;
        foreach (FaceBatch batch in Batches(run, plan))
        {
            double learningRate = search.LearningRate(steps.Count);
            double loss = Step(learner, batch, learningRate, marginFraction, steps.Count);
            running = double.IsNaN(running) ? loss : running + (RunningMeanRate * (loss - running));
            if (!double.IsFinite(running))
            {
                break;
            }

            steps.Add((learningRate, loss));
            lowest = Math.Min(lowest, running);
            if (steps.Count == search.Steps || running > FarAbove * lowest)
            {
                break;
            }
        }

        var curve = new LearningRateCurve(steps);
        run.Channel.Info(curve.Suggestion is { } suggestion ? FormattableString.Invariant($"The loss falls fastest at a learning rate of {suggestion:G3}.") : "The loss did not fall.");
        return curve;
    }

    private static double Step(Learner learner, FaceBatch batch, double learningRate, double marginFraction, int step)
    {
        using var scope = NewDisposeScope();
        return learner.Learn(learner.Embed(batch), learningRate, marginFraction, step).data<float>()[0];
    }

    /// <summary>The batches of one epoch after the other, without an end.</summary>
    private static IEnumerable<FaceBatch> Batches(TrainingRun run, TrainingPlan plan)
    {
        for (int epoch = 1; ; epoch++)
        {
            foreach (FaceBatch batch in BatchProducer.Epoch(run.Faces, plan, run.Seed, epoch, skip: 0, run.Setup.CancellationToken, run.Teaching))
            {
                run.Setup.CancellationToken.ThrowIfCancellationRequested();
                yield return batch;
            }
        }
    }
}
