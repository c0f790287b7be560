using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// All that decides what a run comes to, as text by name: two runs of the same settings, on the same data, go the same way.
/// </summary>
internal sealed record RunSettings(IReadOnlyDictionary<string, string> Values)
{
    private const string Seed = nameof(ArcFaceTrainer.Options.Seed);

    /// <summary>
    /// Options that change neither the steps nor what is kept of them, or that are told by what becomes of them. Every other
    /// option counts, also one that is added later.
    /// </summary>
    private static readonly HashSet<string> NotOfTheRun =
    [
        nameof(ArcFaceTrainer.Options.ImageColumnName), nameof(ArcFaceTrainer.Options.LabelColumnName), nameof(ArcFaceTrainer.Options.EmbeddingColumnName),
        nameof(ArcFaceTrainer.Options.PredictedLabelColumnName), nameof(ArcFaceTrainer.Options.ScoreColumnName), nameof(ArcFaceTrainer.Options.CosineColumnName),
        nameof(ArcFaceTrainer.Options.QualityColumnName), nameof(ArcFaceTrainer.Options.AddMirrorImage), nameof(ArcFaceTrainer.Options.InferenceBatchSize),
        nameof(ArcFaceTrainer.Options.InferencePrecision), nameof(ArcFaceTrainer.Options.EarlyStoppingPatienceEpochs), nameof(ArcFaceTrainer.Options.Progress),
        nameof(ArcFaceTrainer.Options.CancellationToken), nameof(ArcFaceTrainer.Options.CheckpointDirectory), nameof(ArcFaceTrainer.Options.CheckpointEverySteps),
        nameof(ArcFaceTrainer.Options.CheckpointsKept), nameof(ArcFaceTrainer.Options.Resume), nameof(ArcFaceTrainer.Options.TensorBoardDirectory),
        nameof(ArcFaceTrainer.Options.InitialWeights), nameof(ArcFaceTrainer.Options.ValidationSet), nameof(ArcFaceTrainer.Options.UnreadableImages),
        nameof(ArcFaceTrainer.Options.RequireAligned),
        nameof(ArcFaceTrainer.Options.ImageCacheBytes), Seed,
    ];

    /// <summary>The options that count.</summary>
    public static IReadOnlyList<PropertyInfo> Options { get; } =
        [.. typeof(ArcFaceTrainer.Options).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(option => !NotOfTheRun.Contains(option.Name))];

    /// <summary>What is known before the data are read.</summary>
    /// <param name="options">The trainer's.</param>
    /// <param name="seed">Of the run; null if any will do.</param>
    public static RunSettings Of(ArcFaceTrainer.Options options, int? seed)
    {
        var values = Options.ToDictionary(option => option.Name, option => Text(option.GetValue(options)));
        values[nameof(ArcFaceTrainer.Options.InitialWeights)] = options.InitialWeights is { } path ? $"the file of SHA-256 {HashOf(path)}" : "null";
        if (seed is not null)
        {
            values[Seed] = Text(seed);
        }

        return new RunSettings(values);
    }

    /// <summary>With the data, and the recipe that this version of the library chooses for them.</summary>
    public RunSettings With(TrainingRun run, TrainingRecipe recipe) => new(new Dictionary<string, string>(Values)
    {
        ["the number of photographs"] = Text(run.Faces.Count),
        ["the number of people"] = Text(run.Faces.Labels.Count),
        ["the training set"] = $"of SHA-256 {run.Faces.Fingerprint}",
        ["the validation set"] = run.Validation is { } validation ? $"of SHA-256 {validation.Fingerprint}" : "none",
        ["the order of photographs"] = run.Faces.Cached is null ? $"by pools of {Text(run.Faces.ShufflePool)}" : "over all of them",
        ["the recipe"] = Text(recipe),
        ["the arithmetic"] = Text(Learner.ComputeType(run.Options.Precision, run.Device)),
    });

    /// <summary>The seed that the run was started with.</summary>
    public int? StoredSeed => Values.TryGetValue(Seed, out string? text) && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int seed) ? seed : null;

    /// <summary>A phrase for each of these settings that another run has otherwise.</summary>
    public IReadOnlyList<string> DifferencesFrom(RunSettings other) =>
    [
        .. Values.Where(setting => other.Values.GetValueOrDefault(setting.Key) != setting.Value)
            .Select(setting => $"{setting.Key} is {setting.Value}, it was {other.Values.GetValueOrDefault(setting.Key, "not known")}"),
    ];

    /// <summary>Records with the name of their type, for a loss is known by it.</summary>
    private static string Text(object? value)
    {
        if (value is null)
        {
            return "null";
        }

        JsonTypeInfo type = RunJson.Legible.GetTypeInfo(value.GetType()) ?? throw new NotSupportedException($"{nameof(RunJson)} does not list {value.GetType().Name}.");
        string json = JsonSerializer.Serialize(value, type);
        return json.StartsWith('{') ? $"{value.GetType().Name} {json}" : json.Trim('"');
    }

    private static string HashOf(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
