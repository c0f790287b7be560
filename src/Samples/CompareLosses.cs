using System.Diagnostics;
using System.Text.Json;
using Microsoft.ML.ArcFace.Samples.Support;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Samples;

/// <summary>
/// The ArcFace paper's Table 2 on faces of your own: the same network trained with each loss, verified on people it has
/// never seen, with the angles of Table 3. What is finished is kept in a file each, and the training under way in
/// checkpoints; a run that was stopped goes on where it was.
/// </summary>
internal static class CompareLosses
{
    private static readonly double[] FalseAcceptRates = [0.1, 0.01, 0.001];

    public static void Run(CompareLossesSettings settings, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(settings.Output);
        var results = new List<LossResult>();
        foreach (((string name, FaceLoss loss), int index) in settings.Losses.Select((loss, index) => (loss, index)))
        {
            string file = Path.Combine(settings.Output, name + ".json");
            if (Finished(file, settings) is { } finished)
            {
                Console.WriteLine($"{index + 1}/{settings.Losses.Count} {name}: finished before, {file}");
                results.Add(finished);
                continue;
            }

            Console.WriteLine($"{index + 1}/{settings.Losses.Count} {name}: training");
            LossResult result = Train(name, loss, settings, cancellationToken);
            WriteWhole(file, JsonSerializer.Serialize(result, SamplesJson.Indented.LossResult));
            Directory.Delete(Checkpoints(name, settings), recursive: true);
            results.Add(result);
        }

        string summary = Path.Combine(settings.Output, "losses.json");
        WriteWhole(summary, JsonSerializer.Serialize(results, SamplesJson.Indented.ListLossResult));
        LossTable.Print(results, FalseAcceptRates);
        Console.WriteLine(summary);
    }

    /// <summary>The result in a file, if it is of the same settings.</summary>
    private static LossResult? Finished(string file, CompareLossesSettings settings)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        LossResult? result;
        try
        {
            result = JsonSerializer.Deserialize(File.ReadAllText(file), SamplesJson.Indented.LossResult);
        }
        catch (JsonException error)
        {
            throw new InvalidOperationException($"{file} is not a result of this sample ({error.Message}). Remove it, or give another --output.", error);
        }

        return result?.Settings == settings.Key
            ? result
            : throw new InvalidOperationException($"{file} is of other settings ({result?.Settings}) than these ({settings.Key}). Give another --output, or remove it.");
    }

    private static LossResult Train(string name, FaceLoss loss, CompareLossesSettings settings, CancellationToken cancellationToken)
    {
        var ml = new MLContext(settings.Seed);
        using var log = new LogPrinter(ml, settings.Verbose);
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        IDataView all = faces.LoadFromFolder(settings.Data);
        IDataView train = settings.Test is null ? HeldOutPeople.Remove(ml, all) : all;
        IDataView test = settings.Test is null ? HeldOutPeople.Keep(ml, all) : faces.LoadFromFolder(settings.Test);
        IReadOnlyList<FacePair> pairs = settings.Pairs is null ? HeldOutPeople.Pairs(ml, test) : faces.LoadPairs(settings.Pairs);

        var clock = new StepClock();
        using TransformerChain<FaceEmbeddingTransformer> model = ml.Transforms.LoadFaceImages("Image", "ImagePath")
            .Append(faces.Trainers.ArcFace(new ArcFaceTrainer.Options
            {
                Loss = loss,
                Backbone = settings.Backbone,
                Epochs = settings.Epochs,
                Seed = settings.Seed,
                AddMirrorImage = true,
                CheckpointDirectory = Checkpoints(name, settings),
                Progress = clock.Observe,
                CancellationToken = cancellationToken,
            }))
            .Fit(train);
        double trainSeconds = clock.Total.TotalSeconds;

        IDataView embedded = ml.Data.Cache(model.Transform(test));     // both metrics read it
        VerificationMetrics verification = faces.EvaluateVerification(embedded, pairs);
        AngleMetrics trained = faces.EvaluateAngles(model.Transform(train), model);
        AngleMetrics unseen = faces.EvaluateAngles(embedded);
        return new LossResult
        {
            Name = name,
            Loss = loss.ToString(),
            Settings = settings.Key,
            Accuracy = verification.Accuracy,
            AccuracyStd = verification.AccuracyStandardDeviation,
            Auc = verification.AreaUnderRocCurve,
            Eer = verification.EqualErrorRate,
            TarAtFar = FalseAcceptRates.ToDictionary(
                rate => rate.ToString(System.Globalization.CultureInfo.InvariantCulture),
                rate => verification.TryGetTrueAcceptRate(rate, out double accepted) ? accepted : (double?)null),
            CenterToMeanDegrees = trained.CenterToMeanDegrees,
            BetweenCentersDegrees = trained.BetweenCentersDegrees,
            IntraDegrees = trained.IntraDegrees,
            InterDegrees = trained.InterDegrees,
            UnseenIntraDegrees = unseen.IntraDegrees,
            UnseenInterDegrees = unseen.InterDegrees,
            MillisecondsPerStep = clock.MillisecondsPerStep,
            ProcessorMillisecondsPerStep = clock.ProcessorMillisecondsPerStep,
            TrainSeconds = trainSeconds,
        };
    }

    private static string Checkpoints(string name, CompareLossesSettings settings) => Path.Combine(settings.Output, name + ".checkpoints");

    /// <summary>A file is there whole or not at all, also when the run is stopped while writing.</summary>
    private static void WriteWhole(string file, string text)
    {
        string part = $"{file}.{Guid.NewGuid():N}.part";
        try
        {
            File.WriteAllText(part, text);
            File.Move(part, file, overwrite: true);
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>Time per step, from the first report to the last: without decoding at the start.</summary>
    private sealed class StepClock
    {
        private readonly Stopwatch _clock = Stopwatch.StartNew();
        private Reading? _first;
        private Reading _last;

        private readonly record struct Reading(int Step, TimeSpan Elapsed, TimeSpan Processor);

        public TimeSpan Total => _last.Elapsed;

        public double? MillisecondsPerStep => PerStep(reading => reading.Elapsed);

        /// <summary>Over all threads of this program: hardly changed by what else the machine has to do.</summary>
        public double? ProcessorMillisecondsPerStep => PerStep(reading => reading.Processor);

        public void Observe(TrainingProgress progress)
        {
            _last = new Reading(progress.Step, _clock.Elapsed, Environment.CpuUsage.TotalTime);
            _first ??= _last;
            if (progress.IsEpochEnd)
            {
                Console.WriteLine($"   epoch {progress.Epoch}/{progress.Epochs}  loss {progress.Loss:F2}  {progress.ImagesPerSecond:F0} pictures/s  {progress.EstimatedTimeRemaining:h\\:mm\\:ss} left");
            }
        }

        private double? PerStep(Func<Reading, TimeSpan> time) =>
            _first is { } first && _last.Step > first.Step ? (time(_last) - time(first)).TotalMilliseconds / (_last.Step - first.Step) : null;
    }
}
