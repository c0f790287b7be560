using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using SkiaSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

/// <summary>A trainer reads its data in several passes; the network's forward passes and the lines of the log are counted.</summary>
[TestClass]
public class RepeatedPassesTests
{
    private const int People = 4, PhotographsEach = 2, BatchSize = 8;

    private readonly MLContext _ml = new(seed: 1);
    private readonly List<string> _warnings = [];
    private readonly CountingBackbone _backbone = new();

    public RepeatedPassesTests() => _ml.Log += (_, line) =>
    {
        if (line.Kind == ChannelMessageKind.Warning && line.Message.Contains("third time", StringComparison.Ordinal))
        {
            _warnings.Add(line.Message);
        }
    };

    private sealed class Upload
    {
        public byte[] Bytes { get; set; } = [];

        public string Label { get; set; } = "";
    }

    [TestMethod]
    [DataRow(1, 0)]
    [DataRow(2, 0)]
    [DataRow(3, 1)]
    [DataRow(6, 1)]
    public void Transform_SameRows_WarnsInTheThirdPassOnce(int passes, int warnings)
    {
        using FaceEmbeddingTransformer transformer = Create();
        for (int pass = 0; pass < passes; pass++)
        {
            // Each time a view of its own: what counts are the photographs.
            Assert.AreEqual(People * PhotographsEach, transformer.Transform(Images()).GetColumn<float[]>("Embedding").Count());
        }

        Assert.HasCount(passes, _backbone.PassSizes);
        Assert.HasCount(warnings, _warnings);
        Assert.IsTrue(_warnings.TrueForAll(line => line.Contains("AppendCacheCheckpoint", StringComparison.Ordinal) && line.Contains("ml.Data.Cache", StringComparison.Ordinal) && line.Contains("'Embedding'", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Transform_OtherRowsOrBeginningsOrOneRow_NeverWarns()
    {
        using FaceEmbeddingTransformer transformer = Create();
        for (int pass = 0; pass < 5; pass++)
        {
            _ = transformer.Transform(Images(first: 30 * pass)).GetColumn<float[]>("Embedding").Count();
            _ = transformer.Transform(Images()).GetColumn<float[]>("Embedding").First();
            _ = transformer.Transform(_ml.Data.TakeRows(Images(), 1)).GetColumn<float[]>("Embedding").Count();
            _ = transformer.Transform(Images()).GetColumn<string>("Label").Count();
        }

        Assert.IsEmpty(_warnings);
    }

    [TestMethod]
    public void Fit_TrainerBehindIt_EmbedsAnewInEachPassUnlessCached()
    {
        // One against all: a binary trainer for each label, each of which reads its data.
        IEstimator<ITransformer> trainer = _ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(_ml.MulticlassClassification.Trainers.OneVersusAll(_ml.BinaryClassification.Trainers.AveragedPerceptron("Label", "Embedding", numberOfIterations: 2)));
        using FaceEmbeddingTransformer transformer = Create();
        IDataView embedded = transformer.Transform(Images());
        trainer.Fit(embedded);
        Assert.IsGreaterThanOrEqualTo(3, _backbone.PassSizes.Count);
        Assert.HasCount(1, _warnings);

        _backbone.PassSizes.Clear();
        using FaceEmbeddingTransformer another = Create();
        IEstimator<ITransformer> cached = new EstimatorChain<ITransformer>().Append(new Made(another)).AppendCacheCheckpoint(_ml).Append(trainer);
        cached.Fit(Images());
        Assert.HasCount(1, _backbone.PassSizes);
        Assert.HasCount(1, _warnings, "No second one.");
    }

    /// <summary>An estimator of a transformer that is there already.</summary>
    private sealed class Made(ITransformer transformer) : IEstimator<ITransformer>
    {
        public ITransformer Fit(IDataView input) => transformer;

        public SchemaShape GetOutputSchema(SchemaShape inputSchema) => inputSchema;
    }

    private FaceEmbeddingTransformer Create()
    {
        using var scope = NewDisposeScope();
        var model = FaceEmbeddingModel.Computing(_backbone, zeros(0, 3), []);
        return new FaceEmbeddingTransformer(_ml, model, new EmbeddingColumns("Image", "Embedding", null, null, null), addMirrorImage: false, BatchSize);
    }

    private IDataView Images(int first = 0)
    {
        IDataView rows = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, People * PhotographsEach)
            .Select(row => new Upload { Bytes = EncodedImages.Bmp(112, 112, new SKColor((byte)((20 * row) + first), 200, 40)), Label = $"{row / PhotographsEach}" }).ToList());
        return _ml.Transforms.LoadFaceImages("Image", "Bytes").Fit(rows).Transform(rows);
    }
}
