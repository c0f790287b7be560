using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>Training and validation sets that cannot be trained on as they are.</summary>
[TestClass]
public class TrainingInputTests
{
    private static readonly ArcFaceTrainer.Options Quick = new() { Epochs = 1, BatchSize = 4, EmbeddingSize = 16, Seed = 3 };
    private static DrawnPeople s_people = null!;

    [ClassInitialize]
    public static void Draw(TestContext _) => s_people = new DrawnPeople(people: 4, picturesPerPerson: 4);

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestMethod]
    public void Fit_ValidationSetThatCannotBeUsed_FailsBeforeTheTrainingSetIsRead()
    {
        var ml = new MLContext(seed: 1);
        IDataView unreadable = ml.Data.LoadFromEnumerable([new Row { ImagePath = "missing.jpg", Label = "Ada" }]);
        IDataView training = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(unreadable).Transform(unreadable);
        ArcFaceTrainer trainer = ml.FaceRecognition().Trainers.ArcFace(Quick);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => trainer.Fit(training, unreadable)).Message, "Could not find input column 'Image'");
        ArcFaceTrainer patient = ml.FaceRecognition().Trainers.ArcFace(Quick with { EarlyStoppingPatienceEpochs = 2 });
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => patient.Fit(training)).Message, "EarlyStoppingPatienceEpochs is 2");
    }

    [TestMethod]
    public void Fit_ValidationRowsWithoutLabelOrImage_AreAnErrorAndNotLeftOutInSilence()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 3);
        var ml = new MLContext(seed: 1);
        string[] files = [.. Directory.EnumerateFiles(people.Folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        IDataView unlabelled = ml.Data.LoadFromEnumerable(files.Select((file, i) => new Row { ImagePath = file, Label = i == 2 ? "" : $"{i / 3}" }).ToList());
        IDataView unreadable = ml.Data.LoadFromEnumerable(files.Select((file, i) => new Row { ImagePath = i == 4 ? "missing.jpg" : file, Label = $"{i / 3}" }).ToList());
        ArcFaceTrainer trainer = ml.FaceRecognition().Trainers.ArcFace(Quick);
        StringAssert.Contains(Refused(unlabelled), $"In the validation set 1 of 6 rows have no value in the label column 'Label' (row 2, '{files[2]}')");
        StringAssert.Contains(Refused(unreadable), "In the validation set 1 of 6 rows have no photograph in the image column 'Image' (row 4, 'missing.jpg')");

        string Refused(IDataView rows)
        {
            IDataView images = ml.Transforms.LoadFaceImages("Image", "ImagePath", unreadableImages: UnreadableImages.Skip).Fit(rows).Transform(rows);
            return Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(s_people.Images(ml), images)).Message;
        }
    }

    [TestMethod]
    public void Fit_LoaderOfMLNetOnAFileThatIsNoImage_IsAnError()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 2);
        File.WriteAllText(people.AnyPicture, "not a photograph");
        var ml = new MLContext(seed: 1);
        IDataView rows = ml.FaceRecognition().LoadFromFolder(people.Folder);
        var pipeline = ml.Transforms.LoadImages("Image", imageFolder: null, inputColumnName: "ImagePath").Append(ml.FaceRecognition().Trainers.ArcFace(Quick));
        Assert.Contains("Invalid input stream contents", Assert.ThrowsExactly<ArgumentException>(() => pipeline.Fit(rows)).Message);
    }

    [TestMethod]
    public void Fit_LabelThatIsAHash_IsRefusedBeforeMemoryIsTakenForItsValues()
    {
        var ml = new MLContext(seed: 1);
        IDataView hashed = ml.Transforms.Conversion.Hash("Label", numberOfBits: 31).Fit(s_people.Images(ml)).Transform(s_people.Images(ml));
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => ml.FaceRecognition().Trainers.ArcFace(Quick).Fit(hashed)).Message, "is a key of 2147483648 values");
    }

    [TestMethod]
    public void Fit_SkippedImages_AreLeftOutWithAWarning()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 4);
        File.WriteAllText(people.AnyPicture, "not a photograph");
        var ml = new MLContext(seed: 1);
        IDataView rows = ml.FaceRecognition().LoadFromFolder(people.Folder);
        IDataView images = ml.Transforms.LoadFaceImages("Image", "ImagePath", unreadableImages: UnreadableImages.Skip).Fit(rows).Transform(rows);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => ml.FaceRecognition().Trainers.ArcFace(Quick).Fit(images)).Message, "1 of 8 rows have no photograph");
        using FaceEmbeddingTransformer model = ml.FaceRecognition().Trainers.ArcFace(Quick with { BatchSize = 2, UnreadableImages = UnreadableImages.Skip }).Fit(images);
        Assert.HasCount(2, model.PersonNames!);
    }

    [TestMethod]
    public void Fit_OnePhotographEach_SaysWhatIsMissing()
    {
        using var people = new DrawnPeople(people: 5, picturesPerPerson: 1);
        var ml = new MLContext(seed: 1);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => ml.FaceRecognition().Trainers.ArcFace(Quick).Fit(people.Images(ml))).Message, "single photograph");
    }

    [TestMethod]
    public void Fit_MissingLabel_NamesTheRow()
    {
        var ml = new MLContext(seed: 1);
        var rows = Directory.EnumerateFiles(s_people.Folder, "*.jpg", SearchOption.AllDirectories)
            .Select((path, i) => new Row { ImagePath = path, Label = i == 5 ? "" : Path.GetFileName(Path.GetDirectoryName(path))! }).ToList();
        IDataView data = ml.Data.LoadFromEnumerable(rows);
        IDataView images = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Transform(data);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => ml.FaceRecognition().Trainers.ArcFace(Quick).Fit(images)).Message, "row 5");
    }

    private sealed class Row
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";
    }
}
