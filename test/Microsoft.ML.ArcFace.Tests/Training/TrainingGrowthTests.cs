using Microsoft.ML.ArcFace.Tests.TestSupport;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Training;

[TestClass]
public class TrainingGrowthTests
{
    /// <summary>A step of 8 faces takes over 100 MB: one epoch that kept the feature maps of one step would show.</summary>
    private const long LargestGrowth = 64 << 20;

    [TestMethod]
    public void Fit_ThreeEpochs_NeitherTensorsNorMemoryGrow()
    {
        using var people = new DrawnPeople(people: 4, picturesPerPerson: 4);
        var ml = new MLContext(seed: 1);
        IDataView images = people.Images(ml);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var epochs = new List<(long Tensors, long ResidentBytes)>();
        ml.FaceRecognition().Trainers.ArcFace(new ArcFaceTrainer.Options
        {
            Epochs = 3, BatchSize = 8, EmbeddingSize = 64, Seed = 1, ClassSampleRate = 0.5,
            Progress = progress =>
            {
                if (progress.IsEpochEnd)
                {
                    GC.Collect();
                    epochs.Add((DisposeScopeManager.Statistics.ThreadTotalLiveCount, Environment.WorkingSet));
                }
            },
        }).Fit(images).Dispose();

        // The first epoch makes what stays: the optimizer's state, torch's caches.
        string course = string.Join(", ", epochs.Select(epoch => $"{epoch.Tensors} tensors and {epoch.ResidentBytes >> 20} MB"));
        Assert.HasCount(3, epochs);
        Assert.AreEqual(epochs[0].Tensors, epochs[2].Tensors, course);
        Assert.IsLessThan(epochs[0].ResidentBytes + LargestGrowth, epochs[2].ResidentBytes, course);
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
