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
    /// <summary>What checkpoints call what no option names.</summary>
    public const string TrainingSet = "the training set", ValidationSet = "the validation set", UnlabeledSet = "the unlabeled photographs", Network = "the network", Plan = "the plan";

    /// <summary>The value of an option that is not set, and of a set that is not there.</summary>
    public const string Null = "null", None = "none";

    /// <summary>Options that are written only where they are set, for older checkpoints know none of them.</summary>
    private static readonly string[] s_onlyWhereSet = [nameof(TrainingRecipe.Pixels), nameof(TrainingRecipe.RenewNorms)];

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
        values[nameof(TrainingRecipe.InitialWeights)] = recipe.InitialWeights is { } path ? $"the file of SHA-256 {HashOf(path)}" : Null;
        values[nameof(TrainingRecipe.Teacher)] = recipe.Teacher is { } teacher
            ? $"{RunJson.Text(teacher)} {(teacher.File is { } file ? $"of the file of SHA-256 {HashOf(file)}" : $"of the model of fingerprint {teacher.Embedding!.Fingerprint}")}"
            : Null;
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
        (TrainingSet, $"of SHA-256 {run.Faces.Fingerprint}"),
        (ValidationSet, run.Validation is { } validation ? $"of SHA-256 {validation.Fingerprint}" : None),
        (UnlabeledSet, run.Teaching?.Unlabeled is { } unlabeled ? $"{RunJson.Text(unlabeled.Count)} of SHA-256 {unlabeled.Fingerprint}" : None),
        ("the order of photographs", run.Faces.Cached is null ? $"by pools of {RunJson.Text(run.Faces.ShufflePool)}" : "over all of them"),
        (Plan, RunJson.Text(plan)),
        .. run.Initial.Foreign is { } foreign ? new[] { (Network, $"of SHA-256 {foreign.Hash}") } : [],
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

    /// <summary>A phrase for each option, or kind of data, that another run has otherwise.</summary>
    public IReadOnlyList<string> DifferencesFrom(RunIdentity other)
    {
        string[] names = [.. Values.Keys, .. s_onlyWhereSet.Where(name => !Values.ContainsKey(name) && other.Values.ContainsKey(name))];
        string[] different = [.. names.Where(name => Values.GetValueOrDefault(name) != other.Values.GetValueOrDefault(name))];

        // Plan and network follow from the rest, unless another version made them.
        string[] own = [.. different.Except([Plan, Network])];
        return [.. (own.Length > 0 ? own : different).SelectMany(name => DifferencePhrases.Of(name, Values.GetValueOrDefault(name, Null), other.Values.GetValueOrDefault(name)))];
    }

    private static string HashOf(string path)
    {
        using FileStream file = RegularFile.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
