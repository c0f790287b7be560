using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

/// <summary>What is computed, and when: the network's forward passes are counted.</summary>
[TestClass]
public class ForwardPassTests
{
    private const int Rows = 10, BatchSize = 4;
    private static readonly MLContext Ml = new(seed: 1);

    private sealed class Upload
    {
        public byte[] Bytes { get; set; } = [];

        public string Label { get; set; } = "";
    }

    private sealed class Picture
    {
        [ImageType(112, 112)]
        public MLImage? Image { get; set; }
    }

    private sealed class Answer
    {
        public float[] Embedding { get; set; } = [];

        public float[] Score { get; set; } = [];
    }

    [TestMethod]
    public void Transform_OnlyOtherColumnsRead_MakesNoPass()
    {
        using FaceEmbeddingTransformer transformer = Create(out CountingBackbone backbone);
        IDataView view = transformer.Transform(Images());
        Assert.AreEqual(Rows, view.GetColumn<string>("Label").Count());
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        while (cursor.MoveNext())
        {
            // All columns are active, none is read.
        }

        Assert.IsEmpty(backbone.PassSizes);
    }

    [TestMethod]
    public void Transform_TenRowsInBatchesOfFour_MakesThreePasses()
    {
        using FaceEmbeddingTransformer transformer = Create(out CountingBackbone backbone);
        Assert.AreEqual(Rows, transformer.Transform(Images()).GetColumn<float[]>("Embedding").Count());
        CollectionAssert.AreEqual(new long[] { 4, 4, 2 }, backbone.PassSizes);
    }

    [TestMethod]
    public void Transform_AllColumnsOfEachRow_MakesOnePassForEachBatch()
    {
        using FaceEmbeddingTransformer transformer = Create(out CountingBackbone backbone);
        IDataView view = transformer.Transform(Images());
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        ValueGetter<VBuffer<float>> getScore = cursor.GetGetter<VBuffer<float>>(view.Schema["Score"]);
        ValueGetter<VBuffer<float>> getCosine = cursor.GetGetter<VBuffer<float>>(view.Schema["Cosine"]);
        ValueGetter<VBuffer<float>> getEmbedding = cursor.GetGetter<VBuffer<float>>(view.Schema["Embedding"]);
        ValueGetter<uint> getPerson = cursor.GetGetter<uint>(view.Schema["PredictedLabel"]);
        VBuffer<float> values = default;
        uint person = 0;
        while (cursor.MoveNext())
        {
            getScore(ref values);
            getPerson(ref person);
            getCosine(ref values);
            getEmbedding(ref values);
            getEmbedding(ref values);
        }

        CollectionAssert.AreEqual(new long[] { 4, 4, 2 }, backbone.PassSizes);
    }

    [TestMethod]
    public void Transform_FirstRowAlone_MakesOnePass()
    {
        using FaceEmbeddingTransformer transformer = Create(out CountingBackbone backbone);
        _ = transformer.Transform(Images()).GetColumn<float[]>("Embedding").First();
        CollectionAssert.AreEqual(new long[] { 4 }, backbone.PassSizes);
    }

    [TestMethod]
    public void Transform_RowsFarApart_PassesOverThoseBetween()
    {
        using FaceEmbeddingTransformer transformer = Create(out CountingBackbone backbone);
        IDataView view = transformer.Transform(Images());
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Embedding"]]);
        ValueGetter<VBuffer<float>> get = cursor.GetGetter<VBuffer<float>>(view.Schema["Embedding"]);
        VBuffer<float> value = default;
        while (cursor.MoveNext())
        {
            if (cursor.Position is 1 or 9)
            {
                get(ref value);
                AssertColourOf((int)cursor.Position, [.. value.DenseValues()]);
            }
        }

        CollectionAssert.AreEqual(new long[] { 4, 1 }, backbone.PassSizes);
    }

    [TestMethod]
    public void Transform_AddMirrorImage_MakesTwoPassesForEachBatch()
    {
        using FaceEmbeddingTransformer transformer = Create(out CountingBackbone backbone, addMirrorImage: true);
        _ = transformer.Transform(Images()).GetColumn<float[]>("Embedding").Count();
        CollectionAssert.AreEqual(new long[] { 4, 4, 4, 4, 2, 2 }, backbone.PassSizes);
    }

    [TestMethod]
    public void Predict_DifferentImages_EachIsAnsweredByOnePassOfOne()
    {
        using FaceEmbeddingTransformer transformer = Create(out CountingBackbone backbone);
        using var engine = Ml.Model.CreatePredictionEngine<Picture, Answer>(transformer);
        foreach (int row in new[] { 3, 8, 3 })
        {
            using MLImage image = MLImage.CreateFromStream(new MemoryStream(Encoded(row)));
            AssertColourOf(row, engine.Predict(new Picture { Image = image }).Embedding);
        }

        CollectionAssert.AreEqual(new long[] { 1, 1, 1 }, backbone.PassSizes);
    }

    [TestMethod]
    public void Predict_ManyTimes_LeavesNoTensorAlive()
    {
        using FaceEmbeddingTransformer transformer = Create(out _);
        using var engine = Ml.Model.CreatePredictionEngine<Picture, Answer>(transformer);
        using MLImage image = MLImage.CreateFromStream(new MemoryStream(Encoded(0)));
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 5; i++)
        {
            Assert.HasCount(2, engine.Predict(new Picture { Image = image }).Score);
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Predict_UnreadableBytesBetweenGoodOnes_FailsForThoseAlone()
    {
        using FaceEmbeddingTransformer transformer = Create(out _);
        IDataView rows = Ml.Data.LoadFromEnumerable<Upload>([]);
        var model = Ml.Transforms.LoadFaceImages("Image", "Bytes").Fit(rows).Append(transformer);
        using var engine = Ml.Model.CreatePredictionEngine<Upload, Answer>(model);
        AssertColourOf(2, engine.Predict(new Upload { Bytes = Encoded(2) }).Embedding);
        Assert.ThrowsExactly<FaceImageException>(() => engine.Predict(new Upload { Bytes = [1, 2, 3] }));
        AssertColourOf(7, engine.Predict(new Upload { Bytes = Encoded(7) }).Embedding);
    }

    [TestMethod]
    public void Transform_UnreadableImageInABatch_NoRowOfItIsAnsweredWithAnother()
    {
        using FaceEmbeddingTransformer transformer = Create(out _);
        IDataView rows = Ml.Data.LoadFromEnumerable(Enumerable.Range(0, Rows).Select(row => new Upload { Bytes = row == 6 ? [1, 2, 3] : Encoded(row) }).ToList());
        IDataView view = transformer.Transform(Ml.Transforms.LoadFaceImages("Image", "Bytes").Fit(rows).Transform(rows));
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Embedding"]]);
        ValueGetter<VBuffer<float>> get = cursor.GetGetter<VBuffer<float>>(view.Schema["Embedding"]);
        VBuffer<float> value = default;
        for (int row = 0; row < BatchSize; row++)
        {
            Assert.IsTrue(cursor.MoveNext());
            get(ref value);
            AssertColourOf(row, [.. value.DenseValues()]);
        }

        Assert.IsTrue(cursor.MoveNext());
        FaceImageException first = Assert.ThrowsExactly<FaceImageException>(() => get(ref value));
        InvalidOperationException second = Assert.ThrowsExactly<InvalidOperationException>(() => get(ref value));
        Assert.AreSame(first, second.InnerException);
        Assert.Contains("UnreadableImages.Skip", second.Message);
    }

    [TestMethod]
    public void Dispose_OpenViewAndEngine_SayThatTheyCannotBeReadAnyMore()
    {
        FaceEmbeddingTransformer transformer = Create(out _);
        IDataView view = transformer.Transform(Images());
        using var engine = Ml.Model.CreatePredictionEngine<Picture, Answer>(transformer, new PredictionEngineOptions { OwnsTransformer = false });
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Embedding"]]);
        ValueGetter<VBuffer<float>> get = cursor.GetGetter<VBuffer<float>>(view.Schema["Embedding"]);
        VBuffer<float> value = default;
        Assert.IsTrue(cursor.MoveNext());
        transformer.Dispose();

        Assert.ThrowsExactly<ObjectDisposedException>(() => get(ref value));
        using MLImage image = MLImage.CreateFromStream(new MemoryStream(Encoded(0)));
        Assert.ThrowsExactly<ObjectDisposedException>(() => engine.Predict(new Picture { Image = image }));
        Assert.ThrowsExactly<ObjectDisposedException>(() => transformer.Transform(Images()));
        Assert.ThrowsExactly<ObjectDisposedException>(() => Ml.Model.Save(transformer, view.Schema, Stream.Null));
    }

    [TestMethod]
    public void Dispose_WhileOtherThreadsEmbed_LetsThemFinishTheirPass()
    {
        FaceEmbeddingTransformer transformer = FaceEmbeddingTransformerTests.Create(batchSize: 1);
        using var allStarted = new CountdownEvent(3);
        Task[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Factory.StartNew(() =>
        {
            allStarted.Signal();
            while (true)
            {
                _ = transformer.Transform(Images()).GetColumn<float[]>("Embedding").Count();
            }
        }, TaskCreationOptions.LongRunning))];
        allStarted.Wait();
        Thread.Sleep(20);
        transformer.Dispose();
        foreach (Task reader in readers)
        {
            Assert.IsInstanceOfType<ObjectDisposedException>(Assert.ThrowsExactly<AggregateException>(reader.Wait).InnerException);
        }
    }

    private static FaceEmbeddingTransformer Create(out CountingBackbone backbone, bool addMirrorImage = false)
    {
        using var scope = NewDisposeScope();
        backbone = new CountingBackbone();
        var model = FaceEmbeddingModel.Computing(backbone, tensor(new float[] { 1, 0, 0, 0, 1, 0 }, [2, 3]), ["Ada", "Bob"]);
        return new FaceEmbeddingTransformer(Ml, model, new EmbeddingColumns("Image", "Embedding", "PredictedLabel", "Score", "Cosine"), addMirrorImage, BatchSize);
    }

    private static IDataView Images()
    {
        IDataView rows = Ml.Data.LoadFromEnumerable(Enumerable.Range(0, Rows).Select(row => new Upload { Bytes = Encoded(row), Label = $"{row}" }).ToList());
        return Ml.Transforms.LoadFaceImages("Image", "Bytes").Fit(rows).Transform(rows);
    }

    private static SKColor ColourOf(int row) => new((byte)(20 * row), 200, (byte)(255 - (20 * row)));

    /// <summary>A picture of one colour, another for each row.</summary>
    private static byte[] Encoded(int row) => EncodedImages.Bmp(112, 112, ColourOf(row));

    private static void AssertColourOf(int row, float[] embedding)
    {
        SKColor colour = ColourOf(row);
        double[] raw = [.. new[] { colour.Red, colour.Green, colour.Blue }.Select(value => (value - 127.5) / 127.5)];
        double length = Math.Sqrt(raw.Sum(value => value * value));
        for (int i = 0; i < 3; i++)
        {
            Assert.AreEqual(raw[i] / length, embedding[i], 1e-5, $"row {row}");
        }
    }
}
