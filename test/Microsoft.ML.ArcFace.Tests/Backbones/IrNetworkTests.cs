using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Data;
using SkiaSharp;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Backbones;

/// <summary>Weights of AdaFace, CVLFace, face.evoLVe and TFace, whose network follows from the names and shapes of their tensors.</summary>
[TestClass]
public class IrNetworkTests
{
    private static readonly FacePixels s_bgr = FacePixels.Standard with { ColorOrder = FaceColorOrder.Bgr };
    private static readonly (string, long[], float[]) s_head = ("head.kernel", [12, 3], new float[36]);

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void Remove() => _folder.Dispose();

    [TestMethod]
    [DataRow(true, null, false, DisplayName = "AdaFace")]
    [DataRow(true, "se_block", false, DisplayName = "AdaFace with attention to channels")]
    [DataRow(false, null, true, DisplayName = "face.evoLVe")]
    [DataRow(false, "5", true, DisplayName = "face.evoLVe with attention to channels")]
    [DataRow(true, "6", true, DisplayName = "attention behind a norm within")]
    public void Compute_EveryForm_EqualsLibtorchCallByCall(bool hasNormWithin, string? attention, bool hasAffineNorm)
    {
        var network = new SmallIrNetworks(hasNormWithin, attention, hasAffineNorm);
        RecognizerFile file = RecognizerFile.Open(_folder.Write("ir.safetensors", network.ToSafetensors()), architecture: null);
        float[] faces = new GraphModel().Draw([2, 3, 112, 112]);

        using InferenceNetwork computed = file.Compute();
        float[] actual = computed.Embed(ChannelsLast(faces), 2), expected = network.Embed(faces);

        Assert.HasCount(2 * SmallIrNetworks.EmbeddingSize, actual);
        float scale = expected.Max(Math.Abs);
        Assert.IsLessThan(1e-4, expected.Zip(actual, (left, right) => Math.Abs(left - right)).Max() / scale);
    }

    [TestMethod]
    [DataRow(""), DataRow("module."), DataRow("model."), DataRow("features."), DataRow("backbone."), DataRow("module.model.net.")]
    public void Open_NamesWithinOtherModules_AreTheSameNetwork(string prefix)
    {
        var network = new SmallIrNetworks();
        string alone = _folder.Write("alone.safetensors", network.ToSafetensors());
        string checkpoint = _folder.Write("checkpoint.pth", network.ToCheckpoint(prefix, ["state_dict"], s_head, ("head.t", [1], [0.3f])));
        float[] face = ChannelsLast(new GraphModel().Draw([1, 3, 112, 112]));
        using InferenceNetwork expected = RecognizerFile.Open(alone, architecture: null).Compute();
        RecognizerFile file = RecognizerFile.Open(checkpoint, architecture: null);
        using InferenceNetwork actual = file.Compute();
        CollectionAssert.AreEqual(expected.Embed(face, 1), actual.Embed(face, 1));
        Assert.AreEqual("'checkpoint.pth' has 2 tensors that are none of the network and are passed over: head.kernel, head.t.", file.PassedOverInWords);
        Assert.IsNull(RecognizerFile.Open(alone, architecture: null).PassedOverInWords);
    }

    [TestMethod]
    public void Decide_ColorsThatTheTensorsDoNotTell_AreAGuess()
    {
        FacePixelsDecision Of(SmallIrNetworks network, string prefix = "") => RecognizerFile.Open(_folder.Write("ir.safetensors", network.ToSafetensors(prefix)), architecture: null).Decide(null, null);
        FacePixelsDecision adaFace = Of(new SmallIrNetworks(), "model.");
        Assert.AreEqual((s_bgr, FacePixelsSource.Guess), (adaFace.Pixels, adaFace.Source));
        StringAssert.Contains(adaFace.Reason, "AdaFace");
        Assert.AreEqual((FacePixels.Standard, FacePixelsSource.Guess), (Of(new SmallIrNetworks(), "model.net.").Pixels, Of(new SmallIrNetworks(), "model.net.").Source));
        Assert.AreEqual(FacePixels.Standard, Of(new SmallIrNetworks(hasNormWithin: false, hasAffineNorm: true)).Pixels);
    }

    [TestMethod]
    public void EmbedFaces_Weights_AreWarnedOfSavedExportedAndReadAgain()
    {
        var network = new SmallIrNetworks(attention: "se_block");
        string weights = _folder.Write("adaface.ckpt", network.ToCheckpoint("model.", ["state_dict"], s_head)), photograph = _folder.Write("face.png", EncodedImages.Gradient(112, 112, SKEncodedImageFormat.Png));
        var ml = new MLContext();
        List<string> warnings = LoggedWarnings.Of(ml);
        IDataView rows = ml.Data.LoadFromEnumerable([new Photograph { ImagePath = photograph }]);
        IDataView faces = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows);
        using FaceEmbeddingTransformer model = ml.Transforms.EmbedFaces("Embedding", "Image", weights).Fit(faces);
        StringAssert.Contains(warnings.Single(), "BGR, (value - 127.5) / 127.5 are taken, which is a guess");
        float[] embedding = Embed(model);

        string onnx = Path.Combine(_folder.FullName, "again.onnx"), safetensors = Path.Combine(_folder.FullName, "again.safetensors"), zip = Path.Combine(_folder.FullName, "again.zip");
        ml.FaceRecognition().ExportToOnnx(model, onnx);
        ml.FaceRecognition().ExportToSafetensors(model, safetensors);
        ml.Model.Save(model, faces.Schema, zip);
        foreach (string file in new[] { onnx, safetensors })
        {
            using FaceEmbeddingTransformer again = ml.Transforms.EmbedFaces("Embedding", "Image", file).Fit(faces);
            Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(embedding, Embed(again)), file);
        }

        using var loaded = (FaceEmbeddingTransformer)ml.Model.Load(zip, out _);
        CollectionAssert.AreEqual(embedding, Embed(loaded));
        Assert.AreEqual(model.Fingerprint, loaded.Fingerprint);
        Assert.HasCount(1, warnings);

        float[] Embed(FaceEmbeddingTransformer one) => one.Transform(faces).GetColumn<float[]>("Embedding").Single();
    }

    [TestMethod]
    public void Train_Description_LearnsAllButWhatTheLastNormLacks()
    {
        var weightsOf = new SmallIrNetworks(attention: "se_block");
        RecognizerFile file = RecognizerFile.Open(_folder.Write("ir.safetensors", weightsOf.ToSafetensors()), architecture: null);
        (NetworkDescription network, WeightStore weights) = file.Load(FacePixels.Standard, WeightStore.InMemory);
        using (weights)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using var backbone = new FaceBackbone(network);
            backbone.CopyFrom(weights.Tensors);
            float[] faces = new GraphModel().Draw([2, 3, 112, 112]);
            backbone.eval();
            torch.Tensor embedding = backbone.call(torch.tensor(faces, [2, 3, 112, 112]));
            float[] expected = weightsOf.Embed(faces);
            Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(expected, [.. embedding.data<float>()]));

            embedding.square().sum().backward();
            Dictionary<string, float> slopes = backbone.State.Where(tensor => tensor.Tensor.requires_grad).ToDictionary(tensor => tensor.Name, tensor => tensor.Tensor.grad!.abs().max().item<float>());
            string[] constants = ["output_layer.4.weight", "output_layer.4.bias"];
            CollectionAssert.AreEquivalent(
                network.Tensors.Where(tensor => tensor.Kind is TensorKind.Weight).Select(tensor => tensor.Name).ToArray(),
                slopes.Keys.ToArray());
            Assert.IsFalse(constants.Any(slopes.ContainsKey));
            Assert.IsTrue(slopes.Values.All(slope => slope > 0 && float.IsFinite(slope)));
        }
    }

    [TestMethod]
    public void Open_WhatIsNoSuchNetwork_IsRefusedByTensor()
    {
        var network = new SmallIrNetworks();
        AssertRefused("'output_layer.3.weight' is [12, 3920], where [d, 980] is due", network.Tensors.Select(tensor => tensor.Name == "output_layer.3.weight" ? (tensor.Name, [12, 3920], new float[12 * 3920]) : tensor));
        AssertRefused("those with a bottleneck", network.Tensors.Select(tensor => tensor.Name == "body.2.res_layer.1.weight" ? (tensor.Name, [12, 8, 1, 1], new float[96]) : tensor));
        AssertRefused("3 widths", network.Tensors.Where(tensor => !tensor.Name.StartsWith("body.5.", StringComparison.Ordinal)));
        AssertRefused("It lacks the tensor 'body.0.res_layer.1.weight'", network.Tensors.Where(tensor => tensor.Name != "body.0.res_layer.1.weight"));
        AssertRefused("It has 3 blocks", network.Tensors.Where(tensor => !tensor.Name.StartsWith("body.", StringComparison.Ordinal) || tensor.Name[5] < '3'));
        AssertRefused("200", network.Tensors.Append(("body.2147483646.res_layer.1.weight", [1], [0])));
        AssertRefused("body.1.res_layer.5.running_var", network.Tensors.Where(tensor => tensor.Name != "body.1.res_layer.5.running_var"));
        AssertRefused("body.1.res_layer.5.more", network.Tensors.Append(("body.1.res_layer.5.more", [1], [0])));

        void AssertRefused(string named, IEnumerable<(string Name, long[] Shape, float[] Values)> tensors)
        {
            using var stream = new MemoryStream();
            Safetensors.Write(stream, [.. tensors.Select(tensor => (tensor.Name, (StateTensor)PlainTensor.Of(tensor.Shape, tensor.Values)))]);
            string path = _folder.Write("refused.safetensors", stream.ToArray());
            string message = Assert.ThrowsExactly<WeightsFormatException>(() => RecognizerFile.Open(path, architecture: null).Compute().Dispose()).Message;
            StringAssert.Contains(message, "refused.safetensors");
            StringAssert.Contains(message, named);
        }
    }

    [TestMethod]
    public void Open_WideViewsOfAFewBytes_AreRefusedWithoutMemory()
    {
        // Four stages of up to 4096 channels, 50 blocks each, whose weights are all one number: the network would have 20 billion.
        List<TorchFileTensor> tensors = [View("input_layer.0.weight", 64, 3, 3, 3), View("output_layer.3.weight", 12, 4096 * 49)];
        for (int block = 0; block < 200; block++)
        {
            tensors.Add(View(FormattableString.Invariant($"body.{block}.res_layer.1.weight"), 4093 + (block / 50), 1, 3, 3));
        }

        TorchFileStorage[] storages = [new("0", "FloatStorage", 1, new byte[4])];
        string path = _folder.Write("wide.pth", TorchFileWriter.Zip(TorchFileWriter.Pickle(tensors, storages), storages));
        long before = GC.GetTotalAllocatedBytes();
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => RecognizerFile.Open(path, architecture: null)).Message;
        StringAssert.Contains(message, "268435456 at most");
        Assert.IsLessThan(64L << 20, GC.GetTotalAllocatedBytes() - before);

        static TorchFileTensor View(string name, params long[] shape) => new(name, "0", 0, shape, new long[shape.Length]);
    }

    private static float[] ChannelsLast(float[] faces)
    {
        const int area = 112 * 112;
        return [.. faces.Chunk(3 * area).SelectMany(face => Enumerable.Range(0, face.Length).Select(i => face[(i % 3 * area) + (i / 3)]))];
    }

    private sealed class Photograph
    {
        public string ImagePath { get; set; } = "";
    }
}
