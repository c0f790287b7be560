using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

/// <summary>Recognizers of others in ONNX files, from the file to the saved model.</summary>
[TestClass]
public class EmbedGraphTests
{
    private static TemporaryFolder s_folder = null!;
    private static string s_photograph = "", s_file = "";
    private static byte[] s_face = [];

    [ClassInitialize]
    public static void Write(TestContext _)
    {
        s_folder = new TemporaryFolder();
        s_photograph = s_folder.Write("face.png", EncodedImages.Gradient(112, 112, SKEncodedImageFormat.Png));
        s_file = s_folder.Write("recognizer.onnx", SmallRecognizers.Write());
        using SKBitmap bitmap = SKBitmap.Decode(s_photograph);
        s_face = [.. bitmap.Pixels.SelectMany(pixel => new[] { pixel.Red, pixel.Green, pixel.Blue })];
    }

    [ClassCleanup]
    public static void Remove() => s_folder.Dispose();

    [TestMethod]
    [DataRow("standard")]
    [DataRow("bgr-standard")]
    [DataRow("bgr-by-128")]
    [DataRow("unscaled")]
    [DataRow("zero-to-one")]
    [DataRow("bgr-imagenet")]
    [DataRow("rgb:10,20,30:40,50,60")]
    public void EmbedFaces_Pixels_AreThoseThatTheGraphReads(string pixels)
    {
        var expected = FacePixels.Parse(pixels);
        using FaceEmbeddingTransformer model = Fit(new MLContext(), s_file, expected);
        float[] embedding = Embed(model);
        Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(embedding, SmallRecognizers.Reference(File.ReadAllBytes(s_file), s_face, expected)));
        FaceNetworkFile file = model.NetworkFile!;
        Assert.AreEqual(("recognizer.onnx", FacePixelsSource.Caller, expected), (file.FileName, file.Pixels.Source, file.Pixels.Pixels));
        Assert.AreEqual((null, "recognizer.onnx", SmallRecognizers.EmbeddingSize), (model.Backbone, model.NetworkName, model.EmbeddingSize));
    }

    [TestMethod]
    public void EmbedFaces_FileThatNobodyKnows_IsGuessedWithAWarning()
    {
        var ml = new MLContext();
        List<string> warnings = LoggedWarnings.Of(ml);
        using FaceEmbeddingTransformer model = Fit(ml, s_file, pixels: null);
        Assert.AreEqual(FacePixelsSource.Guess, model.NetworkFile!.Pixels.Source);
        StringAssert.Contains(warnings.Single(), "which is a guess");
        using FaceEmbeddingTransformer said = Fit(ml, s_file, FacePixels.Standard);
        Assert.AreEqual(said.Fingerprint, model.Fingerprint, "The same pixels make the same embedding, whoever decided.");
        Assert.HasCount(1, warnings);
    }

    [TestMethod]
    public void EmbedFaces_GraphThatScalesPixels_IsGivenBytes()
    {
        byte[] scaling = SmallRecognizers.Write(mean: 127.5f, deviation: 128);
        using FaceEmbeddingTransformer model = Fit(new MLContext(), s_folder.Write("scaling.onnx", scaling), pixels: null);
        Assert.AreEqual((FacePixelsSource.Graph, FacePixels.Unscaled), (model.NetworkFile!.Pixels.Source, model.NetworkFile.Pixels.Pixels));
        Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(Embed(model), SmallRecognizers.Reference(scaling, s_face, FacePixels.Unscaled)));
    }

    [TestMethod]
    public void Fingerprint_PixelsAndMirrorImage_TellEmbeddingsApart()
    {
        var ml = new MLContext();
        string[] fingerprints = [.. FacePixels.Usual.Select(pixels =>
        {
            using FaceEmbeddingTransformer model = Fit(ml, s_file, pixels);
            return model.Fingerprint;
        })];
        Assert.AreEqual(FacePixels.Usual.Count, fingerprints.Distinct().Count());
        using var mirrored = ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options { WeightsFile = s_file, Pixels = FacePixels.Standard, AddMirrorImage = true }).Fit(Photographs(ml));
        CollectionAssert.DoesNotContain(fingerprints, mirrored.Fingerprint);

        // What is computed counts, not the weights alone.
        string linear = s_folder.Write("linear.onnx", SmallRecognizers.Write(activates: false));
        using FaceEmbeddingTransformer other = Fit(ml, linear, FacePixels.Standard);
        CollectionAssert.DoesNotContain(fingerprints, other.Fingerprint);
    }

    [TestMethod]
    public void SaveAndLoad_Graph_KeepsAllOfIt()
    {
        var ml = new MLContext();
        IDataView data = Rows(ml);
        FacePixels pixels = FacePixels.ImageNet with { ColorOrder = FaceColorOrder.Bgr };
        using var model = ml.Transforms.LoadFaceImages("Image", "ImagePath").Append(ml.Transforms.EmbedFaces("Embedding", "Image", s_file, pixels)).Fit(data);
        using var copy = (IDisposable)model.WithThreshold(Thresholds.Of(0.3));
        string zip = Path.Combine(s_folder.FullName, "saved.zip");
        ml.Model.Save((ITransformer)copy, data.Schema, zip);
        ITransformer loaded = new MLContext().Model.Load(zip, out _);
        using (loaded as IDisposable)
        {
            FaceEmbeddingTransformer embedding = loaded.FaceEmbedding();
            Assert.AreEqual(model.LastTransformer.Fingerprint, embedding.Fingerprint);
            Assert.AreEqual(model.LastTransformer.NetworkFile, embedding.NetworkFile);
            Assert.AreEqual(Thresholds.Of(0.3), embedding.Threshold);
            CollectionAssert.AreEqual(model.Transform(data).GetColumn<float[]>("Embedding").Single(), loaded.Transform(data).GetColumn<float[]>("Embedding").Single());
        }

        using var embedder = new FaceEmbedder(zip, new FaceEmbedder.Options { ReloadInterval = null });
        Assert.AreEqual(model.LastTransformer.Fingerprint, embedder.Fingerprint);
        Assert.IsGreaterThan(0.99999, OnnxFile.Cosine([.. embedder.Embed(s_photograph).Vector.ToArray()], SmallRecognizers.Reference(File.ReadAllBytes(s_file), s_face, pixels)));
    }

    [TestMethod]
    [DataRow("\"numbers\":[16,16]", "\"numbers\":[16,12]", DisplayName = "another stride")]
    [DataRow("\"numbers\":[16,16]", "\"numbers\":[99,99]", DisplayName = "a kernel larger than its tensor")]
    [DataRow("\"shape\":[16,3136]", "\"shape\":[16,9999]", DisplayName = "a tensor of other sizes")]
    [DataRow("\"shape\":[16,3136]", "\"shape\":[99,3136]", DisplayName = "more outputs than the embedding has")]
    [DataRow("[-1,3,112,112]", "[-1,3,999,999]", DisplayName = "a larger picture")]
    [DataRow("\"operator\":\"Gemm\"", "\"operator\":\"Gems\"", DisplayName = "an operator that there is not")]
    [DataRow("\"pixels\",\"inputs\"", "\"pixels\",\"inputz\"", DisplayName = "a field that there is not")]
    public void Load_AlteredGraph_IsRefusedBeforeAnythingIsComputed(string before, string after)
    {
        var ml = new MLContext();
        using FaceEmbeddingTransformer model = Fit(ml, s_file, FacePixels.ImageNet);
        string zip = Path.Combine(s_folder.FullName, "whole.zip");
        ml.Model.Save(model, null, zip);
        int found = 0;
        byte[] altered = AlteredZip.Of(File.ReadAllBytes(zip), (name, bytes) =>
        {
            if (!name.EndsWith("Model.key", StringComparison.Ordinal) || bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(before)) < 0)
            {
                return bytes;
            }

            // With a checksum that is right.
            found++;
            int start = bytes.AsSpan().IndexOf([(byte)5, .. "Image"u8]);
            int end = Enumerable.Range(start, bytes.Length - start - SHA256.HashSizeInBytes + 1).First(at => SHA256.HashData(bytes.AsSpan(start..at)).AsSpan().SequenceEqual(bytes.AsSpan(at, SHA256.HashSizeInBytes)));
            byte[] changed = AlteredZip.Replaced(bytes, Encoding.UTF8.GetBytes(before), Encoding.UTF8.GetBytes(after));
            SHA256.HashData(changed.AsSpan(start..end)).CopyTo(changed, end);
            return changed;
        });
        Assert.AreEqual(1, found, before);
        string message = Assert.Throws<Exception>(() => ml.Model.Load(s_folder.Write("altered.zip", altered), out _)).GetBaseException().Message;
        StringAssert.Contains(message, "altered");
    }

    [TestMethod]
    public void ExportToOnnx_Graph_IsImportedAgainAsTheSameEmbedding()
    {
        var ml = new MLContext();
        using FaceEmbeddingTransformer model = Fit(ml, s_file, FacePixels.ImageNet);
        float[] expected = Embed(model);
        foreach (bool includesPreprocessing in new[] { true, false })
        {
            string path = Path.Combine(s_folder.FullName, $"exported-{includesPreprocessing}.onnx");
            ml.FaceRecognition().ExportToOnnx(model, path, new OnnxExportOptions { OriginalGraph = false, IncludePreprocessing = includesPreprocessing });
            Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(expected, OnnxFile.Embed(path, s_face, includesPreprocessing)[0]));
            using FaceEmbeddingTransformer again = Fit(ml, path, pixels: null);
            Assert.AreEqual((FacePixelsSource.Metadata, includesPreprocessing ? FacePixels.Unscaled : FacePixels.Standard), (again.NetworkFile!.Pixels.Source, again.NetworkFile.Pixels.Pixels));
            Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(expected, Embed(again)));
        }
    }

    [TestMethod]
    [DataRow(112, 96), DataRow(160, 160), DataRow(96, 80), DataRow(224, 128)]
    public void EmbedFaces_FaceOfAnotherSize_IsMadeOfTheAlignedOne(int height, int width)
    {
        // Between four pixels as plain loops have it: centers on centers, sides cut off equally.
        byte[] graph = SmallRecognizers.Write(size: height, width: width);
        float[] planes = new float[3 * height * width];
        for (int i = 0; i < planes.Length; i++)
        {
            (int channel, int row, int column) = (i / (height * width), i / width % height, i % width);
            planes[i] = (At(column + ((height - width) / 2), row, 2 - channel, 112.0 / height) - 127.5f) / 127.5f;
        }

        float[] expected = GraphModel.Run(graph, "data", [1, 3, height, width], planes);
        var ml = new MLContext();
        FacePixels pixels = FacePixels.Standard with { ColorOrder = FaceColorOrder.Bgr };
        using FaceEmbeddingTransformer model = Fit(ml, s_folder.Write("sized.onnx", graph), pixels);
        Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(expected, Embed(model)));

        string zip = Path.Combine(s_folder.FullName, "sized.zip"), onnx = Path.Combine(s_folder.FullName, "sized-again.onnx");
        ml.Model.Save(model, Photographs(ml).Schema, zip);
        using var loaded = (FaceEmbeddingTransformer)ml.Model.Load(zip, out _);
        CollectionAssert.AreEqual(Embed(model), Embed(loaded));
        ml.FaceRecognition().ExportToOnnx(model, onnx);
        using FaceEmbeddingTransformer again = Fit(ml, onnx, pixels);
        Assert.AreEqual(model.Fingerprint, again.Fingerprint);
        Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(expected, Embed(again)));

        static float At(int column, int row, int color, double scale)
        {
            double x = Math.Clamp(((column + 0.5) * scale) - 0.5, 0, 111), y = Math.Clamp(((row + 0.5) * scale) - 0.5, 0, 111);
            (int left, int top) = ((int)x, (int)y);
            double Pixel(int right, int down) => s_face[(((Math.Min(top + down, 111) * 112) + Math.Min(left + right, 111)) * 3) + color];
            double upper = Pixel(0, 0) + ((Pixel(1, 0) - Pixel(0, 0)) * (x - left)), lower = Pixel(0, 1) + ((Pixel(1, 1) - Pixel(0, 1)) * (x - left));
            return (float)(upper + ((lower - upper) * (y - top)));
        }
    }

    [TestMethod]
    public void EmbedFaces_GraphThatGivesTheNorm_HasItAsQuality()
    {
        (byte[] graph, string norm) = SmallRecognizers.WriteWithNorm();
        var options = new FaceEmbeddingEstimator.Options { WeightsFile = s_folder.Write("norm.onnx", graph), Pixels = FacePixels.Standard, QualityColumnName = "Quality" };
        var ml = new MLContext();
        IDataView faces = Photographs(ml);
        FaceEmbeddingEstimator estimator = ml.Transforms.EmbedFaces(options);
        using FaceEmbeddingTransformer model = estimator.Fit(faces);
        SchemaShape.Column described = estimator.GetOutputSchema(SchemaShapes.Of(faces.Schema)).Single(column => column.Name == "Quality");
        Assert.AreEqual(SchemaShapes.Describe(SchemaShapes.Of(model.GetOutputSchema(faces.Schema)).Single(column => column.Name == "Quality")), SchemaShapes.Describe(described));
        float expected = SmallRecognizers.Reference(graph, s_face, FacePixels.Standard, norm).Single();
        Assert.IsGreaterThan(2, expected);
        float quality = model.Transform(faces).GetColumn<float>("Quality").Single();
        Assert.AreEqual(expected, quality, 1e-4f * expected);
        Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(SmallRecognizers.Reference(graph, s_face, FacePixels.Standard), Embed(model)));

        string zip = Path.Combine(s_folder.FullName, "norm.zip");
        ml.Model.Save(model, faces.Schema, zip);
        using var loaded = (FaceEmbeddingTransformer)ml.Model.Load(zip, out _);
        Assert.AreEqual(quality, loaded.Transform(faces).GetColumn<float>("Quality").Single());

        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ml.Transforms.EmbedFaces(options with { QualityColumnName = "Embedding" })).Message;
        StringAssert.Contains(message, "'Embedding' is used twice");
    }

    [TestMethod]
    [DataRow(false), DataRow(true)]
    public void ExportToOnnx_SavedGraph_IsTheFileAndSaysItsPixels(bool isSaved)
    {
        var ml = new MLContext();
        FacePixels pixels = FacePixels.ImageNet with { ColorOrder = FaceColorOrder.Bgr };
        using FaceEmbeddingTransformer model = Fit(ml, s_file, pixels);
        string zip = Path.Combine(s_folder.FullName, "to-export.zip"), path = Path.Combine(s_folder.FullName, "original.onnx");
        using var calibrated = (IDisposable)model.WithThreshold(Thresholds.Of(0.3));
        ml.Model.Save((ITransformer)calibrated, null, zip);
        ITransformer source = isSaved ? ml.Model.Load(zip, out _) : (ITransformer)calibrated;
        using (source as IDisposable)
        {
            ml.FaceRecognition().ExportToOnnx(source, path);
        }

        ModelProto before = ModelProto.Parser.ParseFrom(File.ReadAllBytes(s_file)), after = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        Assert.AreEqual(before.Graph, after.Graph);
        using FaceEmbeddingTransformer again = Fit(ml, path, pixels: null);
        Assert.AreEqual((FacePixelsSource.Metadata, pixels), (again.NetworkFile!.Pixels.Source, again.NetworkFile.Pixels.Pixels));
        Assert.AreEqual((model.Fingerprint, Thresholds.Of(0.3)), (again.Fingerprint, again.Threshold!));
        Assert.IsGreaterThan(0.99999, OnnxFile.Cosine(Embed(model), SmallRecognizers.Reference(File.ReadAllBytes(path), s_face, pixels)));
    }

    [TestMethod]
    public void Fit_NetworkThatMakesNothingOfFaces_IsRefusedWithWhatItMakes()
    {
        var ml = new MLContext();
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 2);
        StringAssert.Contains(Refusal("constant.onnx", weight: 0, bias: 3), "it makes the same embedding of two pictures that have nothing in common: their numbers, of up to 3, differ by 0 at most");
        StringAssert.Contains(Refusal("dead.onnx", weight: 0, bias: 0), "their numbers, of up to 0, differ by 0 at most");
        StringAssert.Contains(Refusal("endless.onnx", weight: 3e38f, bias: 0), "numbers grow beyond float32");
        StringAssert.Matches(Refusal("long.onnx", weight: 1e18f, bias: 0), new Regex(@"it makes an embedding of length [\d.]+e\+(19|2\d) of a picture of random colors, whose square is beyond float32; it has to be below 1\.84e\+19"));
        string Refusal(string name, float weight, float bias)
        {
            string path = Sums(name, weight, bias);
            string found = Assert.ThrowsExactly<WeightsFormatException>(() => ml.FaceRecognition().FindPreprocessing(path, people.Images(ml))).Message, message = Assert.ThrowsExactly<WeightsFormatException>(() => Fit(ml, path, FacePixels.Standard)).Message;
            StringAssert.Contains(found, $"'{name}' is no recognizer of use");
            StringAssert.Contains(message, $"'{name}' is no recognizer of use");
            return message;
        }
    }

    [TestMethod]
    [DataRow(1e-3f, false)]
    [DataRow(1e15f, false)]
    [DataRow(1e15f, true)]
    public void Transform_EmbeddingWhoseSquaresAreBeyondFloat32_HasUnitLength(float weight, bool addMirrorImage)
    {
        // A white picture is the sum of 37,632 ones; with a weight of 1e15 the square of it is 1.4e39. The pictures of the trial are shorter.
        var ml = new MLContext();
        using var white = new SKBitmap(112, 112);
        white.Erase(SKColors.White);
        using SKData png = white.Encode(SKEncodedImageFormat.Png, 100);
        IDataView rows = ml.Data.LoadFromEnumerable([new Photograph { ImagePath = s_folder.Write("white.png", png.ToArray()) }]);
        IDataView photographs = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows);
        string path = Sums($"white-{weight:g1}-{addMirrorImage}.onnx", weight, bias: 0);
        using FaceEmbeddingTransformer model = ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options { WeightsFile = path, Pixels = FacePixels.Standard, AddMirrorImage = addMirrorImage }).Fit(photographs);
        foreach (float number in model.Transform(photographs).GetColumn<float[]>("Embedding").Single())
        {
            Assert.AreEqual(0.5f, number, 1e-6f);
        }
    }

    [TestMethod]
    public void ExportToOnnx_ChoiceOfTheGraph_IsThatOfTheOptions()
    {
        var ml = new MLContext();
        string path = Path.Combine(s_folder.FullName, "chosen.onnx");
        using FaceEmbeddingTransformer model = Fit(ml, s_file, FacePixels.Standard);
        ml.FaceRecognition().ExportToOnnx(model, path, new OnnxExportOptions { NormalizeOutput = false });
        Assert.AreEqual("embedding", Graph().Output.Single().Name, "Other options are of a graph of this library.");
        string refusal = Assert.ThrowsExactly<ArgumentException>(() => ml.FaceRecognition().ExportToOnnx(model, path, new OnnxExportOptions { OriginalGraph = true, NormalizeOutput = false })).Message;
        StringAssert.Contains(refusal, "its own outputs");

        // The model alone adds the mirror image: by itself, the graph would give another embedding.
        using var mirrored = ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options { WeightsFile = s_file, Pixels = FacePixels.Standard, AddMirrorImage = true }).Fit(Photographs(ml));
        ml.FaceRecognition().ExportToOnnx(mirrored, path);
        Assert.AreEqual("embedding", Graph().Output.Single().Name);
        ml.FaceRecognition().ExportToOnnx(mirrored, path, new OnnxExportOptions { OriginalGraph = true });
        Assert.AreEqual(ModelProto.Parser.ParseFrom(File.ReadAllBytes(s_file)).Graph, Graph());
        CollectionAssert.AreEquivalent(new[] { "pixels" }, ModelProto.Parser.ParseFrom(File.ReadAllBytes(path)).MetadataProps.Select(entry => entry.Key).ToArray());

        string older = Path.Combine(SavedModelsTests.Folder, "graph-00010005.zip");
        ITransformer loaded = ml.Model.Load(older, out _);
        using (loaded as IDisposable)
        {
            ml.FaceRecognition().ExportToOnnx(loaded, path);
            Assert.AreEqual("embedding", Graph().Output.Single().Name);
            string absent = Assert.ThrowsExactly<ArgumentException>(() => ml.FaceRecognition().ExportToOnnx(loaded, path, new OnnxExportOptions { OriginalGraph = true })).Message;
            StringAssert.Contains(absent, "does not keep the graph that it was imported from");
        }

        GraphProto Graph() => ModelProto.Parser.ParseFrom(File.ReadAllBytes(path)).Graph;
    }

    [TestMethod]
    public void Fit_FileThatWasChanged_IsRefused()
    {
        var ml = new MLContext();
        string path = s_folder.Write("changing.onnx", SmallRecognizers.Write());
        FaceEmbeddingEstimator estimator = ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options { WeightsFile = path, Pixels = FacePixels.Standard });
        s_folder.Write("changing.onnx", SmallRecognizers.Write(activates: false));
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => estimator.Fit(Photographs(ml))).Message, "was changed after it was looked at");
    }

    [TestMethod]
    [DataRow("the entry", null, "Graph.onnx", DisplayName = "no graph")]
    [DataRow("tensor.0", "tensor.9", "checksum", DisplayName = "another graph")]
    public void Load_AlteredOriginalGraph_IsRefused(string before, string? after, string expected)
    {
        var ml = new MLContext();
        using FaceEmbeddingTransformer model = Fit(ml, s_file, FacePixels.Standard);
        string zip = Path.Combine(s_folder.FullName, "whole.zip");
        ml.Model.Save(model, null, zip);
        using var stream = new MemoryStream();
        stream.Write(File.ReadAllBytes(zip));
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Update, leaveOpen: true))
        {
            ZipArchiveEntry entry = archive.Entries.Single(entry => entry.FullName.EndsWith("Graph.onnx", StringComparison.Ordinal));
            byte[] graph = new byte[entry.Length];
            using (Stream read = entry.Open())
            {
                read.ReadExactly(graph);
            }

            string name = entry.FullName;
            entry.Delete();
            if (after is not null)
            {
                using Stream written = archive.CreateEntry(name).Open();
                written.Write(AlteredZip.Replaced(graph, Encoding.UTF8.GetBytes(before), Encoding.UTF8.GetBytes(after)));
            }
        }

        StringAssert.Contains(Assert.Throws<Exception>(() => ml.Model.Load(s_folder.Write("altered.zip", stream.ToArray()), out _)).GetBaseException().Message, expected);
    }

    [TestMethod]
    public void ExportToSafetensors_Graph_HoldsItsNetwork()
    {
        var ml = new MLContext();
        using FaceEmbeddingTransformer model = Fit(ml, s_file, FacePixels.ImageNet);
        string path = Path.Combine(s_folder.FullName, "exported.safetensors");
        ml.FaceRecognition().ExportToSafetensors(model, path);
        using FaceEmbeddingTransformer again = Fit(ml, path, pixels: null);
        Assert.AreEqual(model.Fingerprint, again.Fingerprint);
        CollectionAssert.AreEqual(Embed(model), Embed(again));

        // The tensors have the names and sizes of the graph, and the graph is there to be written again.
        GraphProto graph = ModelProto.Parser.ParseFrom(File.ReadAllBytes(s_file)).Graph;
        using (WeightsFile weights = WeightsFile.Open(path))
        {
            CollectionAssert.AreEqual(graph.Initializer.Select(tensor => $"{tensor.Name} [{string.Join(", ", tensor.Dims)}]").ToArray(), weights.Tensors.Select(tensor => $"{tensor.Name} [{string.Join(", ", tensor.Shape)}]").ToArray());
        }

        string onnx = Path.Combine(s_folder.FullName, "of-safetensors.onnx");
        ml.FaceRecognition().ExportToOnnx(again, onnx);
        Assert.AreEqual(graph, ModelProto.Parser.ParseFrom(File.ReadAllBytes(onnx)).Graph);
    }

    [TestMethod]
    public void ExportToSafetensors_ModelWithoutItsGraph_HoldsItsNetwork()
    {
        var ml = new MLContext();
        string path = Path.Combine(s_folder.FullName, "described.safetensors");
        ITransformer model = ml.Model.Load(Path.Combine(SavedModelsTests.Folder, "graph-00010005.zip"), out _);
        using (model as IDisposable)
        {
            ml.FaceRecognition().ExportToSafetensors(model, path);
            using FaceEmbeddingTransformer again = Fit(ml, path, pixels: null);
            Assert.AreEqual(model.FaceEmbedding().Fingerprint, again.Fingerprint);
        }
    }

    [TestMethod]
    [DataRow("tensor.0", "1 missing: tensor.0", DisplayName = "no tensor")]
    [DataRow("graph", "no base64", DisplayName = "no graph")]
    public void EmbedFaces_AlteredSafetensorsOfAGraph_IsRefused(string part, string expected)
    {
        var ml = new MLContext();
        string path = Path.Combine(s_folder.FullName, "whole.safetensors"), altered = Path.Combine(s_folder.FullName, "altered.safetensors");
        using FaceEmbeddingTransformer model = Fit(ml, s_file, FacePixels.Standard);
        ml.FaceRecognition().ExportToSafetensors(model, path);
        using (WeightsFile weights = WeightsFile.Open(path))
        {
            (string, StateTensor)[] tensors = [.. weights.Tensors.Where(tensor => tensor.Name != part).Select(tensor => (tensor.Name, (StateTensor)PlainTensor.Of(tensor.Shape, new float[PlainTensor.CountOf(tensor.Shape)])))];
            Dictionary<string, string> metadata = new(weights.Metadata);
            metadata[SplitGraph.MetadataKey] = part == "graph" ? "?" : metadata[SplitGraph.MetadataKey];
            using FileStream stream = File.Create(altered);
            Safetensors.Write(stream, tensors, metadata);
        }

        string message = Assert.ThrowsExactly<WeightsFormatException>(() => Fit(ml, altered, pixels: null)).Message;
        StringAssert.Contains(message, "altered.safetensors");
        StringAssert.Contains(message, expected);
    }

    [TestMethod]
    public void EmbedFaces_FilesThatDoNotFit_AreRefusedByName()
    {
        var ml = new MLContext();
        string large = s_folder.Write("large.onnx", SmallRecognizers.Write(size: 480));
        StringAssert.Contains(Refusal(large), "reads faces of 480×480 pixels (height × width); read are faces 56 to 448 pixels high");
        var padded = new GraphModel();
        string wide = padded.Node("Conv", [padded.Input(1, 3, 112, 112), padded.Random(5, 3, 3, 3)], ("pads", (long[])[65536, 0, 0, 0]));
        string padding = s_folder.Write("padded.onnx", padded.ToBytes(padded.Node("ReduceMax", [wide], ("axes", (long[])[2, 3]), ("keepdims", 0L))));
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => Fit(ml, padding, FacePixels.Standard)).Message, "MiB");
        string architecture = Assert.ThrowsExactly<WeightsFormatException>(() => ml.Transforms.EmbedFaces("Embedding", "Image", s_file, BackboneArchitecture.IResNet50)).Message;
        StringAssert.Contains(architecture, "has its network in itself");
        FacePreprocessingSearch other = new([], new FacePreprocessingChoice(FacePixels.Standard, 1, 1, 1, true), "", "00", 2, 4, 2, 4);
        Assert.ThrowsExactly<ArgumentException>(() => ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options { WeightsFile = s_file, Preprocessing = other }));

        string Refusal(string file) => Assert.ThrowsExactly<WeightsFormatException>(() => ml.Transforms.EmbedFaces("Embedding", "Image", file)).Message;
    }

    /// <summary>Writes a graph that makes of a picture four numbers, each the weighted sum of its pixels.</summary>
    private static string Sums(string name, float weight, float bias)
    {
        var graph = new GraphModel();
        const int columns = 3 * 112 * 112, size = 4;
        string flat = graph.Node("Flatten", [graph.Input("data", TensorProto.Types.DataType.Float, 1, 3, 112, 112)]);
        return s_folder.Write(name, graph.ToBytes(graph.Node("Gemm", [flat, graph.Floats([.. Enumerable.Repeat(weight, size * columns)], size, columns), graph.Floats([bias, bias, bias, bias], size)], ("transB", 1L))));
    }

    private static FaceEmbeddingTransformer Fit(MLContext ml, string file, FacePixels? pixels) => ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options { WeightsFile = file, Pixels = pixels }).Fit(Photographs(ml));

    private static float[] Embed(FaceEmbeddingTransformer model) => model.Transform(Photographs(new MLContext())).GetColumn<float[]>("Embedding").Single();

    private static IDataView Rows(MLContext ml) => ml.Data.LoadFromEnumerable([new Photograph { ImagePath = s_photograph, Label = "Ada" }]);

    private static IDataView Photographs(MLContext ml)
    {
        IDataView rows = Rows(ml);
        return ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows);
    }

    private sealed class Photograph
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";
    }
}
