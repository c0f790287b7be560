using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.ArcFace.Training;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>The text of settings, which checkpoints keep and resumed runs are compared by.</summary>
[TestClass]
public class RunSettingsTests
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
        Assert.AreEqual($"{type.Name} {JsonSerializer.Serialize(loss, type, ByReflection)}", RunSettings.Of(new ArcFaceTrainer.Options { Loss = loss }, seed: 1).Values["Loss"]);
    }

    /// <summary>Options that change neither the steps nor what is kept of them, or that are told by what becomes of them.</summary>
    private static readonly string[] NotOfTheRun =
    [
        nameof(ArcFaceTrainer.Options.ImageColumnName), nameof(ArcFaceTrainer.Options.LabelColumnName), nameof(ArcFaceTrainer.Options.EmbeddingColumnName),
        nameof(ArcFaceTrainer.Options.PredictedLabelColumnName), nameof(ArcFaceTrainer.Options.ScoreColumnName), nameof(ArcFaceTrainer.Options.CosineColumnName),
        nameof(ArcFaceTrainer.Options.QualityColumnName), nameof(ArcFaceTrainer.Options.AddMirrorImage), nameof(ArcFaceTrainer.Options.InferenceBatchSize),
        nameof(ArcFaceTrainer.Options.InferencePrecision), nameof(ArcFaceTrainer.Options.EarlyStoppingPatienceEpochs), nameof(ArcFaceTrainer.Options.Progress),
        nameof(ArcFaceTrainer.Options.CancellationToken), nameof(ArcFaceTrainer.Options.CheckpointDirectory), nameof(ArcFaceTrainer.Options.CheckpointEverySteps),
        nameof(ArcFaceTrainer.Options.CheckpointsKept), nameof(ArcFaceTrainer.Options.Resume), nameof(ArcFaceTrainer.Options.TensorBoardDirectory),
        nameof(ArcFaceTrainer.Options.InitialWeights), nameof(ArcFaceTrainer.Options.ValidationSet), nameof(ArcFaceTrainer.Options.UnreadableImages),
        nameof(ArcFaceTrainer.Options.ImageCacheBytes), nameof(ArcFaceTrainer.Options.RequireAligned), nameof(ArcFaceTrainer.Options.Seed),
    ];

    [TestMethod]
    public void Options_EveryPublicOne_CountsOrIsKnownNotTo() => CollectionAssert.AreEquivalent(
        typeof(ArcFaceTrainer.Options).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(option => option.Name).ToArray(),
        RunSettings.Options.Select(option => option.Name).Concat(NotOfTheRun).ToArray());

    [TestMethod]
    public void Of_EachOption_IsTheTextOfTheFirstVersion()
    {
        // A value for each option that may be null, and one that is not finite.
        var options = new ArcFaceTrainer.Options
        {
            BackboneLearningRateShare = 0.1, ClassSampleRate = 0.5, Epochs = 3, BatchSize = 8, PhotographsPerPerson = 2, Precision = TrainingPrecision.Float32, Optimizer = TrainingOptimizer.Sgd,
            LearningRate = 1e-7, Decay = LearningRateDecay.Step, WarmUpFraction = 0, MarginRampFraction = 1, WeightDecay = 5e-4, GradientClippingNorm = double.PositiveInfinity,
            Augmentation = FaceAugmentation.Light, WeightAveragingDecay = 0.999,
        };
        IReadOnlyDictionary<string, string> values = RunSettings.Of(options, seed: 7).Values;
        Assert.IsGreaterThan(15, RunSettings.Options.Count);
        foreach ((string name, Func<ArcFaceTrainer.Options, object?> read) in RunSettings.Options)
        {
            object? value = read(options);
            Assert.AreEqual(typeof(ArcFaceTrainer.Options).GetProperty(name)!.GetValue(options), value, name);
            Assert.IsNotNull(value, $"{name} has no value here: give it one, so that its type is tried.");
            string json = JsonSerializer.Serialize(value, value.GetType(), ByReflection);
            Assert.AreEqual(json.StartsWith('{') ? $"{value.GetType().Name} {json}" : json.Trim('"'), values[name], name);
        }

        Assert.AreEqual("7", values["Seed"]);
        Assert.AreEqual("null", RunSettings.Of(options with { Epochs = null }, seed: null).Values["Epochs"]);
    }

    [TestMethod]
    public void RunPosition_NumbersThatAreNotFinite_ComeBack()
    {
        RunPosition position = RunPosition.Start with { Step = 3, UntrainedLoss = [1, double.NaN, double.PositiveInfinity] };
        string json = JsonSerializer.Serialize(position, RunJson.Legible.RunPosition);
        Assert.AreEqual(JsonSerializer.Serialize(position, ByReflection), json);
        RunPosition read = JsonSerializer.Deserialize(json, RunJson.Legible.RunPosition)!;
        CollectionAssert.AreEqual(position.UntrainedLoss, read.UntrainedLoss);
        Assert.AreEqual(position with { UntrainedLoss = null }, read with { UntrainedLoss = null });
    }
}
