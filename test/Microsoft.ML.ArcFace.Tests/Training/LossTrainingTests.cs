using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>Every loss through the whole trainer, on drawn faces: it runs, names people, saves, loads and leaves nothing behind; that it learns is tested on heads alone.</summary>
[TestClass]
public class LossTrainingTests
{
    internal static readonly FaceLoss[] Losses =
    [
        new SoftmaxLoss(), new NormSoftmaxLoss(), new SphereFaceLoss(), new CosFaceLoss(), new CombinedMarginLoss(), new ArcFaceLoss(),
        new NormSoftmaxLoss { IntraLossWeight = 1, InterLossWeight = 1 }, new ArcFaceLoss { IntraLossWeight = 1 }, new CenterLoss(),
        new SubCenterArcFaceLoss(), new AdaFaceLoss(), new CurricularFaceLoss(), new MagFaceLoss(), new ElasticFaceLoss(),
        new AngularTripletLoss(), new AngularTripletLoss { Mining = TripletMining.SemiHard }, new TripletLoss(), new TripletLoss { SoftMargin = true },
    ];

    private static readonly ArcFaceTrainer.Options Quick = new()
    {
        Epochs = 1, BatchSize = 8, EmbeddingSize = 16, Seed = 3, WeightAveragingDecay = 0, Augmentation = FaceAugmentation.MirrorOnly,
        PredictedLabelColumnName = "PredictedLabel", ScoreColumnName = "Score", QualityColumnName = "Quality",
    };

    private static DrawnPeople s_people = null!;

    private sealed class Answer
    {
        public uint PredictedLabel { get; set; }

        public float[] Score { get; set; } = [];

        public float Quality { get; set; }
    }

    public static IEnumerable<object[]> LossIndices => Losses.Select((loss, index) => new object[] { index, loss.ToString() });

    [ClassInitialize]
    public static void Draw(TestContext _) => s_people = new DrawnPeople(people: 3, picturesPerPerson: 3);

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestMethod]
    [DynamicData(nameof(LossIndices))]
    public void Fit_WithLoss_NamesPeopleAndGivesTheSameAfterLoading(int index, string loss)
    {
        var ml = new MLContext(seed: 1);
        IDataView images = Images(ml);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(Quick with { Loss = Losses[index] }).Fit(images);
        Answer[] answers = [.. ml.Data.CreateEnumerable<Answer>(model.Transform(images), reuseRowObject: false)];
        foreach (Answer answer in answers)
        {
            Assert.IsTrue(answer.PredictedLabel is >= 1 and <= 3, loss);
            Assert.AreEqual((int)answer.PredictedLabel - 1, Array.IndexOf(answer.Score, answer.Score.Max()), loss);
            Assert.AreEqual(1, answer.Score.Sum(), 1e-4, loss);
            Assert.IsTrue(answer.Quality > 0 && float.IsFinite(answer.Quality), loss);
        }

        using var stream = new MemoryStream();
        ml.Model.Save(model, images.Schema, stream);
        stream.Position = 0;
        ITransformer loaded = new MLContext().Model.Load(stream, out _);
        Answer[] again = [.. ml.Data.CreateEnumerable<Answer>(loaded.Transform(images), reuseRowObject: false)];
        for (int i = 0; i < answers.Length; i++)
        {
            // The matrix product behind the score depends in its last digit on where its operands lie in memory.
            Assert.IsLessThan(1e-5, answers[i].Score.Zip(again[i].Score, (a, b) => Math.Abs((double)a - b)).Max(), loss);
            Assert.AreEqual(answers[i].Quality, again[i].Quality, loss);
        }

        ((IDisposable)loaded).Dispose();
        model.Dispose();
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount, loss);
    }

    [TestMethod]
    public void Fit_SubCentersWithDrop_TrainsAgainWithoutPhotographsFarFromTheirCentre()
    {
        var ml = new MLContext(seed: 1);
        var log = new List<string>();
        ml.Log += (_, line) => log.Add(line.Message);
        IDataView images = Images(ml);
        float[] angles;
        using (FaceEmbeddingTransformer first = ml.FaceRecognition().Trainers.ArcFace(Quick with { BatchSize = 4, Loss = new SubCenterArcFaceLoss(), CosineColumnName = "Cosine" }).Fit(images))
        {
            IDataView scored = first.Transform(images);
            angles = [.. scored.GetColumn<string>("Label").Zip(scored.GetColumn<float[]>("Cosine"), (name, cosines) =>
                (float)(Math.Acos(cosines[first.PersonNames!.ToList().IndexOf(name)]) * 180 / Math.PI)).OrderDescending()];
        }

        // The first training is the same again, so that between its third and fourth largest angle lie three photographs.
        log.Clear();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(
            Quick with { BatchSize = 4, Loss = new SubCenterArcFaceLoss { DropOverDegrees = (angles[2] + angles[3]) / 2 } }).Fit(images);
        Assert.IsTrue(log.Exists(line => line.Contains("without 3 of 9 photographs", StringComparison.Ordinal)), string.Join('\n', log));
        Assert.HasCount(3, model.PersonNames!);
        model.Dispose();
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Fit_SubCentersThatWouldDropMost_KeepsTheFirstTrainingWithAWarning()
    {
        var ml = new MLContext(seed: 1);
        var log = new List<string>();
        ml.Log += (_, line) => log.Add(line.Message);
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(
            Quick with { Loss = new SubCenterArcFaceLoss { DropOverDegrees = 0.001 } }).Fit(Images(ml));
        Assert.IsTrue(log.Exists(line => line.Contains("its model is kept", StringComparison.Ordinal)), string.Join('\n', log));
        Assert.AreEqual(16, model.EmbeddingSize);
    }

    [TestMethod]
    public void Fit_SampledClasses_TrainsAndLeavesNothingBehind()
    {
        var ml = new MLContext(seed: 1);
        IDataView images = Images(ml);
        foreach (double averaging in new[] { 0, 0.9 })
        {
            long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(
                Quick with { ClassSampleRate = 0.5, BatchSize = 2, WeightAveragingDecay = averaging }).Fit(images);
            Assert.IsTrue(model.Transform(images).GetColumn<float[]>("Score").All(score => Math.Abs(score.Sum() - 1) < 1e-4));
            model.Dispose();
            Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
    }

    [TestMethod]
    public void Options_ClassSampleRateOutOfRangeOrWithoutCentres_IsRefused()
    {
        foreach ((double rate, FaceLoss loss, string part) in new (double, FaceLoss, string)[]
        {
            (0, new ArcFaceLoss(), "over 0"), (1.5, new ArcFaceLoss(), "at most 1"), (0.1, new TripletLoss(), "TripletLoss"), (0.1, new SoftmaxLoss(), "SoftmaxLoss"),
        })
        {
            var exception = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MLContext().FaceRecognition().Trainers.ArcFace(Quick with { ClassSampleRate = rate, Loss = loss }));
            StringAssert.Contains(exception.Message, part);
        }
    }

    [TestMethod]
    public void Fit_TripletsFromASetLargerThanTheCache_Trains()
    {
        var ml = new MLContext(seed: 1);
        int lastStep = 0;
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(Quick with
        {
            Loss = new TripletLoss(), Epochs = 2, ImageCacheBytes = 0, Progress = progress => lastStep = progress.Step,
        }).Fit(Images(ml));
        Assert.AreEqual(2, lastStep);
    }

    [TestMethod]
    public void Options_BatchThatDoesNotSuitTheSampler_IsRefused()
    {
        foreach ((int batch, FaceLoss loss, string part) in new (int, FaceLoss, string)[]
        {
            (10, new TripletLoss(), "multiple of 4"), (4, new TripletLoss(), "at least 8"), (512, new AngularTripletLoss(), "at most 256"),
        })
        {
            var exception = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MLContext().FaceRecognition().Trainers.ArcFace(Quick with { BatchSize = batch, Loss = loss }));
            StringAssert.Contains(exception.Message, part);
        }
    }

    private static IDataView Images(MLContext ml, string? folder = null)
    {
        IDataView rows = ml.FaceRecognition().LoadFromFolder(folder ?? s_people.Folder);
        return ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows);
    }
}
