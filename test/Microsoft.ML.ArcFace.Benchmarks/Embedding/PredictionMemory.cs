using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.ArcFace.Samples.Drawing;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Benchmarks.Embedding;

/// <summary>Whether many predictions leave memory behind: tensors alive and the resident set, now and then.</summary>
internal static class PredictionMemory
{
    private const int Reports = 5;

    public static void Run(int predictions)
    {
        string folder = Directory.CreateTempSubdirectory("arcface-memory-").FullName;
        try
        {
            DrawnFaces.WriteFolder(folder, people: 2, picturesPerPerson: 2, seed: 1);
            string file = Directory.EnumerateFiles(folder, "*.jpg", SearchOption.AllDirectories).First(), weights = Path.Combine(folder, "mbf.safetensors");
            RandomWeights.Write(BackboneArchitecture.MobileFaceNet, weights);
            foreach (InferencePrecision precision in Enum.GetValues<InferencePrecision>())
            {
                Run(file, weights, precision, predictions);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Run(string file, string weights, InferencePrecision precision, int predictions)
    {
        var ml = new MLContext(seed: 1);
        IDataView rows = ml.Data.LoadFromEnumerable<FileRow>([]);
        var pipeline = ml.Transforms.LoadFaceImages("Image", nameof(FileRow.ImagePath)).Append(ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options
        {
            WeightsFile = weights,
            Architecture = BackboneArchitecture.MobileFaceNet,
            InferencePrecision = precision,
        })).Fit(rows);
        using var engine = ml.Model.CreatePredictionEngine<FileRow, EmbeddingRow>(pipeline);
        for (int done = 0; done <= predictions; done++)
        {
            engine.Predict(new FileRow { ImagePath = file });
            if (done % Math.Max(1, predictions / Reports) == 0)
            {
                using Process self = Process.GetCurrentProcess();
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{precision}, {done} predictions: {DisposeScopeManager.Statistics.ThreadTotalLiveCount} tensors alive, resident set {self.WorkingSet64 / (1 << 20)} MiB"));
            }
        }
    }
}
