using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Training;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>What a run is known by: which options count, and their text, which checkpoints keep and resumed runs are compared by.</summary>
[TestClass]
public class RunIdentityTests
{
    /// <summary>By reflection, as checkpoints of the first version were written.</summary>
    private static readonly JsonSerializerOptions ByReflection = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
    };

    public static IEnumerable<object[]> Losses => typeof(FaceLoss).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(FaceLoss))).Select(type => new object[] { type });

    [TestMethod]
    [DynamicData(nameof(Losses))]
    public void Of_EachLoss_IsTheTextOfTheFirstVersion(Type type)
    {
        ConstructorInfo constructor = type.GetConstructors().MaxBy(candidate => candidate.GetParameters().Length)!;
        var loss = (FaceLoss)constructor.Invoke([.. constructor.GetParameters().Select(parameter => parameter.DefaultValue)]);
        Assert.AreEqual($"{type.Name} {JsonSerializer.Serialize(loss, type, ByReflection)}", RunIdentity.Of(new ArcFaceTrainer.Options { Loss = loss }.Recipe).Values["Loss"]);
    }

    [TestMethod]
    public void Options_EveryOne_IsOfTheRecipeOrOfTheSetup()
    {
        string[] recipe = [.. Options(typeof(TrainingRecipe))], setup = [.. Options(typeof(TrainingSetup))];
        CollectionAssert.AreEquivalent(Options(typeof(ArcFaceTrainer.Options)), recipe.Concat(setup).ToArray(), "An option that decides weights belongs to TrainingRecipe, any other to TrainingSetup; none to both.");
    }

    [TestMethod]
    public void Of_EachOption_ComesFromTheOptionOfItsName()
    {
        ArcFaceTrainer.Options options = Full;
        foreach (object part in new object[] { options.Recipe, options.Setup })
        {
            foreach (string name in Options(part.GetType()))
            {
                object? value = Value(options, name);
                Assert.IsTrue(value is not null && !value.Equals(Value(new ArcFaceTrainer.Options(), name)), $"{name} has its default here: give it another value, so that it is tried.");
                Assert.AreEqual(value, Value(part, name), name);
            }
        }
    }

    [TestMethod]
    public void Of_EachOptionOfTheRecipe_IsTheTextOfTheFirstVersion()
    {
        TrainingRecipe recipe = Full.Recipe with { InitialWeights = null, Teacher = null };
        IReadOnlyDictionary<string, string> values = RunIdentity.Of(recipe).Values;
        CollectionAssert.AreEquivalent(Options(typeof(TrainingRecipe)), values.Keys.ToArray());
        foreach (string name in Options(typeof(TrainingRecipe)).Except([nameof(TrainingRecipe.InitialWeights), nameof(TrainingRecipe.Teacher)]))
        {
            object value = Value(recipe, name)!;
            string json = JsonSerializer.Serialize(value, value.GetType(), ByReflection);
            Assert.AreEqual(json.StartsWith('{') ? $"{value.GetType().Name} {json}" : json.Trim('"'), values[name], name);
        }

        IReadOnlyDictionary<string, string> without = RunIdentity.Of(recipe with { Epochs = null, Seed = null }).Values;
        Assert.AreEqual("null", without["Epochs"]);
        Assert.IsFalse(without.ContainsKey("Seed"), "Any will do.");
        IReadOnlyDictionary<string, string> published = RunIdentity.Of(recipe with { Pixels = null, RenewNorms = false }).Values;
        Assert.IsFalse(published.ContainsKey("Pixels") || published.ContainsKey("RenewNorms"), "Runs of versions that had no such option go on.");
    }

    [TestMethod]
    public void Of_InitialWeights_AreKnownByTheirBytes()
    {
        using var folder = new TemporaryFolder();
        string Hash(string name, byte[] bytes) => RunIdentity.Of(new ArcFaceTrainer.Options { InitialWeights = folder.Write(name, bytes) }.Recipe).Hash;
        string hash = Hash("one.pth", [1]);
        Assert.AreEqual(hash, Hash("copy.pth", [1]));
        Assert.AreNotEqual(hash, Hash("one.pth", [2]));
    }

    [TestMethod]
    public void Of_Teacher_IsKnownByItsBytesAndHowItIsListenedTo()
    {
        using var folder = new TemporaryFolder();
        string Text(string name, byte[] bytes, double weight) => RunIdentity.Of(new ArcFaceTrainer.Options { Teacher = new FaceTeacher(folder.Write(name, bytes)) { Weight = weight } }.Recipe).Values["Teacher"];
        string text = Text("one.onnx", [1], 20);
        Assert.AreEqual(text, Text("copy.onnx", [1], 20));
        Assert.AreNotEqual(text, Text("one.onnx", [2], 20));
        Assert.AreNotEqual(text, Text("one.onnx", [1], 21));
        StringAssert.Contains(text, "\"MixedShare\":");
    }

    [TestMethod]
    public void RunState_NumbersThatAreNotFinite_ComeBack()
    {
        using var folder = new TemporaryFolder();
        var saved = new SavedState();
        var part = new Part { Value = double.NaN, Values = [1, double.PositiveInfinity] };
        saved.Part("part", part);
        Checkpoint checkpoint = Checkpoint.Write(Path.Combine(folder.FullName, "checkpoint"), RunIdentity.Of(new ArcFaceTrainer.Options().Recipe), saved);
        using var loaded = new LoadedState(Checkpoint.Open(checkpoint.Path));
        var other = new Part();
        loaded.Part("part", other);
        loaded.Complete();
        Assert.AreEqual(double.NaN, other.Value);
        CollectionAssert.AreEqual(part.Values, other.Values);
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => loaded.Part("another", other)).Message, "another.value");
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => loaded.Number("part.values", 0)).Message, "part.values: [1,");
    }

    /// <summary>A value for each option that is not its default, and one that is not finite.</summary>
    private static ArcFaceTrainer.Options Full => new()
    {
        Backbone = BackboneArchitecture.IResNet18, EmbeddingSize = 16, InitialWeights = "weights.pth", Pixels = FacePixels.ImageNet, RenewNorms = true, BackboneLearningRateShare = 0.2, FrozenStages = 1,
        Teacher = new FaceTeacher("teacher.onnx"), Dropout = 0.1, Loss = new CosFaceLoss(),
        ClassSampleRate = 0.5, Epochs = 3, BatchSize = 8, PhotographsPerPerson = 2, Precision = TrainingPrecision.Float32, Optimizer = TrainingOptimizer.Sgd, LearningRate = 1e-7,
        Decay = LearningRateDecay.Step, WarmUpFraction = 0, MarginRampFraction = 1, Momentum = 0.8, WeightDecay = 5e-4, GradientClippingNorm = double.PositiveInfinity, Augmentation = FaceAugmentation.Light,
        WeightAveragingDecay = 0.999, Seed = 7, ImageColumnName = "I", LabelColumnName = "L", ValidationSet = new MLContext().Data.LoadFromEnumerable([new { X = 1 }]), UnreadableImages = UnreadableImages.Skip,
        RequireAligned = true, ImageCacheBytes = 1, EarlyStoppingPatienceEpochs = 2, StopAfterEpoch = 1, EmbeddingColumnName = "E", PredictedLabelColumnName = "P", ScoreColumnName = "S", CosineColumnName = "C",
        QualityColumnName = "Q", AddMirrorImage = true, InferenceBatchSize = 5, InferencePrecision = InferencePrecision.BFloat16, CheckpointDirectory = "checkpoints", CheckpointEverySteps = 4, CheckpointsKept = 3,
        Resume = false, TensorBoardDirectory = "events", Progress = _ => { }, CancellationToken = new CancellationToken(canceled: true),
    };

    /// <summary>The properties that are set.</summary>
    private static string[] Options(Type type) =>
        [.. type.GetProperties(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance).Where(property => property.CanWrite).Select(property => property.Name)];

    private static object? Value(object owner, string name) => owner.GetType().GetProperty(name, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(owner);

    private sealed class Part : IRunPart
    {
        public double Value { get; set; }

        public double[] Values { get; set; } = [];

        public void Transfer(RunState state)
        {
            Value = state.Number("value", Value);
            Values = state.Numbers("values", Values, count: 2);
        }
    }
}
