using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Experiments;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Training;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// A search for the options that train best, made by <c>faces.CreateExperiment</c>: points of a search space are drawn at
/// random and trained for a few epochs, the best of them for longer, and so on (docs/experiments.md).
/// </summary>
public sealed class FaceExperiment
{
    private readonly MLContext _context;
    private readonly FaceExperimentSettings _settings;
    private readonly FaceTrial[] _trials;
    private readonly int _seed;

    private FaceExperiment(MLContext context, FaceExperimentSettings settings, int seed, FaceTrial[] trials)
    {
        _context = context;
        _settings = settings;
        _seed = seed;
        _trials = trials;
    }

    /// <summary>The trials of the first rung in their order; the first has the defaults of the search space.</summary>
    public IReadOnlyList<FaceTrial> Trials => _trials;

    internal static FaceExperiment Create<TSearchSpace>(MLContext context, FaceExperimentSettings settings, Func<TSearchSpace, ArcFaceTrainer.Options> toOptions)
        where TSearchSpace : class, new()
    {
        OptionsCheck.ThrowIfAny(settings.Violations(), nameof(settings));
        int seed = settings.Seed ?? ((IHostEnvironmentInternal)context).Seed ?? 0;
        OptionSpace space = OptionSpace.Of<TSearchSpace>();
        IReadOnlyList<object> points = space.Points(settings.MaxTrials, seed);
        int epochs = settings.Rungs(points.Count)[0].Epochs;
        FaceTrial[] trials = [.. points.Select((point, number) => new FaceTrial(number, 0, epochs, space.Parameters(point), toOptions((TSearchSpace)point)))];
        Check(trials, nameof(settings));
        return new FaceExperiment(context, settings, seed, [.. trials.Select(trial => trial with { Options = trial.Options with { Epochs = epochs, Seed = seed } })]);
    }

    /// <summary>Runs the experiment.</summary>
    /// <param name="trainData">Photographs and people, or what <paramref name="preFeaturizer"/> makes them from.</param>
    /// <param name="validationData">
    /// The same columns, with photographs of other people. Null: <see cref="FaceExperimentSettings.ValidationFraction"/> of the
    /// people of <paramref name="trainData"/>, who are then not trained on (<c>TrainTestSplitByPerson</c>).
    /// </param>
    /// <param name="preFeaturizer">What is applied before the trainer, such as <c>ml.Transforms.LoadFaceImages</c>; it becomes part of the model. Null: nothing.</param>
    /// <returns>
    /// The best run with its model; dispose of it. If the time is up or the experiment is canceled, the best so far, as ML.NET's
    /// AutoML gives it.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong kind.</exception>
    /// <exception cref="InvalidOperationException">
    /// People are in both sets, the validation set has too few pairs, all trials failed, or the cache directory is of another
    /// experiment; the message says what to do.
    /// </exception>
    /// <exception cref="TimeoutException">The time was up before a run was completed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled before a run was completed.</exception>
    /// <exception cref="FaceImageException">A photograph cannot be read: no trial could do without it.</exception>
    /// <exception cref="IOException">The cache directory cannot be used.</exception>
    /// <exception cref="NativeRuntimeException">The native torch library cannot be loaded.</exception>
    public FaceExperimentResult Execute(IDataView trainData, IDataView? validationData = null, IEstimator<ITransformer>? preFeaturizer = null)
    {
        ArgumentNullException.ThrowIfNull(trainData);
        _settings.CancellationToken.ThrowIfCancellationRequested();
        if (validationData is null)
        {
            DataOperationsCatalog.TrainTestData split = _context.FaceRecognition().TrainTestSplitByPerson(trainData, _settings.ValidationFraction, _seed, LabelColumnName);
            (trainData, validationData) = (split.TrainSet, split.TestSet);
        }

        CheckColumns(trainData, preFeaturizer);
        CheckColumns(validationData, preFeaturizer);
        IReadOnlyList<string> trained = ValidationPairs.People(_context, trainData, LabelColumnName), validated = ValidationPairs.People(_context, validationData, LabelColumnName);
        CheckDisjoint(trained, validated, trainData, validationData);
        ValidationPairs pairs = ValidationPairs.Of(validated, _seed);
        CheckFalseAcceptRate(pairs);

        string sets = HashOf(trainData, validationData, preFeaturizer);
        var ownSets = new Dictionary<(IDataView, string), string>();
        var trainer = new TrialTrainer(_context, preFeaturizer, trainData, validationData, pairs, _settings.FalseAcceptRate);
        using IChannel channel = ((IHostEnvironment)_context).Start(nameof(FaceExperiment));
        using var search = new HalvingSearch(_settings, _trials, trainer, Data, channel, TimeProvider.System);
        return search.Run();

        // What tells the data of a trial from others; a validation set of its own chooses the epoch that is kept.
        string Data(ArcFaceTrainer.Options options) =>
            FormattableString.Invariant($"{sets} {_settings.FalseAcceptRate:R} {(options.ValidationSet is { } own ? HashOnce(own, options.ImageColumnName) : "none")}");

        string HashOnce(IDataView own, string imageColumnName)
        {
            if (_settings.CacheDirectory is null)
            {
                return "";
            }

            ref string? hash = ref CollectionsMarshal.GetValueRefOrAddDefault(ownSets, (own, imageColumnName), out _);
            return hash ??= DataFingerprint.Of(_context, own, imageColumnName, LabelColumnName, _settings.CancellationToken);
        }
    }

    /// <summary>Hashes both sets as the trainers see them; nothing where no results are kept that could be mistaken for others.</summary>
    private string HashOf(IDataView trainData, IDataView validationData, IEstimator<ITransformer>? preFeaturizer)
    {
        if (_settings.CacheDirectory is null)
        {
            return "";
        }

        ITransformer? features = preFeaturizer?.Fit(trainData);
        try
        {
            string[] columns = [.. _trials.Select(trial => trial.Options.ImageColumnName).Distinct()];
            IEnumerable<IDataView> sets = new[] { trainData, validationData }.Select(set => features?.Transform(set) ?? set);
            return string.Join(' ', sets.SelectMany(set => columns.Select(column => DataFingerprint.Of(_context, set, column, LabelColumnName, _settings.CancellationToken))));
        }
        finally
        {
            (features as IDisposable)?.Dispose();
        }
    }

    private string LabelColumnName => _trials[0].Options.LabelColumnName;

    private static void Check(FaceTrial[] trials, string parameterName)
    {
        var check = new OptionsCheck();
        foreach (FaceTrial trial in trials)
        {
            check.AddRange(trial.Options is null
                ? [$"{trial}: the options are null."]
                : trial.Options.Violations().Select(violation => $"{trial}: {violation}"));
        }

        FaceTrial[] own = [.. trials.Where(trial => trial.Options is not null)];
        check.That(own.All(trial => trial.Options is { Epochs: null, Seed: null, CheckpointDirectory: null, CancellationToken.CanBeCanceled: false }),
            $"{nameof(ArcFaceTrainer.Options.Epochs)}, {nameof(ArcFaceTrainer.Options.Seed)}, {nameof(ArcFaceTrainer.Options.CheckpointDirectory)} or {nameof(ArcFaceTrainer.Options.CancellationToken)} of the trainer's options are set, which are the experiment's. Leave them out, and set {nameof(FaceExperimentSettings.MaxEpochs)}, {nameof(FaceExperimentSettings.Seed)}, {nameof(FaceExperimentSettings.CacheDirectory)} and {nameof(FaceExperimentSettings.CancellationToken)} of the settings.");
        check.That(own.Select(trial => trial.Options.LabelColumnName).Distinct().Count() <= 1,
            $"Trials differ in {nameof(ArcFaceTrainer.Options.LabelColumnName)}; all read the same people. Give one name.");
        OptionsCheck.ThrowIfAny(check.Violations, parameterName);
    }

    /// <summary>What the trainer would find out when the first trial starts.</summary>
    private void CheckColumns(IDataView data, IEstimator<ITransformer>? preFeaturizer)
    {
        SchemaShape shape = SchemaShape.Create(data.Schema);
        shape = preFeaturizer?.GetOutputSchema(shape) ?? shape;
        foreach (ArcFaceTrainer.Options options in _trials.Select(trial => trial.Options).DistinctBy(options => options.ImageColumnName))
        {
            _context.FaceRecognition().Trainers.ArcFace(options).GetOutputSchema(shape);
        }
    }

    /// <summary>Keys without names are numbers of their own set: nothing can be said about them.</summary>
    private void CheckDisjoint(IReadOnlyList<string> trained, IReadOnlyList<string> validated, IDataView trainData, IDataView validationData)
    {
        if (!NameColumn.HasNames(trainData.Schema[LabelColumnName]) || !NameColumn.HasNames(validationData.Schema[LabelColumnName]))
        {
            return;
        }

        string[] both = [.. trained.Intersect(validated, StringComparer.Ordinal).Where(person => person.Length > 0).Order(StringComparer.Ordinal)];
        if (both.Length > 0)
        {
            throw new InvalidOperationException(
                $"{both.Length} people are in both sets, for example '{both[0]}'; trials would be judged by people they were trained on. Split by person (faces.TrainTestSplitByPerson), or give Execute one set.");
        }
    }

    private void CheckFalseAcceptRate(ValidationPairs pairs)
    {
        if (_settings.OptimizingMetric == FaceExperimentMetric.TrueAcceptRate && pairs.ImpostorCount * _settings.FalseAcceptRate < 1 - 1e-9)
        {
            throw new InvalidOperationException(FormattableString.Invariant(
                $"{nameof(FaceExperimentSettings.FalseAcceptRate)} is {_settings.FalseAcceptRate}, which {pairs.ImpostorCount} pairs of different people cannot measure; it takes at least {Math.Ceiling(1 / _settings.FalseAcceptRate)}. Take a greater rate, rank by {nameof(FaceExperimentMetric.AreaUnderRocCurve)}, or validate on more people."));
        }
    }
}
