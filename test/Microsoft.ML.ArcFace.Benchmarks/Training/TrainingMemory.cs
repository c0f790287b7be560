using System.Globalization;
using Microsoft.ML.ArcFace.Samples.Drawing;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Benchmarks.Training;

/// <summary>Whether epochs leave memory behind: tensors alive and the resident set at the end of each.</summary>
internal static class TrainingMemory
{
    private const int Epochs = 3, People = 16, PicturesPerPerson = 8;

    public static void Run()
    {
        string folder = Directory.CreateTempSubdirectory("arcface-memory-").FullName;
        try
        {
            DrawnFaces.WriteFolder(folder, People, PicturesPerPerson, seed: 1);
            foreach (TrainingPrecision precision in Enum.GetValues<TrainingPrecision>())
            {
                Run(folder, precision);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Run(string folder, TrainingPrecision precision)
    {
        var ml = new MLContext(seed: 1);
        IDataView rows = ml.FaceRecognition().LoadFromFolder(folder);
        var pipeline = ml.Transforms.LoadFaceImages("Image", "ImagePath").Append(ml.FaceRecognition().Trainers.ArcFace(new ArcFaceTrainer.Options
        {
            Epochs = Epochs,
            Precision = precision,
            Progress = progress =>
            {
                if (progress.IsEpochEnd)
                {
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                        $"Training in {precision}, epoch {progress.Epoch}: {DisposeScopeManager.Statistics.ThreadTotalLiveCount} tensors alive, resident set {Environment.WorkingSet >> 20} MiB"));
                }
            },
        }));
        pipeline.Fit(rows).LastTransformer.Dispose();
    }
}
