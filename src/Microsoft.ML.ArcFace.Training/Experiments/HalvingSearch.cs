using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Experiments;

/// <summary>
/// Runs trials rung by rung: all of the first, then the best of each for longer. Holds two models at most, that of the best
/// run and that of the last one.
/// </summary>
internal sealed class HalvingSearch : IDisposable
{
    private readonly FaceExperimentSettings _settings;
    private readonly IReadOnlyList<FaceTrial> _trials;
    private readonly ITrialTrainer _trainer;
    private readonly Func<ArcFaceTrainer.Options, string> _data;
    private readonly IChannel _channel;
    private readonly TimeProvider _clock;
    private readonly TrialStore? _store;
    private readonly CancellationTokenSource _deadline;
    private readonly CancellationTokenSource _stop;

    private readonly List<FaceTrialResult> _results = [];
    private readonly List<FaceTrialFailure> _failures = [];
    private Exception? _lastException;
    private FaceTrialResult? _best;
    private ITransformer? _bestModel;

    /// <param name="settings">How to search.</param>
    /// <param name="trials">The points of the search space in their order; rung and epochs are set here.</param>
    /// <param name="trainer">Trains a trial.</param>
    /// <param name="data">What tells the photographs and pairs of a trial from others.</param>
    /// <param name="channel">Is told what is done.</param>
    /// <param name="clock">Measures the time that the experiment may take.</param>
    public HalvingSearch(FaceExperimentSettings settings, IReadOnlyList<FaceTrial> trials, ITrialTrainer trainer, Func<ArcFaceTrainer.Options, string> data, IChannel channel, TimeProvider clock)
    {
        (_settings, _trials, _trainer, _data, _channel, _clock) = (settings, trials, trainer, data, channel, clock);
        _store = settings.CacheDirectory is { } directory ? TrialStore.Open(directory) : null;
        _deadline = new CancellationTokenSource(settings.MaxTime ?? Timeout.InfiniteTimeSpan, clock);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token, settings.CancellationToken);
    }

    /// <summary>Runs all rungs, or as many trials as there is time for.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before a run was completed.</exception>
    /// <exception cref="TimeoutException">The time was up before a run was completed.</exception>
    /// <exception cref="InvalidOperationException">All trials of the first rung failed, or the cache directory is of another experiment.</exception>
    public FaceExperimentResult Run()
    {
        bool isFinished = true;
        try
        {
            RunRungs();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            isFinished = false;
            _channel.Info($"Experiment stopped after {Counted.Of(_results.Count, "run")}: {(_settings.CancellationToken.IsCancellationRequested ? "canceled" : "the time is up")}.");
        }

        FaceTrialResult best = _best ?? throw NothingFound();
        var run = new FaceRun(best, BestModel(best));
        _bestModel = null;
        return new FaceExperimentResult(run, _results, _failures, isFinished);
    }

    private void RunRungs()
    {
        FaceTrial[] survivors = [.. _trials];
        foreach ((int index, HalvingRung rung) in _settings.Rungs(_trials.Count).Index())
        {
            RemoveCheckpoints(survivors.Skip(rung.Trials));
            FaceTrialResult[] results = [.. survivors.Take(rung.Trials).Select(survivor => Run(InRung(survivor, index, rung.Epochs))).OfType<FaceTrialResult>()];

            // The best first: if the time does not suffice, the most promising were trained longest.
            survivors = [.. results.OrderByDescending(result => result.Score).ThenBy(result => result.Trial.Number).Select(result => result.Trial)];
        }

        RemoveCheckpoints(survivors);
    }

    private void RemoveCheckpoints(IEnumerable<FaceTrial> trials)
    {
        foreach (FaceTrial trial in trials)
        {
            _store?.RemoveCheckpoints(trial, _data(trial.Options));
        }
    }

    /// <summary>A trial that goes on has the schedule of the last rung from the start, and stops where its rung ends.</summary>
    private FaceTrial InRung(FaceTrial trial, int rung, int epochs) => trial with
    {
        Rung = rung,
        Epochs = epochs,
        Options = _settings.ContinueTrials ? trial.Options with { Epochs = _settings.MaxEpochs, StopAfterEpoch = epochs } : trial.Options with { Epochs = epochs },
    };

    /// <summary>The result of a run, from the cache or by training; null if it failed.</summary>
    private FaceTrialResult? Run(FaceTrial trial)
    {
        _stop.Token.ThrowIfCancellationRequested();
        string key = TrialKey.Of(trial.Options, _data(trial.Options), trial.Epochs);
        if (_store?.Find(trial, key) is { } stored)
        {
            return stored.Metrics is { } metrics
                ? Complete(new FaceTrialResult(trial, metrics, Score(metrics), TimeSpan.FromSeconds(stored.Seconds), IsFromCache: true), key, model: null)
                : Fail(trial, stored.Failure!, exception: null);
        }

        _channel.Info($"Running {trial}.");
        _settings.Monitor?.ReportRunningTrial(trial);
        long start = _clock.GetTimestamp();
        TrainedTrial trained;
        try
        {
            trained = _trainer.Train(trial, _store?.CheckpointDirectory(trial, _data(trial.Options)), _stop.Token);
        }
        catch (Exception error) when (IsOfTheTrial(error))
        {
            _store?.Save(trial, new TrialStore.StoredRun(trial.ToString(), key, Metrics: null, _clock.GetElapsedTime(start).TotalSeconds, error.Message));
            return Fail(trial, error.Message, error);
        }

        return Complete(new FaceTrialResult(trial, trained.Metrics, Score(trained.Metrics), _clock.GetElapsedTime(start), IsFromCache: false), key, trained.Model);
    }

    /// <summary>Keeps the result, and the model if it is the best one; otherwise the model's memory is freed.</summary>
    private FaceTrialResult Complete(FaceTrialResult result, string key, ITransformer? model)
    {
        bool isBest = _best is null || (result.Score, result.Trial.Epochs).CompareTo((_best.Score, _best.Trial.Epochs)) > 0;
        try
        {
            if (_store is not null && model is not null)
            {
                if (isBest)
                {
                    _store.SaveModel(result.Trial, stream => _trainer.Save(model, stream));
                }

                _store.Save(result.Trial, new TrialStore.StoredRun(result.Trial.ToString(), key, result.Metrics, result.Duration.TotalSeconds, Failure: null));
            }
        }
        catch
        {
            Free(model);
            throw;
        }

        _results.Add(result);
        if (!_settings.ContinueTrials)
        {
            RemoveCheckpoints([result.Trial]);
        }

        if (!isBest)
        {
            Free(model);
        }
        else
        {
            Free(_bestModel);
            FaceTrial? beaten = _best?.Trial;
            (_best, _bestModel) = (result, model);
            if (beaten is not null)
            {
                _store?.RemoveModel(beaten);
            }
        }

        _channel.Info(FormattableString.Invariant($"Trial {result.Trial.Number} after {Counted.Of(result.Trial.Epochs, "epoch")}: {_settings.OptimizingMetric} {result.Score:0.0000}{(isBest ? ", the best so far" : "")}."));
        _settings.Monitor?.ReportCompletedTrial(result);
        if (isBest)
        {
            _settings.Monitor?.ReportBestTrial(result);
        }

        return result;
    }

    private FaceTrialResult? Fail(FaceTrial trial, string message, Exception? exception)
    {
        _lastException = exception ?? _lastException;
        _failures.Add(new FaceTrialFailure(trial, message));
        RemoveCheckpoints([trial]);
        _channel.Warning($"Failed {trial}: {message}");
        _settings.Monitor?.ReportFailTrial(trial, exception);
        return null;
    }

    /// <summary>The model in memory; where the best run is from the cache, the stored one, or one that is trained again.</summary>
    private ITransformer BestModel(FaceTrialResult best)
    {
        if ((_bestModel ?? _store?.LoadModel(best.Trial, _trainer.Load)) is { } model)
        {
            return model;
        }

        _channel.Warning($"The model of the best run is no longer in the cache directory; training it again: {best.Trial}.");
        _settings.Monitor?.ReportRunningTrial(best.Trial);
        ITransformer trained = _trainer.Train(best.Trial, checkpointDirectory: null, _stop.Token).Model;
        try
        {
            _store!.SaveModel(best.Trial, stream => _trainer.Save(trained, stream));
            return trained;
        }
        catch
        {
            Free(trained);
            throw;
        }
    }

    private double Score(FaceTrialMetrics metrics) => _settings.OptimizingMetric == FaceExperimentMetric.TrueAcceptRate ? metrics.TrueAcceptRate ?? 0 : metrics.AreaUnderRocCurve;

    /// <summary>Whether other trials may do better; not where the machine, a photograph or the user ends them all.</summary>
    private bool IsOfTheTrial(Exception error) =>
        error is not (NativeRuntimeException or FaceImageException) && !(error is OperationCanceledException && _stop.IsCancellationRequested);

    private Exception NothingFound()
    {
        const string keepTrying = "Give more time, fewer epochs for the first rung, or smaller networks.";
        return _settings.CancellationToken.IsCancellationRequested ? new OperationCanceledException("The experiment was canceled before a run was completed.", _settings.CancellationToken)
            : _stop.IsCancellationRequested ? new TimeoutException($"{nameof(FaceExperimentSettings.MaxTime)}, {_settings.MaxTime}, was up before a run was completed. {keepTrying}")
            : new InvalidOperationException($"All {_failures.Count} trials failed; the last one: {_failures[^1].Message}", _lastException);
    }

    private static void Free(ITransformer? model) => (model as IDisposable)?.Dispose();

    /// <summary>Frees what was not handed over.</summary>
    public void Dispose()
    {
        Free(_bestModel);
        _stop.Dispose();
        _deadline.Dispose();
        _store?.Dispose();
    }
}
