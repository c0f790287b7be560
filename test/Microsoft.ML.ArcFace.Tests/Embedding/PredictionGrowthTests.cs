using Microsoft.ML.ArcFace.Benchmarks;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

[TestClass]
public class PredictionGrowthTests
{
    /// <summary>Less than 50 KB of each of 2000 predictions; the smallest feature maps of MobileFaceNet's first layers have 1.6 MB.</summary>
    private const long LargestGrowth = 96 << 20;

    private sealed class Upload
    {
        public string ImagePath { get; set; } = "";
    }

    private sealed class Answer
    {
        public float[] Embedding { get; set; } = [];
    }

    [TestMethod]
    [DataRow(InferencePrecision.Float32)]
    [DataRow(InferencePrecision.BFloat16)]
    public void Predict_ManyTimes_NeitherTensorsNorMemoryGrow(InferencePrecision precision) => AssertNothingGrows(precision, times: 2000);

    internal static void AssertNothingGrows(InferencePrecision precision, int times)
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 2);
        string weights = Path.Combine(people.Folder, "mbf.safetensors");
        RandomWeights.Write(BackboneArchitecture.MobileFaceNet, weights);
        var ml = new MLContext(seed: 1);
        var pipeline = ml.Transforms.LoadFaceImages("Image", nameof(Upload.ImagePath)).Append(ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options
        {
            WeightsFile = weights, Architecture = BackboneArchitecture.MobileFaceNet, InferencePrecision = precision,
        })).Fit(ml.Data.LoadFromEnumerable<Upload>([]));
        using var engine = ml.Model.CreatePredictionEngine<Upload, Answer>(pipeline);
        var upload = new Upload { ImagePath = people.AnyPicture };

        Predict(20);
        (long tensors, long bytes) = (DisposeScopeManager.Statistics.ThreadTotalLiveCount, Environment.WorkingSet);
        Predict(times);
        string course = $"{tensors} tensors and {bytes >> 20} MB became {DisposeScopeManager.Statistics.ThreadTotalLiveCount} and {Environment.WorkingSet >> 20}";
        Assert.AreEqual(tensors, DisposeScopeManager.Statistics.ThreadTotalLiveCount, course);
        Assert.IsLessThan(bytes + LargestGrowth, Environment.WorkingSet, course);

        void Predict(int count)
        {
            for (int i = 0; i < count; i++)
            {
                Assert.HasCount(512, engine.Predict(upload).Embedding);
            }

            GC.Collect();
        }
    }
}
