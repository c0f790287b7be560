using System.Diagnostics;
using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Trains a backbone and its class centres: epochs of batches of steps, read from top to bottom.</summary>
internal sealed class TrainingLoop : IDisposable
{
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromMinutes(5);

    private readonly TrainingRun _run;
    private readonly TrainingPlan _plan;
    private readonly RunIdentity? _identity;
    private readonly Learner _learner;
    private readonly BestWeights _best;
    private readonly TrainingHealth _health;
    private readonly RunPosition _position = new();
    private readonly ReportedLoss _reportedLoss = new(), _reportedDistance = new();
    private readonly TrainingReporter _reporter;
    private readonly LossReadout _losses;
    private readonly Stopwatch _sinceCheckpoint = Stopwatch.StartNew();
    private RunPosition? _saved;

    private TrainingLoop(TrainingRun run, TrainingPlan plan, RunIdentity? identity, Learner learner)
    {
        (_run, _plan, _identity, _learner) = (run, plan, identity, learner);
        _best = new BestWeights(("backbone", learner.ResultBackbone), ("head", learner.ResultHead));
        _health = new TrainingHealth(learner.LossFallsWithTraining, plan);
        if (run.Checkpoints?.OpenNewest() is { } checkpoint)
        {
            Load(checkpoint);
        }
        else
        {
            run.BeginWithTeacher(learner);
        }

        _reporter = new TrainingReporter(run, plan, _position.Step, _reportedLoss, _reportedDistance);
        _losses = new LossReadout(LossReadout.IntervalOn(run.Device), _position.Step, Observe);
    }

    /// <summary>
    /// Trains on the faces and gives the model, going on from the newest checkpoint if there is one. Torch's generator is as
    /// before afterwards.
    /// </summary>
    public static TrainedNetwork Run(TrainingRun run)
    {
        TrainingPlan plan = TrainingPlan.Choose(run.Recipe, run.Faces.Count, run.Faces.Labels.Count);
        run.Channel.Info($"Training {run.Initial.Name} for {Counted.Of(plan.Epochs, "epoch")} of {Counted.Of(plan.StepsPerEpoch, "step")} of {Counted.Of(plan.BatchSize, "photograph")}; " +
            FormattableString.Invariant($"peak learning rate {plan.Schedule.PeakLearningRate:0.####}, scale {plan.Scale:0.#}, in {Learner.ComputeType(run.Recipe.Precision, run.Device)} on {run.Device}."));
        RunIdentity? identity = run.Checkpoints is null ? null : RunIdentity.Of(run.Recipe).With(run, plan);
        run.Checkpoints?.CheckIdentity(identity!);
        using IDisposable memory = NativeMemory.KeepFreedMemory();
        using var randomState = new RandomStateGuard(run.Seed);
        using var gradient = enable_grad();
        using var scope = NewDisposeScope();
        using var learner = run.CreateLearner(plan);
        try
        {
            using var loop = new TrainingLoop(run, plan, identity, learner);
            return loop.Run();
        }
        catch
        {
            learner.ResultBackbone.Dispose();
            throw;
        }
    }

    private TrainedNetwork Run()
    {
        try
        {
            TrainEpochs();
        }
        catch (OperationCanceledException cause)
        {
            // Between two steps, so that nothing of them is lost.
            SaveCheckpoint();
            throw new TrainingCanceledException(Math.Min(_position.Epoch, _plan.Epochs), _position.Step, _plan.TotalSteps, _run.Checkpoints?.LastPath, cause);
        }

        SaveCheckpoint();
        _best.Restore();
        Tensor centers = _learner.ResultHead.ClassCenters(TrainingEmbeddings.Of(_learner.ResultBackbone, FacesOfCenters(), _run.Device, _run.Setup.CancellationToken));
        return new TrainedNetwork(_learner.ResultBackbone, centers)
        {
            Architecture = _run.Initial.Architecture,
            File = _run.Initial.Foreign?.File,
            Graph = _run.Initial.Foreign?.Graph,
            PersonNames = _run.Faces.Labels.Names,
            Scale = _plan.Scale,
            Precision = _run.Setup.InferencePrecision,
            Training = new FaceTrainingSummary(
                _run.Recipe.Loss.GetType().Name, _run.Recipe.Loss.SingleMargin, _plan.Scale, _run.Faces.Labels.Count, _run.Faces.Count,
                Math.Max(1, (_position.Step + _plan.StepsPerEpoch - 1) / _plan.StepsPerEpoch), _position.Step, _run.Recipe.InitialWeights is not null, FaceTrainingSummary.CurrentVersion)
            {
                Teacher = _run.Teaching?.Teacher.Summary,
            },
        };
    }

    private IEnumerable<(byte[] Pixels, int Label)> FacesOfCenters() => _run.Observer.Watch(_run.Faces.InOrder(), "photographs embedded for the class centers", _run.Faces.Count);

    private void TrainEpochs()
    {
        using WorkMeter meter = _run.Observer.Begin(FaceProgress.TrainingSteps, _plan.TotalSteps, _position.Step, isLogged: false);
        while (_position.Epoch <= Math.Min(_plan.Epochs, _run.Setup.StopAfterEpoch ?? int.MaxValue))
        {
            _learner.BeginToTrain();
            foreach (FaceBatch batch in BatchProducer.Epoch(_run.Faces, _plan, _run.Seed, _position.Epoch, _position.Batch, _run.Setup.CancellationToken, _run.Teaching))
            {
                _run.Setup.CancellationToken.ThrowIfCancellationRequested();
                Step(batch);
                meter.Advance();
                _reporter.ReportNowAndThen(_position.Epoch, _position.Step);
                SaveCheckpointNowAndThen();
            }

            _losses.Read();
            double? areaUnderRocCurve = Validate();
            _reporter.ReportEpoch(_position.Epoch, _position.Step, areaUnderRocCurve);
            int epochsWithout = areaUnderRocCurve is { } area ? _best.Offer(area, _position.Epoch) : 0;
            bool isEnough = epochsWithout > 0 && epochsWithout >= _run.Setup.EarlyStoppingPatienceEpochs;
            if (isEnough)
            {
                _run.Channel.Info($"Stopped after epoch {_position.Epoch}: {Counted.Of(epochsWithout, "epoch")} without a better validation.");
            }

            (_position.Epoch, _position.Batch) = (isEnough ? _plan.Epochs + 1 : _position.Epoch + 1, 0);
        }
    }

    private void Step(FaceBatch batch)
    {
        using var scope = NewDisposeScope();
        EmbeddedViews views = _learner.Embed(batch);
        if (!_health.HasBegun)
        {
            _health.Begin(_learner.UntrainedLosses(views, _plan.TotalSteps));
        }

        _losses.Add(_learner.Learn(views, _plan.Schedule.LearningRate(_position.Step), _plan.Schedule.MarginFraction(_position.Step), _position.Step));
        _position.Step++;
        _position.Batch++;
    }

    private void Observe(int step, float[] losses)
    {
        _health.Observe(step, losses[0]);
        _reporter.Observe(step, losses[0], losses is [_, float distance] ? distance : null);
    }

    private double? Validate() =>
        _run.Validation?.AreaUnderRocCurve(_learner.ResultBackbone, _run.Device, _run.Observer, _run.Setup.CancellationToken);

    private void SaveCheckpointNowAndThen()
    {
        if (_run.Setup.CheckpointEverySteps is { } steps ? _position.Step % steps == 0 : _sinceCheckpoint.Elapsed >= CheckpointInterval)
        {
            SaveCheckpoint();
        }
    }

    private void SaveCheckpoint()
    {
        if (_run.Checkpoints is { } checkpoints && _position != _saved)
        {
            _losses.Read();
            using var scope = NewDisposeScope();
            var state = new SavedState();
            Transfer(state);
            checkpoints.Save(_identity!, _position.Step, state);
            _saved = _position with { };
            _sinceCheckpoint.Restart();
        }
    }

    private void Load(Checkpoint checkpoint)
    {
        using var state = new LoadedState(checkpoint);
        Transfer(state);
        state.Complete();
        _saved = _position with { };
        _run.Channel.Info($"Going on after step {_position.Step} of {_plan.TotalSteps}, from '{checkpoint.Path}'.");
    }

    /// <summary>All that a run remembers from step to step.</summary>
    private void Transfer(RunState state)
    {
        state.Part("position", _position);
        state.Part("health", _health);
        state.Part("reported_loss", _reportedLoss);
        if (_run.Teaching is not null)
        {
            state.Part("reported_teacher_loss", _reportedDistance);
        }

        state.Part("best", _best);
        state.Part("generator", new TorchGenerator());
        _learner.Transfer(state);
        _run.Faces.Transfer(state);
    }

    public void Dispose()
    {
        _losses.Dispose();
        _reporter.Dispose();
    }
}
