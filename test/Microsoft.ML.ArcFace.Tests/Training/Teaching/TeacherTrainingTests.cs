using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Training;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>Whole trainings with a teacher: what they report, keep and refuse, and that they go on to the same bits.</summary>
[TestClass]
public class TeacherTrainingTests
{
    private static readonly ArcFaceTrainer.Options Quick = new() { Epochs = 2, BatchSize = 2, EmbeddingSize = 16, Seed = 3 };

    private static DrawnPeople s_people = null!;
    private static TemporaryFolder s_folder = null!;
    private static string s_file = null!;

    [ClassInitialize]
    public static void Draw(TestContext _)
    {
        s_people = new DrawnPeople(people: 4, picturesPerPerson: 2);
        s_folder = new TemporaryFolder();
        s_file = s_folder.Write("teacher.onnx", SmallRecognizers.Write());
    }

    [ClassCleanup]
    public static void Remove()
    {
        s_people.Dispose();
        s_folder.Dispose();
    }

    [TestMethod]
    [DataRow(16), DataRow(24)]
    public void Fit_CrashedWithinAnEpoch_ComesToTheWeightsOfTheWholeRun(int embeddingSize)
    {
        using var folder = new TemporaryFolder();
        using var others = new DrawnPeople(people: 1, picturesPerPerson: 3, seed: 9);
        ArcFaceTrainer.Options options = Quick with
        {
            EmbeddingSize = embeddingSize,
            Teacher = new FaceTeacher(s_file) { RelationWeight = 5, UnlabeledPhotographs = embeddingSize == 24 ? others.Images(new MLContext(seed: 1)) : null },
        };
        byte[] whole = ResumedRun.Weights(options, s_people);
        var interrupted = options with { CheckpointDirectory = folder.FullName, CheckpointEverySteps = 3 };
        ResumedRun.Crash(interrupted, s_people, epochs: 1);
        CollectionAssert.AreEqual(whole, ResumedRun.Weights(interrupted, s_people));
        CollectionAssert.AreNotEqual(whole, ResumedRun.Weights(options with { Teacher = null }, s_people));
    }

    [TestMethod]
    public void Fit_ATeacherOrItsWeightChanged_RefusesTheCheckpoint()
    {
        using var folder = new TemporaryFolder();
        var options = Quick with { Epochs = 1, CheckpointDirectory = folder.FullName, Teacher = new FaceTeacher(s_file) };
        ResumedRun.Weights(options, s_people);
        foreach ((FaceTeacher? other, string difference) in new (FaceTeacher?, string)[]
        {
            (null, "Teacher is not given, it was"), (new FaceTeacher(s_file) { Weight = 3 }, "Teacher.Weight is 3, it was 20"),
            (new FaceTeacher(s_folder.Write("other.onnx", SmallRecognizers.Write(activates: false))), "Teacher is another one"),
        })
        {
            StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => ResumedRun.Weights(options with { Teacher = other }, s_people)).Message, $"are of another run: {difference}. To go on");
        }
    }

    [TestMethod]
    public void Fit_WithATeacher_ReportsItsTermAndTheModelNamesIt()
    {
        var ml = new MLContext(seed: 1);
        using var folder = new TemporaryFolder();
        string events = Path.Combine(folder.FullName, "events"), file = Path.Combine(folder.FullName, "model.zip");
        var reports = new List<TrainingProgress>();
        using FaceEmbeddingTransformer teacher = ml.Transforms.EmbedFaces("Embedding", "Image", s_file).Fit(s_people.Images(ml));
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(Quick with
        {
            Epochs = 6, Teacher = new FaceTeacher(teacher) { Weight = 50, UnlabeledViewShare = 1 }, TensorBoardDirectory = events, Progress = reports.Add,
        }).Fit(s_people.Images(ml));

        Assert.IsLessThan(0.9 * reports.First(report => report.IsEpochEnd).TeacherLoss!.Value, reports[^1].TeacherLoss!.Value, "The student comes nearer.");
        StringAssert.Contains(reports[^1].ToString(), "teacher 0.");
        (long Step, float Value)[] scalars = EventRecords.Scalars(EventRecords.Read(Directory.EnumerateFiles(events).Single()), "train/teacher_loss");
        CollectionAssert.AreEqual(Enumerable.Range(0, 24).Select(step => (long)step).ToArray(), scalars.Select(scalar => scalar.Step).ToArray());

        ml.Model.Save(model, s_people.Images(ml).Schema, file);
        using var loaded = (IDisposable)ml.Model.Load(file, out _);
        var expected = new FaceTeacherSummary("teacher.onnx", teacher.Fingerprint, Weight: 50);
        Assert.AreEqual(expected, ((ITransformer)loaded).FaceEmbedding().Training!.Teacher);
    }

    [TestMethod]
    public void Fit_AModelAndItsFile_TeachAlike()
    {
        var ml = new MLContext(seed: 1);
        string saved = Path.Combine(s_folder.FullName, "teacher.zip");
        using FaceEmbeddingTransformer teacher = ml.Transforms.EmbedFaces("Embedding", "Image", s_file).Fit(s_people.Images(ml));
        ml.Model.Save(teacher, s_people.Images(ml).Schema, saved);
        byte[] byFile = ResumedRun.Weights(Quick with { Teacher = new FaceTeacher(s_file) }, s_people);
        CollectionAssert.AreEqual(byFile, ResumedRun.Weights(Quick with { Teacher = new FaceTeacher(teacher) }, s_people));
        CollectionAssert.AreEqual(byFile, ResumedRun.Weights(Quick with { Teacher = new FaceTeacher(saved) }, s_people));
    }

    [TestMethod]
    public void Fit_UnusableTeacher_IsRefusedBeforeAPhotographIsRead()
    {
        Refused<FileNotFoundException>(Path.Combine(s_folder.FullName, "absent.onnx"), "does not exist");
        Refused<WeightsFormatException>(s_folder.Write("damaged.onnx", SmallRecognizers.Write()[..2000]), "damaged.onnx");
        Refused<WeightsFormatException>(s_folder.Write("small.onnx", SmallRecognizers.Write(size: 16)), "16×16");
        Refused<WeightsFormatException>(s_folder.Write("words.txt", "a teacher"u8.ToArray()), "words.txt");
    }

    [TestMethod]
    public void Describe_WithATeacher_NamesItsFileAndWeight()
    {
        ITrainingSettings settings = Quick with { Teacher = new FaceTeacher("teacher.onnx") { Weight = 2.5 } };
        StringAssert.Contains(settings.Describe()["Teacher"], "File = teacher.onnx, Weight = 2.5,");
    }

    [TestMethod]
    public void Violations_OutOfRange_NameOptionAndRange()
    {
        var teacher = new FaceTeacher("") { Weight = 0, RelationWeight = -1, UnlabeledViewShare = 9, MixedShare = 2 };
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MLContext().FaceRecognition().Trainers.ArcFace(Quick with { Teacher = teacher })).Message;
        foreach (string part in new[] { "File is empty", "Weight is 0", "RelationWeight is -1", "UnlabeledViewShare is 9", "MixedShare is 2" })
        {
            StringAssert.Contains(message, part);
        }
    }

    private static void Refused<TError>(string file, string message) where TError : Exception
    {
        var ml = new MLContext(seed: 1);
        int read = 0;
        IDataView rows = ml.Data.LoadFromEnumerable(Rows());
        IDataView images = ml.Transforms.LoadFaceImages("Image", nameof(Row.ImagePath)).Fit(rows).Transform(rows);
        TError error = Assert.ThrowsExactly<TError>(() => ml.FaceRecognition().Trainers.ArcFace(Quick with { Teacher = new FaceTeacher(file) }).Fit(images));
        StringAssert.Contains(error.Message, message);
        Assert.AreEqual(0, read);

        IEnumerable<Row> Rows()
        {
            foreach (string path in Directory.EnumerateFiles(s_people.Folder, "*.jpg", SearchOption.AllDirectories))
            {
                read++;
                yield return new Row { ImagePath = path, Label = Path.GetFileName(Path.GetDirectoryName(path))! };
            }
        }
    }

    private sealed class Row
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";
    }
}
