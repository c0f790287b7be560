using System.Globalization;
using System.Text;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Training;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>What many photographs take while they are listed, looked through and read again, in live managed bytes.</summary>
[TestClass]
public class TrainingMemoryTests
{
    private const int FaceBytes = FaceTensor.ByteCount, SmallestPool = 1024;

    private static readonly MLContext Ml = new(seed: 1);
    private static DrawnPeople s_people = null!;

    private sealed class ListedFace(string path, int number, Action onRead)
    {
        public string ImagePath
        {
            get
            {
                onRead();
                return path;
            }
        }

        public string Label => (number % 2).ToString(CultureInfo.InvariantCulture);
    }

    [ClassInitialize]
    public static void Draw(TestContext _) => s_people = new DrawnPeople(people: 1, picturesPerPerson: 1);

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestMethod]
    public void LoadFromList_ManyPhotographs_TakesLittleMoreThanTheirPaths()
    {
        const int rows = 100_000;
        var list = new StringBuilder();
        for (int i = 0; i < rows; i++)
        {
            list.Append(CultureInfo.InvariantCulture, $"person_{i / 20:D6}/{i % 20:D4}.jpg\tperson_{i / 20:D6}\n");
        }

        using var folder = new TemporaryFolder();
        string file = folder.Write("list.tsv", Encoding.UTF8.GetBytes(list.ToString()));
        long before = GC.GetTotalMemory(forceFullCollection: true);
        IDataView view = Ml.FaceRecognition().LoadFromList(file);
        long perRow = (GC.GetTotalMemory(forceFullCollection: true) - before) / rows;
        Assert.AreEqual(rows, view.GetRowCount());

        // A path of 23 characters takes 68 bytes.
        Assert.IsTrue(perRow is > 0 and < 160, $"{perRow} bytes a row");
    }

    [TestMethod]
    public void Read_MoreThanTheCacheHolds_GathersNone()
    {
        const int rows = 4001;
        (long largest, _) = LargestLiveBytes(rows, images => Read(images, cacheBytes: (rows - 1L) * FaceBytes));
        Assert.IsTrue(largest < 500 * FaceBytes, $"{largest / FaceBytes} of {rows} faces");
    }

    [TestMethod]
    public void Epoch_MoreThanTheCacheHolds_HoldsTheShufflePoolAndAFewBatches()
    {
        const int rows = 3000, batchSize = 32;
        (long largest, int batches) = LargestLiveBytes(rows, images =>
        {
            TrainingFaces faces = Read(images, cacheBytes: 0);
            TrainingPlan plan = TrainingPlan.Choose(new ArcFaceTrainer.Options { Augmentation = FaceAugmentation.MirrorOnly, BatchSize = batchSize }.Recipe, faces.Count, faces.Labels.Count);
            return BatchProducer.Epoch(faces, plan, seed: 1, epoch: 1, skip: 0, CancellationToken.None).Count();
        });
        Assert.AreEqual(rows / batchSize, batches);
        Assert.IsTrue(largest > SmallestPool * FaceBytes && largest < (SmallestPool + 500) * FaceBytes, $"{largest / FaceBytes} of {rows} faces");
    }

    private static TrainingFaces Read(IDataView images, long cacheBytes)
    {
        IHost host = ((IHostEnvironment)Ml).Register(nameof(TrainingMemoryTests));
        using IChannel channel = host.Start("test");
        TrainingFaces faces = TrainingFaces.Read(host, channel, images, new ArcFaceTrainer.Options { ImageCacheBytes = cacheBytes }.Setup, WorkObserver.None);
        Assert.IsNull(faces.Cached);
        return faces;
    }

    /// <summary>The most that lives beyond what lived before, seen at every thousandth photograph.</summary>
    private static (long Bytes, T Result) LargestLiveBytes<T>(int rows, Func<IDataView, T> work)
    {
        int reads = 0;
        long largest = 0;
        string picture = s_people.AnyPicture;
        IDataView listed = Ml.Data.LoadFromEnumerable(Enumerable.Range(0, rows).Select(i => new ListedFace(picture, i, OnRead)).ToList());
        IDataView images = Ml.Transforms.LoadFaceImages("Image", nameof(ListedFace.ImagePath)).Fit(listed).Transform(listed);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        T result = work(images);
        return (largest - before, result);

        void OnRead()
        {
            if (++reads % 1000 == 0)
            {
                largest = Math.Max(largest, GC.GetTotalMemory(forceFullCollection: true));
            }
        }
    }
}
