using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.ML.ArcFace.Data.Decoding;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Serving;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Serving;

/// <summary>A model's file that is replaced while it is served.</summary>
[TestClass]
public class ServedFileTests
{
    private static readonly MLContext Ml = new(seed: 1);
    private static DrawnPeople s_people = null!;
    private static string s_picture = "";
    private static byte[] s_first = [], s_second = [];

    [ClassInitialize]
    public static void Save(TestContext _)
    {
        s_people = new DrawnPeople(people: 1, picturesPerPerson: 1);
        s_picture = s_people.AnyPicture;
        (s_first, s_second) = (Zip(addMirrorImage: false), Zip(addMirrorImage: true));
    }

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestMethod]
    public void FileReplacedUnderLoad_NoRequestFails_AndEachIsOfOneModel()
    {
        using var folder = new TemporaryFolder();
        string zip = folder.Write("faces.zip", s_first);
        using var embedder = new FaceEmbedder(zip, new FaceEmbedder.Options { ReloadInterval = TimeSpan.FromMilliseconds(20), MaxBatchDelay = TimeSpan.FromMilliseconds(1), MaxBatchSize = 4 });
        Dictionary<string, float[]> vectors = new[] { s_first, s_second }.Select(bytes => Only(folder, bytes)).ToDictionary(face => face.Fingerprint, face => face.Vector);
        Assert.HasCount(2, vectors);

        using var stop = new CancellationTokenSource();
        var seen = new ConcurrentDictionary<string, int>();
        Task[] callers = [.. Enumerable.Range(0, 6).Select(caller => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                FaceEmbedding face = caller % 2 == 0 ? embedder.Embed(s_picture) : await embedder.EmbedAsync(s_picture);
                FaceEmbedderTests.IsSame(vectors[face.Fingerprint], face.Vector);
                seen.AddOrUpdate(face.Fingerprint, 1, (_, count) => count + 1);
            }
        }))];

        // There and back, once by renaming a whole file over it and once by writing into it.
        string former = embedder.Fingerprint;
        var waited = Stopwatch.StartNew();
        try
        {
            string part = folder.Write("faces.zip.part", s_second);
            File.Move(part, zip, overwrite: true);
            WaitUntil(() => embedder.Fingerprint != former && seen.Count == 2, waited, callers);
            File.WriteAllBytes(zip, s_first);
            WaitUntil(() => embedder.Fingerprint == former, waited, callers);
        }
        finally
        {
            stop.Cancel();
        }

        Task.WaitAll(callers);
        Assert.IsTrue(vectors.Keys.All(seen.ContainsKey));
    }

    [TestMethod]
    public void FileReplacedByDamagedOne_IsLogged_AndTheOldModelStays()
    {
        using var folder = new TemporaryFolder();
        string zip = folder.Write("faces.zip", s_first);
        var log = new LogLines();
        using var embedder = new FaceEmbedder(zip, new FaceEmbedder.Options { ReloadInterval = null }, logger: log);
        FaceEmbedding before = embedder.Embed(s_picture);
        foreach (byte[] damaged in new[] { s_second[..(s_second.Length / 2)], new byte[500] })
        {
            File.WriteAllBytes(zip, damaged);
            Assert.IsFalse(embedder.Look(), "It may still be being written.");
            Assert.IsFalse(embedder.Look());
            Assert.IsFalse(embedder.Look(), "A file that was refused is not loaded again.");
            CollectionAssert.AreEqual(before.Vector, embedder.Embed(s_picture).Vector);
        }

        Assert.HasCount(2, log.Lines.Where(line => line.Level == LogLevel.Error && line.Text.Contains("'" + zip + "'", StringComparison.Ordinal)).ToArray());
        File.Delete(zip);
        Assert.IsFalse(embedder.Look());
        File.WriteAllBytes(zip, s_second);
        Assert.IsFalse(embedder.Look());
        Assert.IsTrue(embedder.Look());
        Assert.AreNotEqual(before.Fingerprint, embedder.Embed(s_picture).Fingerprint);
        Assert.IsTrue(log.Lines[^1].Level == LogLevel.Information && log.Lines[^1].Text.Contains(before.Fingerprint, StringComparison.Ordinal));
    }

    [TestMethod]
    public void Load_LastLeaseEnds_FreesTheModel()
    {
        using var folder = new TemporaryFolder();
        string zip = folder.Write("faces.zip", s_first);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        ModelLease<ServedModel> model = ServedModel.Load(Ml, zip);
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount, "Torch has no part in it.");
        ModelLease<ServedModel> request = model.Share();
        model.Dispose();
        ServedModel used = request.Model;
        byte[] face = used.ReadFace(s_picture, attackDetector: null, DecodingLimits.OfProcess(null)).Pixels;
        Assert.HasCount(1, used.Embed(face, count: 1), "A request still uses it.");
        request.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => used.Embed(face, count: 1));
        Assert.IsNull(request.TryShare());

        File.WriteAllBytes(zip, s_first[..^100]);
        Assert.Throws<Exception>(() => ServedModel.Load(Ml, zip));
    }

    [TestMethod]
    public void FileOfEqualLengthAndTime_IsTakenOn()
    {
        using var folder = new TemporaryFolder();
        int length = Math.Max(s_first.Length, s_second.Length) + 1;
        (byte[] first, byte[] second) = (AlteredZip.Padded(s_first, length), AlteredZip.Padded(s_second, length));
        string zip = folder.Write("faces.zip", first);
        DateTime time = File.GetLastWriteTimeUtc(zip);
        using var embedder = new FaceEmbedder(zip, new FaceEmbedder.Options { ReloadInterval = null });
        string former = embedder.Fingerprint;

        // Another file in its place.
        string other = folder.Write("other.zip", second);
        File.SetLastWriteTimeUtc(other, time);
        File.Move(other, zip, overwrite: true);
        Assert.IsFalse(embedder.Look());
        Assert.IsTrue(embedder.Look());
        Assert.AreNotEqual(former, embedder.Fingerprint);

        // The same file written over; where the system does not tell, its bytes are looked at every twelfth time.
        File.WriteAllBytes(zip, first);
        File.SetLastWriteTimeUtc(zip, time);
        Assert.IsTrue(Enumerable.Range(0, 13).Any(_ => embedder.Look()));
        Assert.AreEqual(former, embedder.Fingerprint);
    }

    [TestMethod]
    public void FileTouchedOrReplacedByItself_IsNotLoadedAgain()
    {
        using var folder = new TemporaryFolder();
        string zip = folder.Write("faces.zip", s_first);
        int loads = 0;
        var file = new ServedFile(zip, () => Loaded(zip, ref loads), reloadInterval: null, NullLogger.Instance, TimeSpan.Zero);
        File.SetLastWriteTimeUtc(zip, DateTime.UtcNow.AddDays(-1));
        Assert.IsFalse(file.Look() || file.Look() || file.Look());
        File.Move(folder.Write("same.zip", s_first), zip, overwrite: true);
        Assert.IsFalse(file.Look() || file.Look() || file.Look());
        Assert.AreEqual(1, loads);
    }

    [TestMethod]
    public void LoadThatFailsForAPassingReason_IsTriedAgainEverLater()
    {
        using var folder = new TemporaryFolder();
        string zip = folder.Write("faces.zip", s_first);
        var log = new LogLines();
        (int loads, bool isFull) = (0, false);
        var file = new ServedFile(zip, () => isFull ? throw Full(ref loads) : Loaded(zip, ref loads), reloadInterval: null, log, TimeSpan.Zero);
        string former = Fingerprint(file);
        isFull = true;
        File.WriteAllBytes(zip, s_second);
        var tries = new List<int>();
        for (int look = 0; look < 18; look++)
        {
            int before = loads;
            Assert.IsFalse(file.Look());
            tries.AddRange(loads > before ? [look] : []);
        }

        CollectionAssert.AreEqual(new[] { 1, 2, 4, 8, 16 }, tries);
        isFull = false;
        Assert.IsTrue(Enumerable.Range(0, 64).Any(_ => file.Look()));
        Assert.AreNotEqual(former, Fingerprint(file));
        Assert.IsFalse(Enumerable.Range(0, 100).Any(_ => file.Look()), "It is loaded.");
        Assert.HasCount(5, log.Lines.Where(line => line.Level == LogLevel.Warning && line.Text.Contains("No space left", StringComparison.Ordinal)).ToArray());
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void PipeOrDeviceInPlaceOfTheFile_IsRefusedOnce_AndTheOldModelStays()
    {
        using var folder = new TemporaryFolder();
        string zip = folder.Write("faces.zip", s_first);
        var log = new LogLines();
        using var embedder = new FaceEmbedder(zip, new FaceEmbedder.Options { ReloadInterval = null }, logger: log);
        string former = embedder.Fingerprint;
        foreach (Func<TemporaryFolder, string, string> make in new[] { SpecialFiles.Pipe, SpecialFiles.EndlessDevice })
        {
            File.Move(make(folder, "special"), zip, overwrite: true);
            Assert.IsFalse(SpecialFiles.WithoutWaiting(() => Enumerable.Range(0, 10).Any(_ => embedder.Look())));
        }

        Assert.HasCount(2, log.Lines.Where(line => line.Level == LogLevel.Error).ToArray(), string.Join('\n', log.Lines));
        Assert.AreEqual(former, embedder.Fingerprint);
        File.Move(folder.Write("good.zip", s_second), zip, overwrite: true);
        Assert.IsTrue(Enumerable.Range(0, 3).Any(_ => embedder.Look()));
    }

    [TestMethod]
    public async Task DisposeAsync_WhileAReplacementIsBeingLoaded_DoesNotWaitForIt_AndItIsFreedAfterwards()
    {
        using var folder = new TemporaryFolder();
        string zip = folder.Write("faces.zip", s_first);
        using var begun = new ManualResetEventSlim();
        using var goesOn = new ManualResetEventSlim();
        int loads = 0;
        ModelLease<ServedModel>? late = null;
        var file = new ServedFile(zip, Load, TimeSpan.FromMilliseconds(10), NullLogger.Instance, TimeSpan.FromMilliseconds(1));
        File.WriteAllBytes(zip, s_second);
        Assert.IsTrue(begun.Wait(TimeSpan.FromMinutes(1)));

        // The loader is held until this has returned.
        await file.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1));
        Assert.ThrowsExactly<ObjectDisposedException>(() => file.Lease());
        goesOn.Set();
        Assert.IsTrue(SpinWait.SpinUntil(() => Volatile.Read(ref late) is { } model && !IsAlive(model), TimeSpan.FromMinutes(1)));

        ModelLease<ServedModel> Load()
        {
            bool isFirst = loads == 0;
            ModelLease<ServedModel> model = Loaded(zip, ref loads);
            if (!isFirst)
            {
                begun.Set();
                goesOn.Wait();
                Volatile.Write(ref late, model);
            }

            return model;
        }

        static bool IsAlive(ModelLease<ServedModel> model)
        {
            using ModelLease<ServedModel>? lease = model.TryShare();
            return lease is not null;
        }
    }

    private static IOException Full(ref int loads)
    {
        loads++;
        return new IOException("No space left on device");
    }

    private static string Fingerprint(ServedFile file)
    {
        using ModelLease<ServedModel> model = file.Lease();
        return model.Model.Fingerprint;
    }

    private static ModelLease<ServedModel> Loaded(string zip, ref int loads)
    {
        loads++;
        return ServedModel.Load(Ml, zip);
    }

    private static byte[] Zip(bool addMirrorImage)
    {
        IDataView data = Ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create(addMirrorImage: addMirrorImage);
        using var stream = new MemoryStream();
        Ml.Model.Save(Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(embedding), data.Schema, stream);
        return stream.ToArray();
    }

    private static FaceEmbedding Only(TemporaryFolder folder, byte[] zip)
    {
        using var embedder = new FaceEmbedder(folder.Write("only.zip", zip), new FaceEmbedder.Options { ReloadInterval = null });
        return embedder.Embed(s_picture);
    }

    private static void WaitUntil(Func<bool> condition, Stopwatch waited, Task[] callers)
    {
        while (!condition())
        {
            Assert.IsLessThan(TimeSpan.FromSeconds(60), waited.Elapsed, "The replaced file was not taken on.");
            foreach (Task failed in callers.Where(caller => caller.IsFaulted))
            {
                failed.GetAwaiter().GetResult();
            }

            Thread.Sleep(5);
        }
    }

    private sealed class LogLines : ILogger<FaceEmbedder>
    {
        public List<(LogLevel Level, string Text)> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add((logLevel, formatter(state, exception)));
    }
}
