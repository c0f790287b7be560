using System.Diagnostics.Metrics;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Serving;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Serving;

/// <summary>Faces of concurrent callers in one forward pass; how many, the meter tells.</summary>
[TestClass]
public class EmbeddingQueueTests
{
    private static readonly MLContext Ml = new(seed: 1);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(50);
    private static DrawnPeople s_people = null!;
    private static string[] s_pictures = [];
    private static float[][] s_expected = [];
    private static string s_zip = "";

    [ClassInitialize]
    public static void Save(TestContext _)
    {
        s_people = new DrawnPeople(people: 4, picturesPerPerson: 2);
        IDataView data = Ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        s_pictures = [.. data.GetColumn<string>("ImagePath")];
        s_zip = Path.Combine(s_people.Folder, "faces.zip");
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        var model = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(embedding);
        s_expected = [.. model.Transform(data).GetColumn<float[]>("Embedding")];
        Ml.Model.Save(model, data.Schema, s_zip);
    }

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestMethod]
    public async Task EmbedAsync_ConcurrentCallers_ShareForwardPasses()
    {
        // Nobody waits in vain: the passes begin when they are full.
        using var passes = new PassSizes();
        await using FaceEmbedder embedder = Create(maxBatchSize: 4, Long);
        FaceEmbedding[] embeddings = await Task.WhenAll(s_pictures.Select(picture => embedder.EmbedAsync(picture)));
        CollectionAssert.AreEqual(new[] { 4, 4 }, passes.Sizes);
        for (int i = 0; i < s_pictures.Length; i++)
        {
            FaceEmbedderTests.IsSame(s_expected[i], embeddings[i].Vector);
        }
    }

    [TestMethod]
    public async Task EmbedAsync_OneCaller_WaitsNoLongerThanTheDelay()
    {
        using var passes = new PassSizes();
        await using FaceEmbedder embedder = Create(maxBatchSize: 4, TimeSpan.FromMilliseconds(1));
        FaceEmbedderTests.IsSame(s_expected[2], (await embedder.EmbedAsync(s_pictures[2]).WaitAsync(Long)).Vector);
        CollectionAssert.AreEqual(new[] { 1 }, passes.Sizes);
    }

    [TestMethod]
    public async Task EmbedAsync_OneBadPhotograph_FailsItsOwnCallerOnly()
    {
        using var passes = new PassSizes();
        await using FaceEmbedder embedder = Create(maxBatchSize: 3, Long);
        Task<FaceEmbedding>[] good = [.. s_pictures.Take(3).Select(picture => embedder.EmbedAsync(picture))];
        Task<FaceEmbedding> bad = embedder.EmbedAsync(new byte[] { 1, 2, 3 });
        await Assert.ThrowsExactlyAsync<FaceImageException>(() => bad);
        FaceEmbedding[] embeddings = await Task.WhenAll(good);
        FaceEmbedderTests.IsSame(s_expected[1], embeddings[1].Vector);
        CollectionAssert.AreEqual(new[] { 3 }, passes.Sizes);
    }

    [TestMethod]
    public async Task EmbedAsync_Cancelled_LeavesThePassToTheOthers()
    {
        await using FaceEmbedder embedder = Create(maxBatchSize: 3, TimeSpan.FromSeconds(1));
        using var cancel = new CancellationTokenSource();
        Task<FaceEmbedding> cancelled = embedder.EmbedAsync(s_pictures[0], cancel.Token), kept = embedder.EmbedAsync(s_pictures[1]);
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => cancelled);
        FaceEmbedderTests.IsSame(s_expected[1], (await kept.WaitAsync(Long)).Vector);

        // It waits in the queue for others when it is cancelled, which leaves its place to nobody.
        using var passes = new PassSizes();
        using ModelLease<ServedModel> model = ServedModel.Load(Ml, s_zip);
        await using var queue = new EmbeddingQueue(new FaceEmbedder.Options { MaxBatchSize = 2, MaxBatchDelay = Long });
        using var later = new CancellationTokenSource();
        Task<RawEmbedding> first = queue.EmbedAsync(model, new byte[FaceTensor.ByteCount], later.Token);
        await later.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => first);
        _ = await queue.EmbedAsync(model, new byte[FaceTensor.ByteCount], CancellationToken.None).WaitAsync(Long);
        CollectionAssert.AreEqual(new[] { 1 }, passes.Sizes);
    }

    private static FaceEmbedder Create(int maxBatchSize, TimeSpan maxDelay) =>
        new(s_zip, new FaceEmbedder.Options { MaxBatchSize = maxBatchSize, MaxBatchDelay = maxDelay, ReloadInterval = null });

    /// <summary>Listens to the embedder's meter.</summary>
    private sealed class PassSizes : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly List<int> _sizes = [];

        public PassSizes()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument is { Meter.Name: EmbeddingQueue.MeterName, Name: EmbeddingQueue.BatchSizeName })
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<int>((_, size, _, _) =>
            {
                lock (_sizes)
                {
                    _sizes.Add(size);
                }
            });
            _listener.Start();
        }

        public int[] Sizes
        {
            get
            {
                lock (_sizes)
                {
                    return [.. _sizes];
                }
            }
        }

        public void Dispose() => _listener.Dispose();
    }
}
