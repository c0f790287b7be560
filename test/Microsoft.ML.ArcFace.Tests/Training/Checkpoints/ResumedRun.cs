using Microsoft.ML.ArcFace.Tests.TestSupport;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>Runs of the trainer that end before their time, and go on.</summary>
internal static class ResumedRun
{
    /// <summary>The weights and class centres of a run, as the bytes of a safetensors file.</summary>
    public static byte[] Weights(ArcFaceTrainer.Options options, DrawnPeople people, List<string>? log = null, MLContext? context = null)
    {
        MLContext ml = context ?? new MLContext(seed: 1);
        ml.Log += (_, line) => log?.Add(line.Message);
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.FullName, "weights");
        IDataView images = people.Images(ml);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(options).Fit(images))
        {
            ml.FaceRecognition().ExportToSafetensors(model, path, includeClassCentres: true);
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount, "Tensors of the run are alive.");
        return File.ReadAllBytes(path);
    }

    /// <summary>Stops a run after so many epochs as a crash would: nothing is written any more.</summary>
    public static void Crash(ArcFaceTrainer.Options options, DrawnPeople people, int epochs, MLContext? context = null)
    {
        MLContext ml = context ?? new MLContext(seed: 1);
        IDataView images = people.Images(ml);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Assert.ThrowsExactly<TimeoutException>(() => ml.FaceRecognition().Trainers.ArcFace(options with
        {
            Progress = progress =>
            {
                if (progress.IsEpochEnd && --epochs == 0)
                {
                    throw new TimeoutException("It crashes here.");
                }
            },
        }).Fit(images));
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount, "Tensors of the run are alive.");
    }

    /// <summary>The names of the checkpoints, the oldest first.</summary>
    public static string[] Files(string folder) => [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)];
}
