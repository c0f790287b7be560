using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Serving;

/// <summary>What began before an embedder is disposed of is answered, wherever it is by then; what begins after is refused.</summary>
[TestClass]
public class DisposalTests
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
        var model = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(embedding).WithThreshold(Thresholds.Of(0.4));
        s_expected = [.. model.Transform(data).GetColumn<float[]>("Embedding")];
        Ml.Model.Save(model, data.Schema, s_zip);
    }

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    /// <summary>None of the passes is full, and no face would be done waiting for others for minutes.</summary>
    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task Dispose_ManyBegunBefore_AreAllAnswered(bool asynchronously)
    {
        FaceEmbedder embedder = Create(maxQueueLength: 7);
        Task<FaceEmbedding>[] begun = [.. Enumerable.Range(0, 250).Select(i => embedder.EmbedAsync(s_pictures[i % s_pictures.Length]))];
        Task<FaceVerification> pair = embedder.VerifyAsync(s_pictures[0], s_pictures[0]);
        if (asynchronously)
        {
            await embedder.DisposeAsync().AsTask().WaitAsync(Long);
        }
        else
        {
            embedder.Dispose();
        }

        Assert.IsTrue(begun.All(task => task.IsCompleted), "Disposing waits for what began.");
        for (int i = 0; i < begun.Length; i++)
        {
            FaceEmbedderTests.IsSame(s_expected[i % s_pictures.Length], (await begun[i]).Vector);
        }

        Assert.IsTrue((await pair).IsSamePerson);
        await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => embedder.EmbedAsync(s_pictures[0]));
        Assert.ThrowsExactly<ObjectDisposedException>(() => embedder.Embed(s_pictures[0]));
        await embedder.DisposeAsync();
        embedder.Dispose();
    }

    [TestMethod]
    public async Task Dispose_ManyThreadsAtOnce_EachWaitsForAllAnswers()
    {
        FaceEmbedder embedder = Create();
        Task<FaceEmbedding>[] begun = [.. Enumerable.Range(0, 40).Select(i => embedder.EmbedAsync(s_pictures[i % s_pictures.Length]))];
        using var start = new Barrier(8);
        Task[] disposing = [.. Enumerable.Range(0, 8).Select(i => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                if (i % 2 == 0)
                {
                    embedder.Dispose();
                }
                else
                {
                    embedder.DisposeAsync().AsTask().GetAwaiter().GetResult();
                }

                return begun.All(task => task.IsCompletedSuccessfully);
            }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        await Task.WhenAll(disposing).WaitAsync(Long);
        Assert.IsTrue(disposing.All(task => ((Task<bool>)task).Result));
    }

    /// <summary>Callers go on calling while it is disposed of: an answer or an ObjectDisposedException, and no other end.</summary>
    [TestMethod]
    public async Task Dispose_WhileOthersCall_AnswersOrRefusesEach()
    {
        for (int round = 0; round < 5; round++)
        {
            FaceEmbedder embedder = Create();
            using var called = new CountdownEvent(8);
            Task<int>[] callers = [.. Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
            {
                for (int answers = 0; ; answers++)
                {
                    Task<FaceEmbedding> task = embedder.EmbedAsync(s_pictures[i]);
                    if (answers == 0)
                    {
                        called.Signal();
                    }

                    try
                    {
                        FaceEmbedderTests.IsSame(s_expected[i], (await task).Vector);
                    }
                    catch (ObjectDisposedException)
                    {
                        return answers;
                    }
                }
            }))];
            called.Wait(Long);
            await embedder.DisposeAsync().AsTask().WaitAsync(Long);
            int[] answered = await Task.WhenAll(callers).WaitAsync(Long);
            Assert.IsTrue(answered.All(count => count >= 1), "The first of each had begun before.");
        }
    }

    [TestMethod]
    public async Task Dispose_CanceledAndFailedRequests_AreNotWaitedForInVain()
    {
        FaceEmbedder embedder = Create();
        using var cancel = new CancellationTokenSource();
        Task<FaceEmbedding>[] begun = [.. Enumerable.Range(0, 6).Select(i => i % 2 == 0 ? embedder.EmbedAsync(s_pictures[0], cancel.Token) : embedder.EmbedAsync(new byte[] { 1, 2, 3 }))];
        await cancel.CancelAsync();
        await embedder.DisposeAsync().AsTask().WaitAsync(Long);
        Assert.IsTrue(begun.All(task => task.IsCompleted));
        Assert.AreEqual(3, begun.Count(task => task.Exception?.InnerException is FaceImageException));
    }

    private static FaceEmbedder Create(int maxQueueLength = 1024) =>
        new(s_zip, new FaceEmbedder.Options { MaxBatchSize = 1000, MaxBatchDelay = TimeSpan.FromMinutes(1), MaxQueueLength = maxQueueLength, ReloadInterval = null });
}
