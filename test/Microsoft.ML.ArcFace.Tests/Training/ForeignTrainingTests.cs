using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Training;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>Training that starts from a network of others.</summary>
[TestClass]
public class ForeignTrainingTests
{
    private static readonly FacePixels Pixels = FacePixels.ImageNet with { ColorOrder = FaceColorOrder.Bgr };
    private static DrawnPeople s_people = null!;
    private static TemporaryFolder s_folder = null!;
    private static ArcFaceTrainer.Options s_quick = null!;

    [ClassInitialize]
    public static void Draw(TestContext _)
    {
        (s_people, s_folder) = (new DrawnPeople(people: 4, picturesPerPerson: 2), new TemporaryFolder());
        string file = Path.Combine(s_folder.FullName, "small.onnx");
        File.WriteAllBytes(file, SmallRecognizers.Write());
        s_quick = new ArcFaceTrainer.Options { Epochs = 2, BatchSize = 2, Seed = 3, InitialWeights = file, Pixels = Pixels, BackboneLearningRateShare = 1 };
    }

    [ClassCleanup]
    public static void Remove()
    {
        s_people.Dispose();
        s_folder.Dispose();
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Fit_GraphOfOthers_TrainsSavesAndGoesOnFromTheModel(bool renewNorms)
    {
        var ml = new MLContext(seed: 1);
        IDataView images = s_people.Images(ml);
        using FaceEmbeddingTransformer before = ml.Transforms.EmbedFaces("Embedding", "Image", s_quick.InitialWeights!, Pixels).Fit(images);
        using FaceEmbeddingTransformer trained = ml.FaceRecognition().Trainers.ArcFace(s_quick with { RenewNorms = renewNorms }).Fit(images);
        Assert.IsNull(trained.Backbone);
        Assert.AreEqual((SmallRecognizers.EmbeddingSize, Pixels), (trained.EmbeddingSize, trained.NetworkFile!.Pixels.Pixels));
        Assert.AreEqual(("small.onnx", before.NetworkFile!.Sha256), (trained.NetworkName, trained.NetworkFile.Sha256));
        Assert.AreEqual(renewNorms ? 2 : 0, trained.Model.Network.Nodes.Count(node => node.Operator == Operators.BatchNormalization));
        Assert.IsTrue(trained.Training!.StartedFromWeights);

        // The pixels stay, weights and biases move.
        foreach ((string name, StateTensor tensor) in before.Model.State)
        {
            float[] numbers = tensor.ToSingles(), after = trained.Model.Tensors[name].ToSingles();
            bool isFixed = before.Model.Network.FindTensor(name)!.Kind == TensorKind.FixedWeight;
            bool isBiasBeforeNorm = renewNorms && tensor.Shape.Length == 1 && before.Model.Network.ReadersOf(name).Single().Operator == Operators.Convolution;
            Assert.IsTrue(isBiasBeforeNorm || numbers.SequenceEqual(after) == isFixed, name);
        }

        AssertSame(Embeddings(trained, images), OfModule(trained, images));
        string path = Path.Combine(s_folder.FullName, "trained.zip");
        ml.Model.Save(trained, images.Schema, path);
        using var loaded = (FaceEmbeddingTransformer)ml.Model.Load(path, out _);
        CollectionAssert.AreEqual(Embeddings(trained, images).SelectMany(row => row).ToArray(), Embeddings(loaded, images).SelectMany(row => row).ToArray());

        // The original graph with the new weights: norms that were made anew are folded into its nodes.
        string written = Path.Combine(s_folder.FullName, "written.onnx");
        ml.FaceRecognition().ExportToOnnx(loaded, written);
        using FaceEmbeddingTransformer again = ml.Transforms.EmbedFaces("Embedding", "Image", written).Fit(images);
        Assert.AreEqual(NetworkJson.WriteComputation(before.Model.Network), NetworkJson.WriteComputation(again.Model.Network));
        AssertSame(Embeddings(trained, images), Embeddings(again, images));

        using FaceEmbeddingTransformer further = ml.FaceRecognition().Trainers.ArcFace(s_quick with { InitialWeights = path, Pixels = null }).Fit(images);
        Assert.AreEqual(trained.NetworkFile, further.NetworkFile);
        Assert.AreEqual(NetworkJson.Write(trained.Model.Network), NetworkJson.Write(further.Model.Network));
        Assert.AreNotEqual(trained.Fingerprint, further.Fingerprint);
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => ml.FaceRecognition().Trainers.ArcFace(s_quick with { InitialWeights = path }).Fit(images)).Message, "has its pixels in itself");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Fit_CrashedWithinAnEpoch_ComesToTheWeightsOfTheWholeRun(bool renewNorms)
    {
        using var folder = new TemporaryFolder();
        ArcFaceTrainer.Options options = s_quick with { RenewNorms = renewNorms };
        byte[] whole = ResumedRun.Weights(options, s_people);
        var interrupted = options with { CheckpointDirectory = folder.FullName, CheckpointEverySteps = 3 };
        ResumedRun.Crash(interrupted, s_people, epochs: 1);
        CollectionAssert.AreEqual(whole, ResumedRun.Weights(interrupted, s_people));
        string message = Assert.ThrowsExactly<InvalidOperationException>(() => ResumedRun.Weights(interrupted with { Pixels = FacePixels.Standard }, s_people)).Message;
        StringAssert.Contains(message, "Pixels");
    }

    [TestMethod]
    public void RenewNorms_OfPhotographs_ChangeNoEmbedding()
    {
        var ml = new MLContext(seed: 1);
        IDataView images = s_people.Images(ml);
        IHost host = ((IHostEnvironment)ml).Register(nameof(ForeignTrainingTests));
        using IChannel channel = host.Start("norms");
        ArcFaceTrainer.Options options = s_quick with { RenewNorms = true };
        InitialNetwork initial = InitialNetwork.Open(host, channel, options.Recipe);
        initial.RenewNorms(TrainingFaces.Read(host, channel, images, options.Setup, WorkObserver.None));
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone backbone = initial.Create();
        Assert.HasCount(2, backbone.Norms.ToArray());
        foreach ((_, BatchNormalization norm) in backbone.Norms)
        {
            Assert.IsTrue(norm.running_var!.data<float>().All(variance => variance > 0));
            Assert.IsTrue(norm.running_mean!.data<float>().SequenceEqual(norm.bias!.data<float>()));
        }

        using FaceEmbeddingTransformer before = ml.Transforms.EmbedFaces("Embedding", "Image", s_quick.InitialWeights!, Pixels).Fit(images);
        AssertSame(Embeddings(before, images), Embed(backbone, images));
    }

    [TestMethod]
    public void Fit_FrozenStages_KeepLayersByTheSizeOfTheirMaps()
    {
        var ml = new MLContext(seed: 1);
        IDataView images = s_people.Images(ml);
        using FaceEmbeddingTransformer before = ml.Transforms.EmbedFaces("Embedding", "Image", s_quick.InitialWeights!, Pixels).Fit(images);
        using FaceEmbeddingTransformer trained = ml.FaceRecognition().Trainers.ArcFace(s_quick with { FrozenStages = 4 }).Fit(images);
        foreach ((string name, StateTensor tensor) in before.Model.State)
        {
            bool isOfHead = before.Model.Network.ReadersOf(name).Single().Operator == Operators.Linear;
            Assert.AreEqual(!isOfHead, tensor.ToSingles().SequenceEqual(trained.Model.Tensors[name].ToSingles()), name);
        }
    }

    [TestMethod]
    public void Fit_WeightsByTheNamesOfAdaFace_TrainsSavesAndLoads()
    {
        var ml = new MLContext(seed: 1);
        List<string> warnings = LoggedWarnings.Of(ml);
        IDataView images = s_people.Images(ml);
        string file = s_folder.Write("adaface.pth", new SmallIrNetworks().ToCheckpoint("model.", ["state_dict"], ("head.kernel", [12, 3], new float[36])));
        using FaceEmbeddingTransformer before = ml.Transforms.EmbedFaces("Embedding", "Image", file).Fit(images);

        // One step: a batch of all eight photographs.
        ArcFaceTrainer.Options options = s_quick with { InitialWeights = file, Pixels = null, Epochs = 1, BatchSize = 8 };
        using FaceEmbeddingTransformer trained = ml.FaceRecognition().Trainers.ArcFace(options).Fit(images);
        Assert.AreEqual((1, true), (trained.Training!.Steps, trained.Training.StartedFromWeights));
        Assert.AreEqual((null, SmallIrNetworks.EmbeddingSize, before.NetworkFile), (trained.Backbone, trained.EmbeddingSize, trained.NetworkFile));
        Assert.AreEqual(FaceColorOrder.Bgr, trained.NetworkFile!.Pixels.Pixels.ColorOrder);
        Assert.HasCount(2, warnings.FindAll(warning => warning.Contains("which is a guess", StringComparison.Ordinal)), "The import and the training each say it.");
        foreach ((string name, StateTensor tensor) in before.Model.State.Where(entry => entry.Tensor.Type == ElementType.Float32))
        {
            bool isFixed = before.Model.Network.FindTensor(name)!.Kind == TensorKind.FixedWeight;
            Assert.AreEqual(isFixed, tensor.ToSingles().SequenceEqual(trained.Model.Tensors[name].ToSingles()), name);
        }

        float[][] embeddings = Embeddings(trained, images);
        AssertSame(embeddings, OfModule(trained, images));
        string path = Path.Combine(s_folder.FullName, "adaface.zip");
        ml.Model.Save(trained, images.Schema, path);
        using var loaded = (FaceEmbeddingTransformer)ml.Model.Load(path, out _);
        Assert.AreEqual(trained.Fingerprint, loaded.Fingerprint);
        CollectionAssert.AreEqual(embeddings.SelectMany(row => row).ToArray(), Embeddings(loaded, images).SelectMany(row => row).ToArray());
        using FaceEmbeddingTransformer frozen = ml.FaceRecognition().Trainers.ArcFace(options with { FrozenStages = 4 }).Fit(images);
        Assert.IsTrue(before.Model.Tensors["input_layer.0.weight"].ToSingles().SequenceEqual(frozen.Model.Tensors["input_layer.0.weight"].ToSingles()));
    }

    [TestMethod]
    public void Fit_OperatorThatIsNotRead_IsNamedBeforeAnyPhotograph()
    {
        var graph = new GraphModel();
        string map = graph.Node("Conv", [graph.Input(1, 3, 112, 112), graph.Random(5, 3, 3, 3)], ("strides", (long[])[16, 16]));
        string file = Path.Combine(s_folder.FullName, "softplus.onnx");
        File.WriteAllBytes(file, graph.ToBytes(graph.Head(graph.Node("Softplus", [map]), 5 * 49)));
        var ml = new MLContext(seed: 1);
        IDataView unreadable = ml.Data.LoadFromEnumerable([new Row { ImagePath = "absent.jpg", Label = "a" }]);
        IDataView images = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(unreadable).Transform(unreadable);
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => ml.FaceRecognition().Trainers.ArcFace(s_quick with { InitialWeights = file }).Fit(images)).Message;
        StringAssert.Contains(message, "Softplus");
        StringAssert.Contains(message, "softplus.onnx");
    }

    [TestMethod]
    public void Options_PixelsOrNormsWithoutWeights_AreRefused()
    {
        foreach (ArcFaceTrainer.Options options in new[] { new ArcFaceTrainer.Options { Pixels = Pixels }, new ArcFaceTrainer.Options { RenewNorms = true } })
        {
            StringAssert.Contains(options.Violations().Single(), nameof(ArcFaceTrainer.Options.InitialWeights));
        }
    }

    private static float[][] Embeddings(FaceEmbeddingTransformer model, IDataView images) => [.. model.Transform(images).GetColumn<float[]>("Embedding")];

    private static float[][] OfModule(FaceEmbeddingTransformer model, IDataView images)
    {
        using DisposeScope scope = NewDisposeScope();
        using var backbone = new FaceBackbone(model.Model.Network);
        backbone.CopyFrom(model.Model.Tensors);
        return Embed(backbone, images);
    }

    private static float[][] Embed(FaceBackbone backbone, IDataView images)
    {
        using var noGradient = no_grad();
        backbone.eval();
        var faces = new List<float[]>();
        foreach (MLImage image in images.GetColumn<MLImage>("Image"))
        {
            byte[] face = new byte[FaceInput.Count];
            Microsoft.ML.ArcFace.Data.FaceTensor.FromImage(image, face);
            faces.Add([.. nn.functional.normalize(backbone.forward(FaceInput.ToTensor(face, 1, CPU))).data<float>()]);
        }

        return [.. faces];
    }

    private static void AssertSame(float[][] expected, float[][] actual)
    {
        Assert.HasCount(expected.Length, actual);
        foreach ((float[] left, float[] right) in expected.Zip(actual))
        {
            Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(left, right));
        }
    }

    private sealed class Row
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";
    }
}
