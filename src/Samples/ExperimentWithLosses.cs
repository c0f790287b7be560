using System.Text.Json;
using Microsoft.ML.ArcFace.Samples.Drawing;
using Microsoft.ML.ArcFace.Samples.Support;
using Microsoft.ML.SearchSpace;

namespace Microsoft.ML.ArcFace.Samples;

/// <summary>
/// Which loss, margin, scale and learning rate suit these photographs? An experiment over a search space of our own: many
/// trials for a few epochs, the best of them for longer, judged by people who are not trained on. The best model is saved.
/// </summary>
internal static class ExperimentWithLosses
{
    /// <summary>What is searched, and within what bounds; the values that the properties start with are the first trial.</summary>
    internal sealed class SearchSpace
    {
        [Choice(FaceLossKind.ArcFace, FaceLossKind.CosFace, FaceLossKind.AdaFace, FaceLossKind.CurricularFace)]
        public FaceLossKind Loss { get; set; } = FaceLossKind.ArcFace;

        [Range(0.2, 0.6)]
        public double Margin { get; set; } = 0.5;

        [Range(16.0, 64.0, logBase: true)]
        public double Scale { get; set; } = 32;

        [Range(3e-4, 3e-3, logBase: true)]
        public double LearningRate { get; set; } = 1e-3;
    }

    public static void Run(ExperimentWithLossesSettings settings, CancellationToken cancellationToken)
    {
        ModelFile.CheckWritable(settings.Output);
        string? drawn = settings.Data is null ? Directory.CreateTempSubdirectory("experiment-").FullName : null;
        try
        {
            if (drawn is not null)
            {
                Console.WriteLine($"Drawing {settings.DrawnPeople} people × {settings.DrawnPictures} pictures; give photographs of your own with --data");
                DrawnFaces.WriteFolder(drawn, settings.DrawnPeople, settings.DrawnPictures, settings.Seed, 0, cancellationToken);
            }

            Search(settings, settings.Data ?? drawn!, cancellationToken);
        }
        finally
        {
            if (drawn is not null)
            {
                Directory.Delete(drawn, recursive: true);
            }
        }
    }

    private static void Search(ExperimentWithLossesSettings settings, string folder, CancellationToken cancellationToken)
    {
        var ml = new MLContext(settings.Seed);
        using var log = new LogPrinter(ml, settings.Verbose);
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        IDataView data = faces.LoadFromFolder(folder);
        FaceExperiment experiment = faces.CreateExperiment<SearchSpace>(
            new FaceExperimentSettings
            {
                MaxTrials = settings.Trials,
                MaxEpochs = settings.Epochs,
                MinEpochs = Math.Min(2, settings.Epochs),
                MaxTime = settings.MaxTime,
                FalseAcceptRate = 0.01,
                CacheDirectory = settings.Cache,
                Monitor = new TrialPrinter(),
                CancellationToken = cancellationToken,
            },
            space => new ArcFaceTrainer.Options { Loss = LossOf(space), LearningRate = space.LearningRate, Optimizer = TrainingOptimizer.AdamW, AddMirrorImage = true });

        using FaceExperimentResult result = experiment.Execute(data, preFeaturizer: ml.Transforms.LoadFaceImages("Image", "ImagePath"));
        FaceRun best = result.BestRun;
        ml.Model.Save(best.Model, data.Schema, settings.Output);
        TrialTable.Print(result);
        var summary = new ExperimentSummary(
            best.Result.Trial.Parameters.ToDictionary(parameter => parameter.Key, parameter => parameter.Value is FaceLossKind loss ? loss.ToString() : parameter.Value),
            best.Result.Trial.Epochs, best.Metrics.AreaUnderRocCurve, best.Metrics.TrueAcceptRate, result.RunDetails.Count, result.Failures.Count, result.IsFinished, settings.Output);
        Console.WriteLine(JsonSerializer.Serialize(summary, SamplesJson.Default.ExperimentSummary));
    }

    private static FaceLoss LossOf(SearchSpace space)
    {
        FaceLoss loss = space.Loss switch
        {
            FaceLossKind.CosFace => new CosFaceLoss(space.Margin),
            FaceLossKind.AdaFace => new AdaFaceLoss(space.Margin),
            FaceLossKind.CurricularFace => new CurricularFaceLoss(space.Margin),
            _ => new ArcFaceLoss(space.Margin),
        };
        return loss with { Scale = space.Scale };
    }

    /// <summary>A line for each trial, as it comes.</summary>
    private sealed class TrialPrinter : IFaceExperimentMonitor
    {
        public void ReportRunningTrial(FaceTrial trial) => Console.WriteLine(trial);

        public void ReportCompletedTrial(FaceTrialResult result) =>
            Console.WriteLine(FormattableString.Invariant($"   AUC {result.Score:F4}{(result.IsFromCache ? $", found in the cache: {result.Trial}" : $" in {result.Duration.TotalSeconds:F0} s")}"));

        public void ReportBestTrial(FaceTrialResult result) => Console.WriteLine("   the best so far");

        public void ReportFailTrial(FaceTrial trial, Exception? exception = null) => Console.WriteLine($"   failed: {exception?.Message ?? "as before"}");
    }
}

/// <summary>The options of ExperimentWithLosses, checked; paths are full paths.</summary>
internal sealed record ExperimentWithLossesSettings
{
    /// <summary>One folder a person; null: people are drawn.</summary>
    public string? Data { get; init; }

    public int DrawnPeople { get; init; } = 40;

    public int DrawnPictures { get; init; } = 8;

    public int Trials { get; init; } = 9;

    public int Epochs { get; init; } = 18;

    public TimeSpan? MaxTime { get; init; }

    public string? Cache { get; init; }

    public int Seed { get; init; } = 1;

    public required string Output { get; init; }

    public bool Verbose { get; init; }
}

/// <summary>Gives programs the best trial and the number of trials.</summary>
internal sealed record ExperimentSummary(Dictionary<string, object?> Best, int Epochs, double Auc, double? TarAtFar001, int Runs, int Failures, bool IsFinished, string Model);
