using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// What decides what a run comes to, as text by name: the JSON of its <see cref="TrainingRecipe"/> and of its data. Two runs of
/// one identity go the same way. Checkpoints and trials of experiments are known by it.
/// </summary>
internal sealed record RunIdentity(IReadOnlyDictionary<string, string> Values)
{
    /// <summary>SHA-256 over all of it, in hexadecimal digits.</summary>
    public string Hash
    {
        get
        {
            IReadOnlyDictionary<string, string> sorted = new SortedDictionary<string, string>(Values.ToDictionary(), StringComparer.Ordinal);
            return Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(sorted, RunJson.Legible.IReadOnlyDictionaryStringString)));
        }
    }

    /// <summary>The seed that the run was started with.</summary>
    public int? StoredSeed =>
        Values.TryGetValue(nameof(TrainingRecipe.Seed), out string? text) && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int seed) ? seed : null;

    /// <summary>What is known before the data are read. A recipe without a seed is that of a run with any.</summary>
    public static RunIdentity Of(TrainingRecipe recipe)
    {
        Dictionary<string, string> values = RunJson.ValuesOf(recipe, RunJson.Legible.TrainingRecipe).ToDictionary(option => option.Name, option => RunJson.Text(option.Value));
        values[nameof(TrainingRecipe.InitialWeights)] = recipe.InitialWeights is { } path ? $"the file of SHA-256 {HashOf(path)}" : "null";
        values[nameof(TrainingRecipe.Teacher)] = recipe.Teacher is { } teacher
            ? $"{RunJson.Text(teacher)} {(teacher.File is { } file ? $"of the file of SHA-256 {HashOf(file)}" : $"of the model of fingerprint {teacher.Embedding!.Fingerprint}")}"
            : "null";
        if (recipe.Seed is null)
        {
            values.Remove(nameof(TrainingRecipe.Seed));
        }

        // What decides of a network of others is told below, as it was decided; older checkpoints know no such options.
        if (recipe.Pixels is null)
        {
            values.Remove(nameof(TrainingRecipe.Pixels));
        }

        if (!recipe.RenewNorms)
        {
            values.Remove(nameof(TrainingRecipe.RenewNorms));
        }

        return new RunIdentity(values);
    }

    /// <summary>With the data, and the plan that this version of the library makes for them.</summary>
    public RunIdentity With(TrainingRun run, TrainingPlan plan) => With([
        ("the number of photographs", RunJson.Text(run.Faces.Count)),
        ("the number of people", RunJson.Text(run.Faces.Labels.Count)),
        ("the training set", $"of SHA-256 {run.Faces.Fingerprint}"),
        ("the validation set", run.Validation is { } validation ? $"of SHA-256 {validation.Fingerprint}" : "none"),
        ("the unlabeled photographs", run.Teaching?.Unlabeled is { } unlabeled ? $"{RunJson.Text(unlabeled.Count)} of SHA-256 {unlabeled.Fingerprint}" : "none"),
        ("the order of photographs", run.Faces.Cached is null ? $"by pools of {RunJson.Text(run.Faces.ShufflePool)}" : "over all of them"),
        ("the plan", RunJson.Text(plan)),
        .. run.Initial.Foreign is { } foreign ? new[] { ("the network", $"of SHA-256 {foreign.Hash}") } : [],
        ("the arithmetic", RunJson.Text(Learner.ComputeType(run.Recipe.Precision, run.Device)))]);

    /// <summary>With more that decides.</summary>
    public RunIdentity With(params IEnumerable<(string Name, string Text)> more)
    {
        Dictionary<string, string> values = Values.ToDictionary();
        foreach ((string name, string text) in more)
        {
            values.Add(name, text);
        }

        return new RunIdentity(values);
    }

    /// <summary>A phrase for each of these that another run has otherwise.</summary>
    public IReadOnlyList<string> DifferencesFrom(RunIdentity other) =>
    [
        .. Values.Where(setting => other.Values.GetValueOrDefault(setting.Key) != setting.Value)
            .Select(setting => $"{setting.Key} is {setting.Value}, it was {other.Values.GetValueOrDefault(setting.Key, "not known")}"),
    ];

    private static string HashOf(string path)
    {
        using FileStream file = RegularFile.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
