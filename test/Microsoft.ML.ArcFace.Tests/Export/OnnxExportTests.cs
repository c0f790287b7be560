using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.ArcFace.Export;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.Data;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Microsoft.ML.ArcFace.Tests.Export;

[TestClass]
public class OnnxExportTests
{
    private const int Faces = 2;
    internal const double SmallestCosine = 0.99999;

    private static readonly MLContext Ml = new(seed: 1);
    private static readonly TemporaryFolder Folder = new();

    public required TestContext TestContext { get; init; }

    [ClassCleanup]
    public static void Remove() => Folder.Dispose();

    /// <summary>The backbones of more than 50 layers, whose blocks are those of IResNet50 and more of them; they take half a minute, which build/integration.sh has.</summary>
    internal static IReadOnlyList<BackboneArchitecture> Deep { get; } = [BackboneArchitecture.IResNet100, BackboneArchitecture.IResNet200];

    public static IEnumerable<object[]> Architectures => Enum.GetValues<BackboneArchitecture>().Except(Deep).Select(architecture => new object[] { architecture });

    [TestMethod]
    [DynamicData(nameof(Architectures))]
    public void ExportToOnnx_EveryBackbone_GivesTheSameEmbeddings(BackboneArchitecture architecture)
    {
        using FaceEmbeddingTransformer model = Create(architecture, embeddingSize: 512);
        Compare(model, new OnnxExportOptions(), $"{architecture}");
    }

    [TestMethod]
    [DataRow(true, true)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    [DataRow(false, false)]
    public void ExportToOnnx_EveryChoice_GivesTheSameEmbeddings(bool includePreprocessing, bool normalizeOutput)
    {
        foreach (bool addMirrorImage in new[] { false, true })
        {
            using FaceEmbeddingTransformer model = Create(BackboneArchitecture.MobileFaceNet, embeddingSize: 32, addMirrorImage);
            var options = new OnnxExportOptions { IncludePreprocessing = includePreprocessing, NormalizeOutput = normalizeOutput };
            Compare(model, options, $"{options}, mirror image {addMirrorImage}");
            Compare(model, options with { AddMirrorImage = !addMirrorImage }, $"{options}, mirror image changed to {!addMirrorImage}");
        }
    }

    [TestMethod]
    public void ExportToOnnx_WithinAPipeline_WorksInApplyOnnxModel()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 2);
        IDataView rows = Ml.FaceRecognition().LoadFromFolder(people.Folder);
        using FaceEmbeddingTransformer embedding = Create(BackboneArchitecture.MobileFaceNet, embeddingSize: 32);
        var pipeline = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Append(embedding);
        string path = Path.Combine(Folder.FullName, "pipeline.onnx");
        Ml.FaceRecognition().ExportToOnnx(pipeline, path);

        var onnx = Ml.Transforms.LoadFaceImages("Image", "ImagePath")
            .Append(Ml.Transforms.ResizeImages("Sized", 112, 112, "Image"))
            .Append(Ml.Transforms.ExtractPixels("input", "Sized"))
            .Append(Ml.Transforms.ApplyOnnxModel(["embedding"], ["input"], path, new Dictionary<string, int[]> { ["input"] = [1, 3, 112, 112], ["embedding"] = [1, 32] }, gpuDeviceId: null, fallbackToCpu: false));
        float[][] expected = [.. pipeline.Transform(rows).GetColumn<float[]>("Embedding")];
        float[][] actual = [.. onnx.Fit(rows).Transform(rows).GetColumn<float[]>("embedding")];
        Assert.HasCount(4, actual);
        for (int row = 0; row < 4; row++)
        {
            Assert.IsGreaterThanOrEqualTo(SmallestCosine, OnnxFile.Cosine(expected[row], actual[row]));
        }
    }

    [TestMethod]
    public void ExportToOnnx_File_SaysWhatItIsAndFoldsItsNorms()
    {
        using FaceEmbeddingTransformer model = Create(BackboneArchitecture.IResNet18, embeddingSize: 16);
        ModelProto file = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Export(model, new OnnxExportOptions())));
        Assert.AreEqual(7, file.IrVersion);
        Assert.AreEqual(13, file.OpsetImport.Single().Version);
        Dictionary<string, string> metadata = file.MetadataProps.ToDictionary(entry => entry.Key, entry => entry.Value);
        Assert.AreEqual("r18", metadata["architecture"]);
        Assert.AreEqual("[\"Ada\",\"Bob\"]", metadata["labels"]);
        StringAssert.Contains(metadata["input"], "RGB, 0 to 255");
        Assert.AreEqual("112x112 RGB, 0 to 255, aligned to the ArcFace template", metadata["preprocessing"]);
        Assert.AreEqual(ArcFace.Pixels.StoredPixels.ToJson(FacePixels.Unscaled), metadata["pixels"]);
        StringAssert.Contains(metadata["output"], "unit length");
        Dictionary<string, string> normalized = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Export(model, new OnnxExportOptions { IncludePreprocessing = false }))).MetadataProps.ToDictionary(entry => entry.Key, entry => entry.Value);
        Assert.AreEqual("112x112 RGB, (value - 127.5) / 127.5, aligned to the ArcFace template", normalized["preprocessing"]);
        Assert.AreEqual(ArcFace.Pixels.StoredPixels.ToJson(FacePixels.Standard), normalized["pixels"]);

        // Only the norm before each block's padded convolution stays.
        Assert.AreEqual(8, file.Graph.Node.Count(node => node.OpType == "BatchNormalization"));
        Assert.AreEqual("batch", file.Graph.Input.Single().Type.TensorType.Shape.Dim[0].DimParam);
        CollectionAssert.AllItemsAreUnique(file.Graph.Node.SelectMany(node => node.Output).Concat(file.Graph.Initializer.Select(tensor => tensor.Name)).ToArray());

        // InsightFace's programs look for these in the first nodes.
        Assert.IsTrue(file.Graph.Node[0].Name.StartsWith("Sub", StringComparison.Ordinal) && file.Graph.Node[1].Name.StartsWith("Mul", StringComparison.Ordinal));
        ModelProto mobile = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Export(Create(BackboneArchitecture.MobileFaceNet, 16), new OnnxExportOptions { IncludePreprocessing = false })));
        Assert.IsFalse(mobile.Graph.Node.Any(node => node.OpType is "BatchNormalization" or "Sub" or "Mul"));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void ExportToOnnx_BatchesOfAnySize_GiveEachFaceTheSame(bool addMirrorImage)
    {
        using FaceEmbeddingTransformer model = Create(BackboneArchitecture.MobileFaceNet, embeddingSize: 16, addMirrorImage);
        string path = Export(model, new OnnxExportOptions());
        byte[] faces = new byte[5 * FaceTensor.ByteCount];
        new Random(7).NextBytes(faces);
        float[][] together = OnnxFile.Embed(path, faces);
        float[][] inParts = [.. OnnxFile.Embed(path, faces[..FaceTensor.ByteCount]), .. OnnxFile.Embed(path, faces[FaceTensor.ByteCount..])];
        for (int face = 0; face < 5; face++)
        {
            Assert.IsGreaterThanOrEqualTo(SmallestCosine, OnnxFile.Cosine(together[face], inParts[face]));
        }
    }

    [TestMethod]
    public void ExportToOnnx_NumbersThatAreZero_AreWritten()
    {
        // The schema is of proto2, where a zero and nothing are two things; OpenCV's reader tells them apart.
        using FaceEmbeddingTransformer model = Create(BackboneArchitecture.MobileFaceNet, embeddingSize: 16, addMirrorImage: true);
        ModelProto file = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Export(model, new OnnxExportOptions())));
        AttributeProto[] numbers = [.. file.Graph.Node.SelectMany(node => node.Attribute).Where(attribute => attribute.Type == AttributeProto.Types.AttributeType.Int)];
        Assert.IsTrue(Array.TrueForAll(numbers, number => number.HasI));
        Assert.IsTrue(Array.Exists(numbers, number => number.I == 0), "Without a zero this says nothing.");
    }

    [TestMethod]
    public void ExportToSafetensors_Weights_LoadBackIntoEmbedFaces()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 1);
        IDataView rows = Ml.FaceRecognition().LoadFromFolder(people.Folder);
        using FaceEmbeddingTransformer embedding = Create(BackboneArchitecture.MobileFaceNet, embeddingSize: 32);
        foreach (bool includeClassCentres in new[] { false, true })
        {
            string path = Path.Combine(Folder.FullName, "weights.safetensors");
            Ml.FaceRecognition().ExportToSafetensors(embedding, path, includeClassCentres);
            using (var file = WeightsFile.Open(path))
            {
                Assert.AreEqual(includeClassCentres, file.Tensors.Any(tensor => tensor.Name == "class_centers"));
                Assert.AreEqual("mbf", file.Metadata["architecture"]);
                Assert.AreEqual("[\"Ada\",\"Bob\"]", file.Metadata["labels"]);
            }

            var images = Ml.Transforms.LoadFaceImages("Image", "ImagePath");
            using var again = images.Append(Ml.Transforms.EmbedFaces("Embedding", "Image", path, BackboneArchitecture.MobileFaceNet)).Fit(rows);
            float[][] expected = [.. images.Fit(rows).Append(embedding).Transform(rows).GetColumn<float[]>("Embedding")];
            float[][] actual = [.. again.Transform(rows).GetColumn<float[]>("Embedding")];
            CollectionAssert.AreEqual(expected[1], actual[1]);
        }
    }

    [TestMethod]
    public void Export_WithoutAnEmbeddingOrAFolder_KeepsWhatWasThere()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 1);
        IDataView rows = Ml.FaceRecognition().LoadFromFolder(people.Folder);
        ITransformer images = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows);
        string path = Folder.Write("kept.onnx", [1, 2, 3]);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Ml.FaceRecognition().ExportToOnnx(images, path)).Message, "has 0 face embeddings");
        using FaceEmbeddingTransformer embedding = Create(BackboneArchitecture.MobileFaceNet, 16);
        Assert.ThrowsExactly<DirectoryNotFoundException>(() => Ml.FaceRecognition().ExportToOnnx(embedding, Path.Combine(Folder.FullName, "absent", "x.onnx")));
        CollectionAssert.AreEqual(new byte[] { 1, 2, 3 }, File.ReadAllBytes(path));
        Assert.IsEmpty(Directory.EnumerateFiles(Folder.FullName, "*.part"));
    }

    private void Compare(FaceEmbeddingTransformer model, OnnxExportOptions options, string what) => Compare(TestContext, model, options, what);

    /// <summary>Holds ONNX Runtime's embeddings of an exported model to our own.</summary>
    internal static void Compare(TestContext context, FaceEmbeddingTransformer model, OnnxExportOptions options, string what)
    {
        byte[] faces = new byte[Faces * FaceTensor.ByteCount];
        new Random(5).NextBytes(faces);
        bool addMirrorImage = options.AddMirrorImage ?? model.AddsMirrorImage;
        float[][] expected = [.. model.Model.Embed(faces, Faces, addMirrorImage).Unit.Chunk(model.EmbeddingSize)];
        float[][] actual = OnnxFile.Embed(Export(model, options), faces, options.IncludePreprocessing);
        for (int face = 0; face < Faces; face++)
        {
            double cosine = OnnxFile.Cosine(expected[face], actual[face]), norm = Math.Sqrt(actual[face].Sum(value => (double)value * value));
            context.WriteLine($"{what}, face {face}: cosine {cosine:R}, norm {norm:R}");
            Assert.IsGreaterThanOrEqualTo(SmallestCosine, cosine, what);
            Assert.AreEqual(options.NormalizeOutput, Math.Abs(norm - 1) < 1e-5, $"{what}: the norm is {norm}.");
        }

        Assert.IsLessThan(0.999, OnnxFile.Cosine(actual[0], actual[1]), "Two faces must differ, or the comparison says nothing.");
    }

    private static string Export(FaceEmbeddingTransformer model, OnnxExportOptions options)
    {
        string path = Path.Combine(Folder.FullName, "model.onnx");
        Ml.FaceRecognition().ExportToOnnx(model, path, options);
        return path;
    }

    /// <summary>Weights and statistics as different from their start as those of a trained network.</summary>
    internal static FaceEmbeddingTransformer Create(BackboneArchitecture architecture, int embeddingSize, bool addMirrorImage = false)
    {
        using DisposeScope scope = NewDisposeScope();
        FaceBackbone backbone = FaceBackbone.Create(architecture, embeddingSize);
        HashSet<string> slopes = [.. backbone.named_modules().Where(entry => entry.module is ParametricRelu).Select(entry => entry.name + ".weight")];
        foreach ((string name, Tensor tensor) in ModuleState.Of(backbone))
        {
            GoldenWeights.Fill(tensor.detach(), "onnx", name, slopes.Contains(name));
        }

        var model = FaceEmbeddingModel.Of(backbone, randn(2, embeddingSize), ["Ada", "Bob"]);
        return new FaceEmbeddingTransformer(Ml, model, new EmbeddingColumns("Image", "Embedding", null, null, null), addMirrorImage, batchSize: 4);
    }
}
