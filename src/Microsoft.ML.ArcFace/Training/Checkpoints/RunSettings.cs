using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// All that decides what a run comes to, as text by name: two runs of the same settings, on the same data, go the same way.
/// </summary>
internal sealed record RunSettings(IReadOnlyDictionary<string, string> Values)
{
    private const string Seed = nameof(ArcFaceTrainer.Options.Seed);

    /// <summary>
    /// The options that decide the steps, or what is kept of them. A test knows those that do not, so that an option that is
    /// added later is put on one of the two lists.
    /// </summary>
    public static IReadOnlyList<(string Name, Func<ArcFaceTrainer.Options, object?> Value)> Options { get; } =
    [
        (nameof(ArcFaceTrainer.Options.Backbone), options => options.Backbone),
        (nameof(ArcFaceTrainer.Options.EmbeddingSize), options => options.EmbeddingSize),
        (nameof(ArcFaceTrainer.Options.BackboneLearningRateShare), options => options.BackboneLearningRateShare),
        (nameof(ArcFaceTrainer.Options.FrozenStages), options => options.FrozenStages),
        (nameof(ArcFaceTrainer.Options.Dropout), options => options.Dropout),
        (nameof(ArcFaceTrainer.Options.Loss), options => options.Loss),
        (nameof(ArcFaceTrainer.Options.ClassSampleRate), options => options.ClassSampleRate),
        (nameof(ArcFaceTrainer.Options.Epochs), options => options.Epochs),
        (nameof(ArcFaceTrainer.Options.BatchSize), options => options.BatchSize),
        (nameof(ArcFaceTrainer.Options.PhotographsPerPerson), options => options.PhotographsPerPerson),
        (nameof(ArcFaceTrainer.Options.Precision), options => options.Precision),
        (nameof(ArcFaceTrainer.Options.Optimizer), options => options.Optimizer),
        (nameof(ArcFaceTrainer.Options.LearningRate), options => options.LearningRate),
        (nameof(ArcFaceTrainer.Options.Decay), options => options.Decay),
        (nameof(ArcFaceTrainer.Options.WarmUpFraction), options => options.WarmUpFraction),
        (nameof(ArcFaceTrainer.Options.MarginRampFraction), options => options.MarginRampFraction),
        (nameof(ArcFaceTrainer.Options.Momentum), options => options.Momentum),
        (nameof(ArcFaceTrainer.Options.WeightDecay), options => options.WeightDecay),
        (nameof(ArcFaceTrainer.Options.GradientClippingNorm), options => options.GradientClippingNorm),
        (nameof(ArcFaceTrainer.Options.Augmentation), options => options.Augmentation),
        (nameof(ArcFaceTrainer.Options.WeightAveragingDecay), options => options.WeightAveragingDecay),
    ];

    /// <summary>What is known before the data are read.</summary>
    /// <param name="options">The trainer's.</param>
    /// <param name="seed">Of the run; null if any will do.</param>
    public static RunSettings Of(ArcFaceTrainer.Options options, int? seed)
    {
        var values = Options.ToDictionary(option => option.Name, option => Text(option.Value(options)));
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
        using FileStream file = RegularFile.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
