using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Experiments;

/// <summary>
/// The cache directory: a JSON file for each run that ended, the model of the best of them, and checkpoints of trials that
/// may go on. A run's model is there before its JSON file, and the model that it beats is removed after it, so that at any
/// moment what was finished can be gone on from.
/// </summary>
internal sealed class TrialStore : IDisposable
{
    private const string CheckpointFolder = "checkpoints";

    private readonly string _directory;
    private readonly FileStream _lock;

    private TrialStore(string directory, FileStream @lock)
    {
        _directory = directory;
        _lock = @lock;
    }

    /// <summary>What a file holds of a run. One of metrics and failure is null.</summary>
    /// <param name="Trial">The trial, as people read it.</param>
    /// <param name="Key">The hash of all that the result depends on.</param>
    /// <param name="Metrics">What it reached.</param>
    /// <param name="Seconds">How long it took.</param>
    /// <param name="Failure">Why it failed.</param>
    public sealed record StoredRun(string Trial, string Key, FaceTrialMetrics? Metrics, double Seconds, string? Failure);

    /// <summary>What the files of a run are called.</summary>
    public static string NameOf(FaceTrial trial) => $"trial-{trial.Number:0000}-epochs-{trial.Epochs}";

    /// <summary>Makes the directory if need be, and keeps other experiments out of it.</summary>
    /// <exception cref="IOException">It cannot be written to, or another experiment uses it.</exception>
    public static TrialStore Open(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
            return new TrialStore(directory, new FileStream(Path.Combine(directory, "experiment.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{nameof(FaceExperimentSettings.CacheDirectory)} is '{directory}', which cannot be used ({error.Message}). Give a folder that you may write to and that no other experiment is running in.", error);
        }
    }

    /// <summary>What is stored of a run; null if it has not ended.</summary>
    /// <exception cref="InvalidOperationException">The file is damaged, or of other settings or data.</exception>
    public StoredRun? Find(FaceTrial trial, string key)
    {
        string file = ResultFile(trial);
        if (!File.Exists(file))
        {
            return null;
        }

        StoredRun? run;
        try
        {
            run = JsonSerializer.Deserialize(File.ReadAllBytes(file), TrialJson.Default.StoredRun);
        }
        catch (JsonException error)
        {
            throw new InvalidOperationException($"'{file}' is not the result of a trial ({error.Message}). Remove it, and the trial is run again.", error);
        }

        return run?.Key == key && (run.Metrics is null) == (run.Failure is not null)
            ? run
            : throw new InvalidOperationException(
                $"'{file}' is the result of other options, photographs or settings ({run?.Trial ?? "empty"}) than those of this experiment ({trial}). Give another {nameof(FaceExperimentSettings.CacheDirectory)}, or remove what is in this one.");
    }

    /// <summary>Stores the end of a run, whole or not at all.</summary>
    public void Save(FaceTrial trial, StoredRun run)
    {
        using var file = new WholeFile(ResultFile(trial));
        JsonSerializer.Serialize(file.Stream, run, TrialJson.Default.StoredRun);
        file.Complete();
    }

    /// <summary>Stores a model, whole or not at all.</summary>
    public void SaveModel(FaceTrial trial, Action<Stream> write)
    {
        using var file = new WholeFile(ModelFile(trial));
        write(file.Stream);
        file.Complete();
    }

    /// <summary>The stored model of a run; null if there is none.</summary>
    /// <exception cref="InvalidOperationException">It cannot be loaded.</exception>
    public ITransformer? LoadModel(FaceTrial trial, Func<Stream, ITransformer> load)
    {
        string path = ModelFile(trial);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using FileStream stream = File.OpenRead(path);
            return load(stream);
        }
        catch (Exception error) when (error is not (OutOfMemoryException or NativeRuntimeException))
        {
            throw new InvalidOperationException($"The model '{path}' cannot be loaded ({error.GetBaseException().Message}). Remove it, and its trial is trained again.", error);
        }
    }

    /// <summary>Where the checkpoints of a trial are. Those of other options or data are elsewhere.</summary>
    public string CheckpointDirectory(FaceTrial trial, string data) =>
        Path.Combine(_directory, CheckpointFolder, $"trial-{trial.Number:0000}-{TrialKey.Of(trial.Options, data)[..16]}");

    /// <summary>Removes the checkpoints of a trial that goes on no more.</summary>
    public void RemoveCheckpoints(FaceTrial trial, string data)
    {
        if (CheckpointDirectory(trial, data) is var directory && Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    public void RemoveModel(FaceTrial trial) => File.Delete(ModelFile(trial));

    public void Dispose() => _lock.Dispose();

    private string ResultFile(FaceTrial trial) => Path.Combine(_directory, NameOf(trial) + ".json");

    private string ModelFile(FaceTrial trial) => Path.Combine(_directory, NameOf(trial) + ".zip");
}

/// <summary>Writes the files of trials.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(TrialStore.StoredRun))]
internal sealed partial class TrialJson : JsonSerializerContext;
