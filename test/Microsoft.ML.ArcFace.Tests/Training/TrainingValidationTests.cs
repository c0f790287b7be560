using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Training;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Training;

[TestClass]
public class TrainingValidationTests
{
    private static readonly MLContext Ml = new(seed: 1);
    private static readonly ArcFaceTrainer.Options Options = new();

    private sealed class Picture
    {
        public byte[] Bytes { get; set; } = [];

        public string Label { get; set; } = "";

        public string RelativePath { get; set; } = "";
    }

    [TestMethod]
    public void AreaUnderRocCurve_PicturesOfOneColour_EqualsThatOfTheEvaluation()
    {
        using var scope = NewDisposeScope();
        using var backbone = new CountingBackbone();
        IDataView pictures = Pictures(people: 4, picturesOfEach: 3);
        TrainingValidation validation = Read(pictures);
        double actual = validation.AreaUnderRocCurve(backbone, CPU, WorkObserver.None, CancellationToken.None);

        var model = FaceEmbeddingModel.Computing(backbone, ones(1, 3), ["Ada"]);
        using var transformer = new FaceEmbeddingTransformer(Ml, model, new EmbeddingColumns("Image", "Embedding", null, null, null), addMirrorImage: false, batchSize: 5);
        VerificationMetrics metrics = Ml.FaceRecognition().EvaluateVerification(transformer.Transform(pictures), Ml.FaceRecognition().AllPairs(pictures, folds: 2));
        Assert.AreEqual(metrics.AreaUnderRocCurve, actual, 1e-6);
        Assert.IsTrue(actual is > 0.55 and < 0.999, $"{actual} says little about how pairs are counted.");
    }

    [TestMethod]
    public void AreaUnderRocCurve_Computed_LeavesNoTensorAlive()
    {
        using var backbone = new CountingBackbone();
        TrainingValidation validation = Read(Pictures(people: 2, picturesOfEach: 2));
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        validation.AreaUnderRocCurve(backbone, CPU, WorkObserver.None, CancellationToken.None);
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    [DataRow(3, 1)]
    [DataRow(1, 3)]
    public void Read_PairsOfOneKindOnly_SaysWhatItTakes(int people, int picturesOfEach) =>
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Read(Pictures(people, picturesOfEach))).Message, "at least one of each");

    private static TrainingValidation Read(IDataView pictures)
    {
        IHost host = ((IHostEnvironment)Ml).Register(nameof(TrainingValidationTests));
        using IChannel channel = host.Start("test");
        return TrainingValidation.Read(host, channel, pictures, Options.Setup, seed: 1, WorkObserver.None);
    }

    /// <summary>Each person has a colour, from which the pictures deviate so far that people overlap.</summary>
    private static IDataView Pictures(int people, int picturesOfEach)
    {
        var random = new Random(3);
        var rows = new List<Picture>();
        for (int person = 0; person < people; person++)
        {
            int[] colour = [random.Next(60, 195), random.Next(60, 195), random.Next(60, 195)];
            for (int picture = 0; picture < picturesOfEach; picture++)
            {
                byte[] own = [.. colour.Select(value => (byte)(value + random.Next(-60, 61)))];
                rows.Add(new Picture { Bytes = EncodedImages.Bmp(112, 112, new SKColor(own[0], own[1], own[2])), Label = $"{person}", RelativePath = $"{person}/{picture}.bmp" });
            }
        }

        IDataView data = Ml.Data.LoadFromEnumerable(rows);
        return Ml.Transforms.LoadFaceImages("Image", "Bytes").Fit(data).Transform(data);
    }
}
