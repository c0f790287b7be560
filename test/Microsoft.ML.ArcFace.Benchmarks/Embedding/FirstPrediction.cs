using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.ArcFace.Benchmarks.Embedding;

/// <summary>The time from the start of a process to its first embedding: model loaded, one photograph predicted.</summary>
internal static class FirstPrediction
{
    /// <summary>The name of the command that <see cref="Run"/> answers.</summary>
    public const string Command = "first-prediction";

    /// <summary>Loads a model and predicts one photograph; what the measured process does.</summary>
    public static void Run(string model, string image)
    {
        var ml = new MLContext();
        using var engine = ml.Model.CreatePredictionEngine<FileRow, EmbeddingRow>(ml.Model.Load(model, out _));
        Console.WriteLine(engine.Predict(new FileRow { ImagePath = image }).Embedding.Length);
    }

    /// <summary>Milliseconds for each model in a folder: the median over fresh processes, after one that warms the page cache.</summary>
    public static Dictionary<string, double> Measure(string folder, string image, int runs)
    {
        var medians = new Dictionary<string, double>();
        foreach (string model in Directory.EnumerateFiles(folder, "*.zip").Order(StringComparer.Ordinal))
        {
            Start(model, image);
            double median = AlternatingRounds.Median(Enumerable.Range(0, runs).Select(_ => Start(model, image)));
            medians[Path.GetFileNameWithoutExtension(model)] = median;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileNameWithoutExtension(model)}: first prediction {median:0} ms after the process started (median of {runs})"));
        }

        return medians;
    }

    private static double Start(string model, string image)
    {
        var clock = Stopwatch.StartNew();
        using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [typeof(FirstPrediction).Assembly.Location, Command, "--model", model, "--image", image]) { RedirectStandardOutput = true })!;
        string? answer = process.StandardOutput.ReadLine();
        double elapsed = clock.Elapsed.TotalMilliseconds;
        process.WaitForExit();
        return answer is not null && process.ExitCode == 0 ? elapsed : throw new InvalidOperationException($"The prediction with '{model}' failed; what it said stands above.");
    }
}
