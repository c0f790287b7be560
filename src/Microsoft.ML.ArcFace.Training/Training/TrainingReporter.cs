using System.Diagnostics;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Tells how a run goes: to ML.NET's log, to whoever listens to progress, and to TensorBoard.</summary>
internal sealed class TrainingReporter : IDisposable
{
    private static readonly TimeSpan FirstReport = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(5);

    private readonly IChannel _channel;
    private readonly Action<TrainingProgress>? _progress;
    private readonly TrainingPlan _plan;
    private readonly EventFile? _events;
    private readonly int _firstStep;
    private readonly ReportedLoss _loss, _teacherLoss;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly MarginRemark _remark;
    private TimeSpan _lastReport;

    /// <summary>A reporter of a run that begins, or goes on.</summary>
    public TrainingReporter(TrainingRun run, TrainingPlan plan, int firstStep, ReportedLoss loss, ReportedLoss teacherLoss)
    {
        _channel = run.Channel;
        _progress = run.Setup.Progress;
        _plan = plan;
        _firstStep = firstStep;
        (_loss, _teacherLoss) = (loss, teacherLoss);
        _remark = new MarginRemark(plan.Schedule.MarginRampSteps);
        _events = run.Setup.TensorBoardDirectory is { } folder ? EventFile.Create(folder, firstStep) : null;
    }

    /// <summary>Takes note of a step.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="loss">Its loss.</param>
    /// <param name="teacherLoss">The mean of 1 − cos to a teacher; null where there is none.</param>
    public void Observe(int step, double loss, double? teacherLoss)
    {
        _loss.Add(loss);
        if (teacherLoss is { } distance)
        {
            _teacherLoss.Add(distance);
            _events?.Scalars(step, ("train/teacher_loss", distance));
        }

        _events?.Scalars(step, ("train/loss", loss), ("train/learning_rate", _plan.Schedule.LearningRate(step)), ("train/margin_fraction", _plan.Schedule.MarginFraction(step)));
    }

    /// <summary>Reports within an epoch, if the last report is old enough.</summary>
    public void ReportNowAndThen(int epoch, int step)
    {
        bool epochEndsHere = step % _plan.StepsPerEpoch == 0;
        if (!epochEndsHere && _clock.Elapsed - _lastReport >= (_lastReport == TimeSpan.Zero ? FirstReport : ReportInterval))
        {
            Report(epoch, step, isEpochEnd: false, areaUnderRocCurve: null);
        }
    }

    /// <summary>Reports the end of an epoch.</summary>
    public void ReportEpoch(int epoch, int step, double? areaUnderRocCurve) => Report(epoch, step, isEpochEnd: true, areaUnderRocCurve);

    public void Dispose() => _events?.Dispose();

    private void Report(int epoch, int step, bool isEpochEnd, double? areaUnderRocCurve)
    {
        _lastReport = _clock.Elapsed;
        double loss = _loss.Report(), teacherLoss = _teacherLoss.Report();

        // A run that goes on is timed by itself: the machine, and what else it has to do, may be another.
        // One that went on behind the last step of an epoch has done none yet.
        double stepsPerSecond = (step - _firstStep) / Math.Max(1e-9, _clock.Elapsed.TotalSeconds);
        double marginFraction = _plan.Schedule.MarginFraction(Math.Max(0, step - 1));
        var progress = new TrainingProgress(
            epoch, _plan.Epochs, step, _plan.TotalSteps, loss,
            _plan.Schedule.LearningRate(Math.Max(0, step - 1)), _plan.BatchSize * stepsPerSecond,
            stepsPerSecond > 0 ? TimeSpan.FromSeconds(Math.Max(0, _plan.TotalSteps - step) / stepsPerSecond) : TimeSpan.Zero, isEpochEnd, areaUnderRocCurve,
            marginFraction, _remark.Next(loss, marginFraction), double.IsNaN(teacherLoss) ? null : teacherLoss);
        _channel.Info(progress.ToString());
        if (progress.Remark is { } remark)
        {
            _channel.Info(remark);
        }

        WriteEvents(progress);
        _progress?.Invoke(progress);
    }

    private void WriteEvents(TrainingProgress progress)
    {
        // A step's number is that of its learning rate: the last one that is done is step − 1.
        int step = Math.Max(0, progress.Step - 1);
        _events?.Scalars(step, ("train/images_per_second", progress.ImagesPerSecond));
        if (progress.ValidationAreaUnderRocCurve is { } area)
        {
            _events?.Scalars(step, ("validation/area_under_roc_curve", area));
        }

        _events?.Flush();
    }
}
