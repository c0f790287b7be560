using System.Reflection;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Training;

[TestClass]
public class ArcFaceTrainerTests
{
    private static readonly ArcFaceTrainer.Options Quick = new()
    {
        Epochs = 2,
        BatchSize = 8,
        EmbeddingSize = 32,
        PredictedLabelColumnName = "PredictedLabel",
        ScoreColumnName = "Score",
        CosineColumnName = "Cosine",
    };

    private sealed class Upload
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";
    }

    private sealed class Answer
    {
        public float[] Embedding { get; set; } = [];

        public float[] Score { get; set; } = [];
    }

    [TestMethod]
    public void Fit_SaveAndLoad_OutputsAreBitEqualAndSchemaAgrees()
    {
        using var people = new DrawnPeople(people: 4, picturesPerPerson: 6);
        var ml = new MLContext(seed: 1);
        IDataView data = ml.FaceRecognition().LoadFromFolder(people.Folder);
        var pipeline = ml.Transforms.LoadFaceImages("Image", "ImagePath").Append(ml.FaceRecognition().Trainers.ArcFace(Quick));
        using TransformerChain<FaceEmbeddingTransformer> model = pipeline.Fit(data);
        IDataView embedded = model.Transform(data);
        float[][] before = [.. embedded.GetColumn<float[]>("Embedding")];

        string zip = Path.Combine(people.Folder, "faces.zip");
        ml.Model.Save(model, data.Schema, zip);
        ITransformer loaded = new MLContext().Model.Load(zip, out _);
        IDataView again = loaded.Transform(data);

        float[][] after = [.. again.GetColumn<float[]>("Embedding")];
        Assert.HasCount(24, before);
        for (int i = 0; i < before.Length; i++)
        {
            CollectionAssert.AreEqual(before[i], after[i]);
            Assert.AreEqual(1, before[i].Sum(v => v * v), 1e-5);
        }

        CollectionAssert.AreEqual(
            model.GetOutputSchema(data.Schema).Select(column => $"{column.Name} {column.Type}").ToArray(),
            again.Schema.Select(column => $"{column.Name} {column.Type}").ToArray());
        CollectionAssert.AreEqual(embedded.GetColumn<uint>("PredictedLabel").ToArray(), again.GetColumn<uint>("PredictedLabel").ToArray());

        using PredictionEngine<Upload, Answer> engine = ml.Model.CreatePredictionEngine<Upload, Answer>(loaded);
        Answer answer = engine.Predict(new Upload { ImagePath = people.AnyPicture });
        Assert.IsGreaterThan(0.9999f, answer.Embedding.Zip(before[0], (a, b) => a * b).Sum());
        Assert.AreEqual(1, answer.Score.Sum(), 1e-4);
        (loaded as IDisposable)?.Dispose();
    }

    [TestMethod]
    public void Fit_SameSeed_GivesTheSameModel()
    {
        using var people = new DrawnPeople(people: 3, picturesPerPerson: 4);
        float[] First()
        {
            var ml = new MLContext(seed: 7);
            IDataView data = ml.FaceRecognition().LoadFromFolder(people.Folder);
            using var model = ml.Transforms.LoadFaceImages("Image", "ImagePath").Append(ml.FaceRecognition().Trainers.ArcFace(Quick with { Epochs = 1, BatchSize = 4 })).Fit(data);
            return model.Transform(data).GetColumn<float[]>("Embedding").First();
        }

        CollectionAssert.AreEqual(First(), First());
    }

    [TestMethod]
    public void Fit_Disposed_LeavesNoTensorAlive()
    {
        using var people = new DrawnPeople(people: 3, picturesPerPerson: 4);
        var ml = new MLContext(seed: 7);
        IDataView data = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(ml.FaceRecognition().LoadFromFolder(people.Folder)).Transform(ml.FaceRecognition().LoadFromFolder(people.Folder));
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        FaceEmbeddingTransformer transformer = ml.FaceRecognition().Trainers.ArcFace(Quick with { BatchSize = 4 }).Fit(data);
        _ = transformer.Transform(data).GetColumn<float[]>("Embedding").Count();
        transformer.Dispose();
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Fit_OnePerson_SaysThatItTakesTwo()
    {
        using var people = new DrawnPeople(people: 1, picturesPerPerson: 4);
        var exception = Fails<InvalidOperationException>(people.Folder, Quick);
        StringAssert.Contains(exception.Message, "at least 2");
    }

    [TestMethod]
    public void Fit_TextFileNamedJpg_NamesTheFile()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 3);
        string bad = Path.Combine(Path.GetDirectoryName(people.AnyPicture)!, "note.jpg");
        File.WriteAllText(bad, "not a photograph");
        var exception = Fails<FaceImageException>(people.Folder, Quick);
        StringAssert.Contains(exception.Message, "note.jpg");
    }

    [TestMethod]
    public void Fit_TruncatedJpeg_NamesTheFile()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 3);
        byte[] whole = File.ReadAllBytes(people.AnyPicture);
        File.WriteAllBytes(people.AnyPicture, whole[..(whole.Length / 2)]);
        var exception = Fails<FaceImageException>(people.Folder, Quick);
        StringAssert.Contains(exception.Message, "truncated");
    }

    [TestMethod]
    public void Fit_WrongColumns_SaysItInTheWordsOfMLNet()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 3);
        StringAssert.Contains(Fails<ArgumentOutOfRangeException>(people.Folder, Quick with { LabelColumnName = "zz" }).Message, "Could not find label column 'zz'");
        StringAssert.Contains(Fails<ArgumentOutOfRangeException>(people.Folder, Quick with { ImageColumnName = "Label" }).Message, "Schema mismatch for input column 'Label'");
        StringAssert.Contains(Fails<ArgumentOutOfRangeException>(people.Folder, Quick with { LabelColumnName = "Image" }).Message, "Schema mismatch for label column 'Image'");
    }

    [TestMethod]
    public void Options_SeveralViolations_AreReportedTogether()
    {
        var exception = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MLContext().FaceRecognition().Trainers.ArcFace(
            new ArcFaceTrainer.Options { Epochs = -1, LearningRate = double.NaN, Momentum = 1, Loss = new ArcFaceLoss(-1) }));
        foreach (string name in new[] { "Epochs", "LearningRate", "Momentum", "MarginRadians" })
        {
            StringAssert.Contains(exception.Message, name);
        }
    }

    public static IEnumerable<object[]> NumericOptions() =>
        from type in new[] { typeof(ArcFaceTrainer.Options), typeof(FaceAugmentation) }
        from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        let number = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType
        where property.Name != nameof(ArcFaceTrainer.Options.Seed)
        from value in number switch
        {
            _ when number == typeof(int) => new object[] { -1 },
            _ when number == typeof(long) => [-1L],
            _ when number == typeof(double) => [-1.0, double.NaN, double.NegativeInfinity],
            { IsEnum: true } => [Enum.ToObject(number, 99)],
            _ => [],
        }
        select new object[] { property, value };

    [TestMethod]
    [DynamicData(nameof(NumericOptions))]
    public void Options_NegativeOrNotANumber_NameOptionValueAndRange(PropertyInfo option, object value)
    {
        object options = Activator.CreateInstance(option.DeclaringType!)!;
        option.SetValue(options, value);
        var all = options as ArcFaceTrainer.Options ?? new ArcFaceTrainer.Options { Augmentation = (FaceAugmentation)options };
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MLContext().FaceRecognition().Trainers.ArcFace(all)).Message;
        StringAssert.StartsWith(message, FormattableString.Invariant($"{option.Name} is {value}; it must be "));
    }

    [TestMethod]
    public void Fit_CancelledToken_Stops()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 3);
        Fails<OperationCanceledException>(people.Folder, Quick with { CancellationToken = new CancellationToken(canceled: true) });
    }

    [TestMethod]
    public void Fit_AbsurdLearningRate_StopsAndNamesTheCause()
    {
        using var people = new DrawnPeople(people: 3, picturesPerPerson: 8);
        var exception = Fails<TrainingDivergedException>(people.Folder, Quick with { Epochs = 40, BatchSize = 4, LearningRate = 1e30, GradientClippingNorm = double.PositiveInfinity });
        StringAssert.Contains(exception.Message, "learning rate");
    }

    private static TException Fails<TException>(string folder, ArcFaceTrainer.Options options) where TException : Exception
    {
        var ml = new MLContext(seed: 1);
        IDataView data = ml.FaceRecognition().LoadFromFolder(folder);
        var pipeline = ml.Transforms.LoadFaceImages("Image", "ImagePath").Append(ml.FaceRecognition().Trainers.ArcFace(options));
        return Assert.Throws<TException>(() => pipeline.Fit(data));
    }
}
