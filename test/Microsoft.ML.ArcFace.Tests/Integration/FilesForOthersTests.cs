using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Tests.Export;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Training;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Data;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Integration;

/// <summary>Writes what build/integration/check_files.py then reads with other programs, and what they should find in it.</summary>
[TestClass]
[RequiresIntegration]
public class FilesForOthersTests
{
    private const int Faces = 2;

    private static readonly MLContext Ml = new(seed: 1);

    public static IEnumerable<object[]> Architectures => Enum.GetValues<BackboneArchitecture>().Select(architecture => new object[] { architecture });

    [TestMethod]
    [DynamicData(nameof(Architectures))]
    public void Onnx_EveryBackbone_WorksInOnnxRuntimeAndInApplyOnnxModel(BackboneArchitecture architecture)
    {
        WriteFaces();
        using FaceEmbeddingTransformer model = OnnxExportTests.Create(architecture, embeddingSize: 512);
        string path = IntegrationFiles.Write($"onnx/{architecture.ToShortName()}.onnx");
        Ml.FaceRecognition().ExportToOnnx(model, path);
        float[] expected = model.Model.Embed(RandomFaces(), Faces, addMirrorImage: false).Unit;
        File.WriteAllBytes(Path.ChangeExtension(path, ".f32"), MemoryMarshal.AsBytes(expected.AsSpan()).ToArray());

        CompareRows(expected, OnnxFile.Embed(path, RandomFaces()));
        IDataView rows = Ml.Data.LoadFromEnumerable(OnnxFile.Planar(RandomFaces()).Chunk(FaceTensor.ByteCount).Select(face => new Planes { Input = face }));
        var applied = Ml.Transforms.ApplyOnnxModel(["embedding"], ["input"], path, new Dictionary<string, int[]> { ["input"] = [1, 3, 112, 112], ["embedding"] = [1, 512] }, gpuDeviceId: null, fallbackToCpu: false);
        CompareRows(expected, [.. applied.Fit(rows).Transform(rows).GetColumn<float[]>("embedding")]);
    }

    [TestMethod]
    [DataRow("mirror")]
    [DataRow("raw")]
    public void Onnx_EveryChoice_IsWritten(string name)
    {
        WriteFaces();
        using FaceEmbeddingTransformer model = OnnxExportTests.Create(BackboneArchitecture.MobileFaceNet, embeddingSize: 512, addMirrorImage: name == "mirror");
        string path = IntegrationFiles.Write($"onnx/mbf-{name}.onnx");
        bool isRaw = name == "raw";
        Ml.FaceRecognition().ExportToOnnx(model, path, new OnnxExportOptions { IncludePreprocessing = !isRaw, NormalizeOutput = !isRaw });
        float[] expected = model.Model.Embed(RandomFaces(), Faces, model.AddsMirrorImage).Unit;
        File.WriteAllBytes(Path.ChangeExtension(path, ".f32"), MemoryMarshal.AsBytes(expected.AsSpan()).ToArray());
    }

    [TestMethod]
    public void RecordIOAndBin_OfAFolder_AreWritten()
    {
        using var people = new DrawnPeople(people: 4, picturesPerPerson: 5);

        // Behind its end a JPEG may hold anything; the magic number makes its record one of several parts.
        string split = people.AnyPicture;
        byte[] jpeg = File.ReadAllBytes(split);
        File.WriteAllBytes(split, [.. jpeg, .. new byte[(4 - (jpeg.Length % 4)) % 4], 0x0a, 0x23, 0xd7, 0xce, 0x0a, 0x23, 0xd7, 0xce, 1]);

        FaceRecognitionCatalog faces = Ml.FaceRecognition();
        IDataView photographs = faces.LoadFromFolder(people.Folder);
        faces.SaveAsRecordIO(photographs, IntegrationFiles.Write("records/train.rec"));
        IReadOnlyList<FacePair> pairs = faces.AllPairs(photographs, maximumPairs: 40);
        faces.SaveAsVerificationBin(photographs, pairs, IntegrationFiles.Write("records/lfw.bin"));
        WriteJson("records/expected.json", new
        {
            Labels = photographs.GetColumn<string>("Label").ToArray(),
            Images = photographs.GetColumn<string>("ImagePath").Select(path => Convert.ToHexString(File.ReadAllBytes(path))).ToArray(),
            Same = pairs.Select(pair => pair.IsSamePerson).ToArray(),
            Pictures = pairs.SelectMany(pair => new[] { pair.First, pair.Second }).Select(name => Convert.ToHexString(File.ReadAllBytes(Path.Combine(people.Folder, name)))).ToArray(),
        });
    }

    [TestMethod]
    public void Safetensors_OfAModel_AreWritten()
    {
        using FaceEmbeddingTransformer model = OnnxExportTests.Create(BackboneArchitecture.MobileFaceNet, embeddingSize: 64);
        Ml.FaceRecognition().ExportToSafetensors(model, IntegrationFiles.Write("weights/mbf.safetensors"), includeClassCentres: true);
        using DisposeScope scope = torch.NewDisposeScope();
        WriteJson("weights/expected.json", ModuleState.Of(model.Model.ToBackbone()).ToDictionary(
            entry => entry.Name, entry => new { Shape = entry.Tensor.shape, Sum = entry.Tensor.detach().to(torch.ScalarType.Float64).sum().item<double>() }));
    }

    [TestMethod]
    public void TensorBoardEvents_OfARunThatGoesOn_AreWritten()
    {
        string folder = Path.GetDirectoryName(IntegrationFiles.Write("events/expected.json"))!;
        float[] losses = [.. Enumerable.Range(0, 8).Select(step => 20f - (1.25f * step))];
        foreach ((int first, int end) in new[] { (0, 6), (4, 8) })
        {
            using EventFile file = EventFile.Create(folder, first);
            for (int step = first; step < end; step++)
            {
                file.Scalars(step, ("train/loss", losses[step]), ("train/learning_rate", 0.1));
            }
        }

        WriteJson("events/expected.json", new { Losses = losses });
    }

    private static void CompareRows(float[] expected, float[][] actual)
    {
        Assert.HasCount(Faces, actual);
        foreach ((float[] row, float[] other) in expected.Chunk(expected.Length / Faces).Zip(actual))
        {
            Assert.IsGreaterThanOrEqualTo(OnnxExportTests.SmallestCosine, OnnxFile.Cosine(row, other));
        }
    }

    private static byte[] RandomFaces()
    {
        byte[] faces = new byte[Faces * FaceTensor.ByteCount];
        new Random(5).NextBytes(faces);
        return faces;
    }

    private static void WriteFaces() =>
        File.WriteAllBytes(IntegrationFiles.Write("onnx/faces.f32"), MemoryMarshal.AsBytes(OnnxFile.Planar(RandomFaces()).AsSpan()).ToArray());

    private static void WriteJson<T>(string name, T value) =>
        File.WriteAllText(IntegrationFiles.Write(name), JsonSerializer.Serialize(value, new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.CamelCase }));

    private sealed class Planes
    {
        [ColumnName("input")]
        [VectorType(3, 112, 112)]
        public float[] Input { get; set; } = [];
    }
}
