using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tests.Training;
using Microsoft.ML.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Gpu;

/// <summary>Training on a GPU beside training on the processor, with the same seed: the same weights at the start, the same batches.</summary>
[TestClass]
[TestCategory("Gpu")]
[RequiresGpu]
public class GpuTrainingTests
{
    private const int Epochs = 6;

    // Plain steps, so that a difference in the last digit does not change the direction of the next step.
    private static readonly ArcFaceTrainer.Options Quick = new()
    {
        Epochs = Epochs, BatchSize = 8, EmbeddingSize = 64, Seed = 3, Optimizer = TrainingOptimizer.Sgd, LearningRate = 0.01, MarginRampFraction = 0, Precision = TrainingPrecision.Float32,
    };

    private static DrawnPeople s_people = null!;

    public static IEnumerable<object[]> LossIndices => LossTrainingTests.LossIndices;

    [ClassInitialize]
    public static void Draw(TestContext _) => s_people = new DrawnPeople(people: 4, picturesPerPerson: 10);

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestMethod]
    [DataRow(BackboneArchitecture.MobileFaceNet, null)]
    [DataRow(BackboneArchitecture.IResNet18, null)]
    [DataRow(BackboneArchitecture.MobileFaceNet, 1.0)]
    public void Fit_Float32_HasTheLossCurveOfTheProcessor(BackboneArchitecture backbone, double? sampleRate)
    {
        using var exact = new ExactGpuArithmetic();
        ArcFaceTrainer.Options options = Quick with { Backbone = backbone, ClassSampleRate = sampleRate };
        AssertSameCurve(LossCurve(options, gpu: null), LossCurve(options, gpu: 0), tolerance: 0.02);
    }

    [TestMethod]
    public void Fit_BFloat16_LearnsAsInFloat32()
    {
        double[] single = LossCurve(Quick, gpu: 0), rounded = LossCurve(Quick with { Precision = TrainingPrecision.BFloat16 }, gpu: 0);
        AssertSameCurve(single, rounded, tolerance: 0.1);
        Assert.IsLessThan(rounded[0], rounded[^1]);
    }

    [TestMethod]
    [DynamicData(nameof(LossIndices))]
    public void Fit_EveryLoss_RunsInBothPrecisions(int index, string loss)
    {
        FaceLoss chosen = LossTrainingTests.Losses[index];
        foreach (TrainingPrecision precision in Enum.GetValues<TrainingPrecision>())
        {
            var options = Quick with { Epochs = 1, Loss = chosen, ClassSampleRate = chosen.CanSampleClasses ? 0.5 : null, Precision = precision, Optimizer = TrainingOptimizer.AdamW, LearningRate = 1e-3 };
            Assert.IsTrue(LossCurve(options, gpu: 0).All(double.IsFinite), $"{loss} {precision}");
        }
    }

    [TestMethod]
    public void Fit_ValidationSetAndAverages_LeavesNoTensorAlive()
    {
        MLContext ml = GpuContext.Create(0);
        IDataView images = s_people.Images(ml);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        ml.FaceRecognition().Trainers.ArcFace(Quick with { Epochs = 2, ValidationSet = images, WeightAveragingDecay = 0.99 }).Fit(images).Dispose();
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Save_TrainedOnGpu_LoadsOnTheProcessorWithTheSameEmbeddings()
    {
        using var exact = new ExactGpuArithmetic();
        MLContext gpu = GpuContext.Create(0), cpu = GpuContext.Create(null);
        IDataView images = s_people.Images(gpu);
        using FaceEmbeddingTransformer model = gpu.FaceRecognition().Trainers.ArcFace(Quick with { Epochs = 1, ScoreColumnName = "Score" }).Fit(images);
        Assert.IsInstanceOfType<TorchNetwork>(model.Model.Computed);
        using var stream = new MemoryStream();
        gpu.Model.Save(model, images.Schema, stream);
        stream.Position = 0;
        ITransformer loaded = cpu.Model.Load(stream, out _);
        Assert.IsInstanceOfType<InferenceNetwork>(loaded.FaceEmbedding().Model.Computed);
        foreach (string column in new[] { "Embedding", "Score" })
        {
            float[][] expected = [.. model.Transform(images).GetColumn<float[]>(column)], actual = [.. loaded.Transform(images).GetColumn<float[]>(column)];
            Assert.IsLessThan(1e-3, expected.Zip(actual).Max(pair => pair.First.Zip(pair.Second, (a, b) => Math.Abs((double)a - b)).Max()), column);
        }

        (loaded as IDisposable)?.Dispose();
    }

    /// <summary>The mean loss of each epoch.</summary>
    private static double[] LossCurve(ArcFaceTrainer.Options options, int? gpu)
    {
        var losses = new List<double>();
        (double sum, int from, int to) = (0, 0, 0);
        MLContext ml = GpuContext.Create(gpu);
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(options with
        {
            Progress = progress =>
            {
                // A report tells the mean since the last one, and a slow run reports within an epoch too.
                sum += progress.Loss * (progress.Step - to);
                to = progress.Step;
                if (progress.IsEpochEnd)
                {
                    losses.Add(sum / (to - from));
                    (sum, from) = (0, to);
                }
            },
        }).Fit(s_people.Images(ml));
        return [.. losses];
    }

    private static void AssertSameCurve(double[] expected, double[] actual, double tolerance)
    {
        string curves = $"{string.Join(' ', expected)}\n{string.Join(' ', actual)}";
        Assert.HasCount(expected.Length, actual);
        for (int epoch = 0; epoch < expected.Length; epoch++)
        {
            Assert.AreEqual(expected[epoch], actual[epoch], tolerance * expected[epoch], curves);
        }
    }
}
