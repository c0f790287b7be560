using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Progress;

/// <summary>The long work of the library reports itself and can be stopped.</summary>
[TestClass]
public class CatalogProgressTests
{
    private static DrawnPeople s_people = null!;

    [ClassInitialize]
    public static void Draw(TestContext _) => s_people = new DrawnPeople(people: 4, picturesPerPerson: 4);

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestMethod]
    public void Catalog_TrainingEvaluatingPacking_ReportsEach()
    {
        var ml = new MLContext(seed: 1);
        var ends = new List<(string Work, long Done, long? Total)>();
        FaceRecognitionCatalog faces = ml.FaceRecognition(progress =>
        {
            if (progress.IsEnd && progress.Work != "photographs found")
            {
                ends.Add((progress.Work, progress.Done, progress.Total));
            }
        });
        var options = new ArcFaceTrainer.Options { Epochs = 2, BatchSize = 4, EmbeddingSize = 16, ValidationSet = s_people.Images(ml) };
        using FaceEmbeddingTransformer model = faces.Trainers.ArcFace(options).Fit(s_people.Images(ml));
        CollectionAssert.AreEqual(
            new (string, long, long?)[]
            {
                ("photographs decoded", 16, 16), ("validation photographs decoded", 16, 16),
                ("validation photographs embedded", 16, 16), ("validation photographs embedded", 16, 16), ("training steps", 8, 8),
            },
            ends);

        ends.Clear();
        IDataView photographs = faces.LoadFromFolder(s_people.Folder), embedded = model.Transform(s_people.Images(ml));
        IReadOnlyList<FacePair> pairs = faces.AllPairs(photographs, folds: 2);
        faces.EvaluateVerification(embedded, pairs);
        faces.EvaluateAngles(embedded);
        faces.CalibrateThreshold(embedded, pairs, 0.2);
        CollectionAssert.AreEqual(Enumerable.Repeat(("photographs embedded", 16L, (long?)16), 3).ToArray(), ends);

        ends.Clear();
        using var folder = new TemporaryFolder();
        faces.SaveAsRecordIO(photographs, Path.Combine(folder.FullName, "train.rec"));
        faces.WriteReport(Path.Combine(folder.FullName, "report.html"), embedded, pairs);
        CollectionAssert.AreEqual(new[] { "photographs packed", "photographs embedded", "photographs read" }, ends.Select(end => end.Work).ToArray());
    }

    [TestMethod]
    public void EvaluateVerification_Canceled_StopsAmongTheRows()
    {
        var ml = new MLContext(seed: 1);
        using var stop = new CancellationTokenSource();
        IDataView vectors = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 40).Select(i =>
        {
            if (i == 20)
            {
                stop.Cancel();
            }

            return new Row { RelativePath = $"{i}", Embedding = [i, 1] };
        }));
        FacePair[] pairs = [.. Enumerable.Range(0, 20).Select(i => new FacePair($"{2 * i}", $"{(2 * i) + 1}", i % 2 == 0, i / 10))];
        Assert.ThrowsExactly<OperationCanceledException>(() => ml.FaceRecognition(progress: null, stop.Token).EvaluateVerification(vectors, pairs));
    }

    [TestMethod]
    public void Fit_CanceledWithCheckpoints_NamesTheOneThatKeepsIt()
    {
        using var folder = new TemporaryFolder();
        foreach (string? checkpoints in new[] { null, folder.FullName })
        {
            using var stop = new CancellationTokenSource();
            var options = new ArcFaceTrainer.Options
            {
                Epochs = 3, BatchSize = 4, EmbeddingSize = 16, CheckpointDirectory = checkpoints, CancellationToken = stop.Token,
                Progress = progress =>
                {
                    if (progress.IsEpochEnd)
                    {
                        stop.Cancel();
                    }
                },
            };
            var ml = new MLContext(seed: 1);
            TrainingCanceledException canceled = Assert.ThrowsExactly<TrainingCanceledException>(() => ml.FaceRecognition().Trainers.ArcFace(options).Fit(s_people.Images(ml)));
            Assert.AreEqual((2, 4, 12), (canceled.Epoch, canceled.Step, canceled.Steps));
            Assert.AreEqual(checkpoints is null ? null : Path.Combine(checkpoints, "checkpoint-0000000004.safetensors"), canceled.CheckpointPath);
            Assert.IsTrue(canceled.CheckpointPath is null || File.Exists(canceled.CheckpointPath));
        }
    }

    private sealed class Row
    {
        public string RelativePath { get; set; } = "";

        [Microsoft.ML.Data.VectorType(2)]
        public float[] Embedding { get; set; } = [];
    }
}
