using System.Diagnostics;
using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Trains a backbone and its class centres: epochs of batches of steps, read from top to bottom.</summary>
internal sealed class TrainingLoop : IDisposable
{
    private const string RandomStateName = "random_state";
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromMinutes(5);

    private readonly TrainingRun _run;
    private readonly TrainingRecipe _recipe;
    private readonly RunSettings? _settings;
    private readonly Learner _learner;
    private readonly BestWeights _best;
    private readonly TrainingReporter _reporter;
    private readonly LossReadout _losses;
    private readonly Stopwatch _sinceCheckpoint = Stopwatch.StartNew();

    // Where the run stands: the epoch under way, the batches of it and the steps in all that are done.
    private (int Epoch, int Batch, int Step) _place;
    private (int Epoch, int Batch, int Step) _savedPlace;
    private TrainingHealth? _health;

    private TrainingLoop(TrainingRun run, TrainingRecipe recipe, RunSettings? settings, Learner learner)
    {
        (_run, _recipe, _settings, _learner) = (run, recipe, settings, learner);
        _best = new BestWeights(("best.backbone", learner.ResultBackbone), ("best.head", learner.ResultHead));
        RunPosition position = RunPosition.Start;
        if (run.Checkpoints?.Newest is { } checkpoint)
        {
            position = checkpoint.Position;
            _best.Resume(position.BestScore, position.BestEpoch);
            Resume(checkpoint);
            _savedPlace = (position.Epoch, position.Batch, position.Step);
        }

        _place = (position.Epoch, position.Batch, position.Step);
        _health = position.UntrainedLoss is { } untrained ? CreateHealth(untrained, position.RunningLoss) : null;
        _reporter = new TrainingReporter(run, recipe, position.Step, position.ReportedLoss);
        _losses = new LossReadout(LossReadout.IntervalOn(run.Device), position.Step, Observe);
    }

    /// <summary>
    /// Trains on the faces and gives the model, going on from the newest checkpoint if there is one. Torch's generator is as
    /// before afterwards.
    /// </summary>
    public static TrainedNetwork Run(TrainingRun run)
    {
        TrainingRecipe recipe = TrainingRecipe.Choose(run.Options, run.Faces.Count, run.Faces.Labels.Count);
        run.Channel.Info($"Training {run.Options.Backbone.ToShortName()} for {recipe.Epochs} epochs of {recipe.StepsPerEpoch} steps of {recipe.BatchSize} photographs; " +
            FormattableString.Invariant($"peak learning rate {recipe.Schedule.PeakLearningRate:0.####}, scale {recipe.Scale:0.#}, in {Learner.ComputeType(run.Options.Precision, run.Device)} on {run.Device}."));
        RunSettings? settings = run.Checkpoints is null ? null : RunSettings.Of(run.Options, run.Seed).With(run, recipe);
        run.Checkpoints?.CheckSettings(settings!);
        using IDisposable memory = NativeMemory.KeepFreedMemory();
        using var randomState = new RandomStateGuard(run.Seed);
        using var gradient = enable_grad();
        using var scope = NewDisposeScope();
        using var learner = new Learner(run.Options, recipe, run.Faces.Labels.Count, run.Device);
        try
        {
            using var loop = new TrainingLoop(run, recipe, settings, learner);
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
            throw new TrainingCanceledException(Math.Min(_place.Epoch, _recipe.Epochs), _place.Step, _recipe.TotalSteps, _run.Checkpoints?.Newest?.Path, cause);
        }

        SaveCheckpoint();
        _best.Restore();
        Tensor centers = _learner.ResultHead.ClassCenters(TrainingEmbeddings.Of(_learner.ResultBackbone, FacesOfCenters(), _run.Device, _run.Options.CancellationToken));
        return new TrainedNetwork(_learner.ResultBackbone, centers)
        {
            PersonNames = _run.Faces.Labels.Names,
            Scale = _recipe.Scale,
            Precision = _run.Options.InferencePrecision,
            Training = new FaceTrainingSummary(
                _run.Options.Loss.GetType().Name, LossMargin.Of(_run.Options.Loss), _recipe.Scale, _run.Faces.Labels.Count, _run.Faces.Count,
                Math.Max(1, (_place.Step + _recipe.StepsPerEpoch - 1) / _recipe.StepsPerEpoch), _place.Step, _run.Options.InitialWeights is not null, FaceTrainingSummary.CurrentVersion),
        };
    }

    private IEnumerable<(byte[] Pixels, int Label)> FacesOfCenters() => _run.Observer.Watch(_run.Faces.InOrder(), "photographs embedded for the class centers", _run.Faces.Count);

    private void TrainEpochs()
    {
        using WorkMeter meter = _run.Observer.Begin(FaceProgress.TrainingSteps, _recipe.TotalSteps, _place.Step, isLogged: false);
        while (_place.Epoch <= Math.Min(_recipe.Epochs, _run.Options.StopAfterEpoch ?? int.MaxValue))
        {
            _learner.BeginToTrain();
            foreach (FaceBatch batch in BatchProducer.Epoch(_run.Faces, _recipe, _run.Options.SampledPhotographsPerPerson, _run.Seed, _place.Epoch, _place.Batch, _run.Options.CancellationToken))
            {
                _run.Options.CancellationToken.ThrowIfCancellationRequested();
                Step(batch);
                meter.Advance();
                _reporter.ReportNowAndThen(_place.Epoch, _place.Step);
                SaveCheckpointNowAndThen();
            }

            _losses.Read();
            double? areaUnderRocCurve = Validate();
            _reporter.ReportEpoch(_place.Epoch, _place.Step, areaUnderRocCurve);
            int epochsWithout = areaUnderRocCurve is { } area ? _best.Offer(area, _place.Epoch) : 0;
            bool isEnough = epochsWithout > 0 && epochsWithout >= _run.Options.EarlyStoppingPatienceEpochs;
            if (isEnough)
            {
                _run.Channel.Info($"Stopped after epoch {_place.Epoch}: {epochsWithout} epochs without a better validation.");
            }

            (_place.Epoch, _place.Batch) = (isEnough ? _recipe.Epochs + 1 : _place.Epoch + 1, 0);
        }
    }

    private void Step(FaceBatch batch)
    {
        using var scope = NewDisposeScope();
        (Tensor embeddings, Tensor labels) = _learner.Embed(batch);                           // [B, d], [B]
        _health ??= CreateHealth(_learner.UntrainedLosses(embeddings, labels, _recipe.TotalSteps));
        _losses.Add(_learner.Learn(embeddings, labels, _recipe.Schedule.LearningRate(_place.Step), _recipe.Schedule.MarginFraction(_place.Step), _place.Step));
        _place.Step++;
        _place.Batch++;
    }

    private void Observe(int step, double loss)
    {
        _health!.Observe(step, loss);
        _reporter.Observe(step, loss);
    }

    private double? Validate() =>
        _run.Validation?.AreaUnderRocCurve(_learner.ResultBackbone, _run.Device, _run.Observer, _run.Options.CancellationToken);

    private void SaveCheckpointNowAndThen()
    {
        if (_run.Options.CheckpointEverySteps is { } steps ? _place.Step % steps == 0 : _sinceCheckpoint.Elapsed >= CheckpointInterval)
        {
            SaveCheckpoint();
        }
    }

    private void SaveCheckpoint()
    {
        if (_run.Checkpoints is { } checkpoints && _place != _savedPlace)
        {
            _losses.Read();
            using var scope = NewDisposeScope();
            var position = new RunPosition(_place.Epoch, _place.Batch, _place.Step, _health?.UntrainedLoss, _health?.RunningLoss ?? double.NaN, _best.Score, _best.Epoch, _reporter.Loss);
            Tensor leftOut = tensor(_run.Faces.LeftOut.Order().Select(place => (long)place).ToArray());
            checkpoints.Save(_settings!, position, [.. Tensors(), (RandomStateName, get_rng_state()), (Checkpoint.LeftOutName, leftOut)]);
            _savedPlace = _place;
            _sinceCheckpoint.Restart();
        }
    }

    private void Resume(Checkpoint checkpoint)
    {
        using var scope = NewDisposeScope();
        (Tensor random, Tensor leftOut) = (get_rng_state(), zeros(_run.Faces.LeftOut.Count, dtype: ScalarType.Int64));
        checkpoint.CopyInto([.. Tensors(), (RandomStateName, random), (Checkpoint.LeftOutName, leftOut)]);
        set_rng_state(random);
        _run.Channel.Info($"Going on after step {checkpoint.Position.Step} of {_recipe.TotalSteps}, from '{checkpoint.Path}'.");
    }

    private IEnumerable<(string Name, Tensor Tensor)> Tensors() => [.. _learner.State, .. _best.State];

    private TrainingHealth CreateHealth(double[] untrained, double runningLoss = double.NaN) =>
        new(untrained, _learner.LossFallsWithTraining, _recipe, runningLoss);

    public void Dispose()
    {
        _losses.Dispose();
        _reporter.Dispose();
    }
}
