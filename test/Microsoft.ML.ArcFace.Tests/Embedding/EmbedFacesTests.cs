using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tests.Weights;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

[TestClass]
public class EmbedFacesTests
{
    private static DrawnPeople s_people = null!;
    private static string s_weights = "";
    private static FaceBackbone s_backbone = null!;

    [ClassInitialize]
    public static void Write(TestContext _)
    {
        s_people = new DrawnPeople(people: 2, picturesPerPerson: 2);
        s_weights = Path.Combine(s_people.Folder, "weights.safetensors");
        s_backbone = FaceBackbone.Create(BackboneArchitecture.MobileFaceNet, 16);
        s_backbone.eval();
        File.WriteAllBytes(s_weights, SafetensorsTests.WriteToMemory(ModuleState.Of(s_backbone)).ToArray());
    }

    [ClassCleanup]
    public static void Remove()
    {
        s_backbone.Dispose();
        s_people.Dispose();
    }

    [TestMethod]
    public void Fit_WeightsFile_EmbedsAsTheNetworkDoesAndSurvivesSaving()
    {
        var ml = new MLContext(seed: 1);
        IDataView data = ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        using var model = ml.Transforms.LoadFaceImages("Image", "ImagePath")
            .Append(ml.Transforms.EmbedFaces("Embedding", "Image", s_weights, BackboneArchitecture.MobileFaceNet))
            .Fit(data);
        float[][] embeddings = [.. model.Transform(data).GetColumn<float[]>("Embedding")];

        float[][] expected = [.. data.GetColumn<string>("ImagePath").Select(Expected)];
        Assert.HasCount(4, embeddings);
        for (int row = 0; row < embeddings.Length; row++)
        {
            Assert.IsGreaterThan(0.99999f, embeddings[row].Zip(expected[row], (a, b) => a * b).Sum());
        }

        string zip = Path.Combine(s_people.Folder, "model.zip");
        ml.Model.Save(model, data.Schema, zip);
        ITransformer loaded = new MLContext().Model.Load(zip, out _);
        float[][] again = [.. loaded.Transform(data).GetColumn<float[]>("Embedding")];
        CollectionAssert.AreEqual(embeddings[3], again[3]);
        Assert.IsEmpty(model.LastTransformer.PersonNames!);
        (loaded as IDisposable)?.Dispose();
    }

    [TestMethod]
    public void Fit_PthFile_EmbedsInEachWayAlikeAndLeavesNoTensorAlive()
    {
        var ml = new MLContext(seed: 1);
        IDataView data = ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        string pth = Path.Combine(s_people.Folder, "weights.pth"), onnx = Path.Combine(s_people.Folder, "exported.onnx");
        File.WriteAllBytes(pth, Checkpoint());
        long alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        ITransformer model = ml.Transforms.LoadFaceImages("Image", "ImagePath")
            .Append(ml.Transforms.EmbedFaces("Embedding", "Image", pth, BackboneArchitecture.MobileFaceNet)).Fit(data);
        using (FaceEmbeddingTransformer ofSafetensors = ml.Transforms.EmbedFaces("Embedding", "Image", s_weights, BackboneArchitecture.MobileFaceNet).Fit(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Transform(data)))
        {
            Assert.AreEqual(ofSafetensors.Fingerprint, model.FaceEmbedding().Fingerprint);
        }

        string[] paths = [.. data.GetColumn<string>("ImagePath")];
        float[][] expected = [.. model.Transform(data).GetColumn<float[]>("Embedding")];
        ml.FaceRecognition().ExportToOnnx(model, onnx);
        float[][] byOnnxRuntime = OnnxFile.Embed(onnx, [.. paths.SelectMany(Face)]);
        PredictionEngine<Photograph, Embedded> engine = ml.Model.CreatePredictionEngine<Photograph, Embedded>(model);
        for (int row = 0; row < paths.Length; row++)
        {
            Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(expected[row], byOnnxRuntime[row]));
            Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(expected[row], engine.Predict(new Photograph { ImagePath = paths[row] }).Embedding));
        }

        // The engine owns the model; in either order each ends once.
        string fingerprint = model.FaceEmbedding().Fingerprint;
        engine.Dispose();
        (model as IDisposable)?.Dispose();
        engine.Dispose();
        Assert.AreEqual(fingerprint, model.FaceEmbedding().Fingerprint);
        Assert.IsInstanceOfType<ObjectDisposedException>(Assert.Throws<Exception>(() => ml.FaceRecognition().ExportToOnnx(model, onnx)).GetBaseException());
        Assert.AreEqual(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    /// <summary>The weights as torch.save writes them.</summary>
    private static byte[] Checkpoint()
    {
        var tensors = new List<TorchFileTensor>();
        var storages = new List<TorchFileStorage>();
        foreach ((string name, StateTensor tensor) in ModuleState.ReadableByName(s_backbone))
        {
            var bytes = new MemoryStream();
            tensor.Read(piece => bytes.Write(piece));
            string key = $"{storages.Count}";
            storages.Add(new TorchFileStorage(key, tensor.Type == ElementType.Int64 ? "LongStorage" : "FloatStorage", tensor.Count, bytes.ToArray()));
            long[] strides = new long[tensor.Shape.Length];
            for (int axis = strides.Length - 1, stride = 1; axis >= 0; stride *= (int)tensor.Shape[axis--])
            {
                strides[axis] = stride;
            }

            tensors.Add(new TorchFileTensor(name, key, 0, tensor.Shape, strides));
        }

        return TorchFileWriter.Zip(TorchFileWriter.Pickle(tensors, storages), storages);
    }

    [TestMethod]
    public void GetOutputSchema_OfEstimatorAndTransformer_Agree()
    {
        var ml = new MLContext();
        IDataView data = ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        var pipeline = ml.Transforms.LoadFaceImages("Image", "ImagePath").Append(ml.Transforms.EmbedFaces("Embedding", "Image", s_weights, BackboneArchitecture.MobileFaceNet));
        using var model = pipeline.Fit(data);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 16), model.GetOutputSchema(data.Schema)["Embedding"].Type);
    }

    [TestMethod]
    public void EmbedFaces_WrongFileOrOptions_IsRefusedBeforeAnythingIsLoaded()
    {
        var ml = new MLContext();
        var missing = Assert.ThrowsExactly<FileNotFoundException>(() => ml.Transforms.EmbedFaces("Embedding", "Image", "absent.pth", BackboneArchitecture.IResNet50));
        StringAssert.Contains(missing.Message, "'absent.pth' does not exist");
        string picture = s_people.AnyPicture;
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => ml.Transforms.EmbedFaces("Embedding", "Image", picture, BackboneArchitecture.IResNet50)).Message, $"'{picture}': It is a JPEG picture");
        var options = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ml.Transforms.EmbedFaces(
            new FaceEmbeddingEstimator.Options { WeightsFile = "", Architecture = (BackboneArchitecture)99, InferenceBatchSize = 0 }));
        StringAssert.Contains(options.Message, "WeightsFile is empty");
        StringAssert.Contains(options.Message, "Architecture is 99");
        StringAssert.Contains(options.Message, "InferenceBatchSize is 0");
        IDataView data = ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ml.Transforms.EmbedFaces("Embedding", "Image", s_weights, BackboneArchitecture.MobileFaceNet).Fit(data)).Message,
            "Could not find input column 'Image'");
    }

    [TestMethod]
    public void Fit_InitialWeights_StartFromThemAndKeepFrozenStages()
    {
        var ml = new MLContext(seed: 1);
        IDataView data = ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        var options = new ArcFaceTrainer.Options { Epochs = 1, BatchSize = 2, EmbeddingSize = 16, InitialWeights = s_weights, FrozenStages = 4 };
        using var model = ml.Transforms.LoadFaceImages("Image", "ImagePath").Append(ml.FaceRecognition().Trainers.ArcFace(options)).Fit(data);
        Dictionary<string, Tensor> before = ModuleState.Of(s_backbone).ToDictionary(entry => entry.Name, entry => entry.Tensor);
        int changed = 0;
        foreach ((string name, Tensor after) in ModuleState.Of(model.LastTransformer.Model.ToBackbone()))
        {
            bool isSame = before[name].eq(after).all().item<bool>();
            Assert.IsTrue(isSame || !name.StartsWith("layers.", StringComparison.Ordinal), name);
            changed += isSame ? 0 : 1;
        }

        Assert.IsGreaterThan(0, changed, "The embedding layer must learn.");
    }

    [TestMethod]
    public void Fit_InitialWeights_LearnAtTheirShareOfTheRate()
    {
        // In one step of SGD without decay, momentum or clipping a weight moves by rate × gradient: twice the share, twice the way.
        double[] distances = [.. new[] { 0.25, 0.5 }.Select(share =>
        {
            var ml = new MLContext(seed: 1);
            IDataView data = ml.FaceRecognition().LoadFromFolder(s_people.Folder);
            using var model = ml.Transforms.LoadFaceImages("Image", "ImagePath").Append(ml.FaceRecognition().Trainers.ArcFace(new ArcFaceTrainer.Options
            {
                Epochs = 1, BatchSize = 4, EmbeddingSize = 16, InitialWeights = s_weights, BackboneLearningRateShare = share, LearningRate = 0.01,
                WeightDecay = 0, Momentum = 0, WeightAveragingDecay = 0, WarmUpFraction = 0, GradientClippingNorm = double.PositiveInfinity, Augmentation = new FaceAugmentation(),
            })).Fit(data);
            using DisposeScope scope = NewDisposeScope();
            Tensor after = ModuleState.Of(model.LastTransformer.Model.ToBackbone()).Single(entry => entry.Name == "conv_sep.layers.0.weight").Tensor;
            Tensor before = ModuleState.Of(s_backbone).Single(entry => entry.Name == "conv_sep.layers.0.weight").Tensor;
            return (double)(after - before).norm().item<float>();
        })];
        Assert.AreEqual(2, distances[1] / distances[0], 0.02);
    }

    [TestMethod]
    public void Fit_InitialWeightsThatDoNotFit_IsRefusedBeforeThePhotographsAreRead()
    {
        var ml = new MLContext(seed: 1);
        IDataView data = ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        var options = new ArcFaceTrainer.Options { EmbeddingSize = 32, InitialWeights = s_weights };
        IDataView unreadable = ml.Transforms.LoadFaceImages("Image", "Label").Fit(data).Transform(data);
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => ml.FaceRecognition().Trainers.ArcFace(options).Fit(unreadable)).Message, "with 16 numbers in an embedding; EmbeddingSize is 32. Set it to 16");
        var violations = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ml.FaceRecognition().Trainers.ArcFace(new ArcFaceTrainer.Options { FrozenStages = 2, BackboneLearningRateShare = 0 }));
        StringAssert.Contains(violations.Message, "there are no InitialWeights to keep");
        StringAssert.Contains(violations.Message, "BackboneLearningRateShare is 0");
    }

    private static byte[] Face(string path)
    {
        byte[] face = new byte[FaceTensor.ByteCount];
        using MLImage image = FaceImage.FromFile(path);
        FaceTensor.FromImage(image, face);
        return face;
    }

    private static float[] Expected(string path)
    {
        byte[] face = Face(path);
        using var noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return nn.functional.normalize(s_backbone.forward(FaceInput.ToTensor(face, 1, CPU)), p: 2, dim: 1).data<float>().ToArray();
    }

    private sealed class Photograph
    {
        public string ImagePath { get; set; } = "";

        public string RelativePath { get; set; } = "";

        public string Label { get; set; } = "";
    }

    private sealed class Embedded
    {
        public float[] Embedding { get; set; } = [];
    }
}
