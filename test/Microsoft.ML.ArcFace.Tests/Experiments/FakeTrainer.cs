using System.Globalization;
using System.Text;
using Microsoft.ML.ArcFace.Experiments;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Experiments;

/// <summary>Trains nothing: a trial's area under the curve is what the test says, its model a name.</summary>
internal sealed class FakeTrainer(Func<FaceTrial, double> areaUnderRocCurve) : ITrialTrainer
{
    /// <summary>What was trained, in order: "number@epochs".</summary>
    public List<string> Trained { get; } = [];

    /// <summary>Where each was to keep its checkpoints; it leaves a file there.</summary>
    public List<string?> CheckpointDirectories { get; } = [];

    public List<FakeModel> Models { get; } = [];

    /// <summary>The most models that were alive at once.</summary>
    public int MostAlive { get; private set; }

    public Action<FaceTrial, CancellationToken>? WhileTraining { get; init; }

    public static string NameOf(FaceTrial trial) => string.Create(CultureInfo.InvariantCulture, $"{trial.Number}@{trial.Epochs}");

    public TrainedTrial Train(FaceTrial trial, string? checkpointDirectory, CancellationToken cancellationToken)
    {
        Trained.Add(NameOf(trial));
        CheckpointDirectories.Add(checkpointDirectory);
        if (checkpointDirectory is not null)
        {
            Directory.CreateDirectory(checkpointDirectory);
            File.WriteAllText(Path.Combine(checkpointDirectory, "checkpoint"), NameOf(trial));
        }

        WhileTraining?.Invoke(trial, cancellationToken);
        double area = areaUnderRocCurve(trial);
        Models.Add(new FakeModel(NameOf(trial)));
        MostAlive = Math.Max(MostAlive, Models.Count(model => !model.IsDisposed));
        return new TrainedTrial(Models[^1], new FaceTrialMetrics(area, 1 - area, 0.01, 0.1, 0.9, 100, 200));
    }

    public void Save(ITransformer model, Stream stream) => stream.Write(Encoding.UTF8.GetBytes(((FakeModel)model).Name));

    public ITransformer Load(Stream stream)
    {
        using var reader = new StreamReader(stream);
        return new FakeModel(reader.ReadToEnd());
    }
}

/// <summary>A model that knows whether it was disposed of, and nothing else.</summary>
internal sealed class FakeModel(string name) : ITransformer, IDisposable
{
    public string Name => name;

    public bool IsDisposed { get; private set; }

    public bool IsRowToRowMapper => false;

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => inputSchema;

    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => throw new NotSupportedException();

    public void Save(ModelSaveContext ctx) => throw new NotSupportedException();

    public IDataView Transform(IDataView input) => input;

    public void Dispose() => IsDisposed = true;
}

/// <summary>Writes down what an experiment reports.</summary>
internal sealed class NotingMonitor : IFaceExperimentMonitor
{
    public List<string> Lines { get; } = [];

    public Action<FaceTrialResult>? OnCompleted { get; init; }

    public void ReportRunningTrial(FaceTrial trial) => Lines.Add($"running {FakeTrainer.NameOf(trial)}");

    public void ReportCompletedTrial(FaceTrialResult result)
    {
        Lines.Add($"completed {FakeTrainer.NameOf(result.Trial)}{(result.IsFromCache ? " from cache" : "")}");
        OnCompleted?.Invoke(result);
    }

    public void ReportBestTrial(FaceTrialResult result) => Lines.Add($"best {FakeTrainer.NameOf(result.Trial)}");

    public void ReportFailTrial(FaceTrial trial, Exception? exception = null) => Lines.Add($"failed {FakeTrainer.NameOf(trial)}: {exception?.Message ?? "in cache"}");
}
