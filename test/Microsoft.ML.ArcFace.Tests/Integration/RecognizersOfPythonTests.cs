using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Integration;

/// <summary>
/// Recognizers that PyTorch exported and saved, and graphs as the programs behind published files wrote them
/// (build/integration/write_recognizers.py), beside what PyTorch and onnx's reference evaluator make of the same faces.
/// </summary>
[TestClass]
[RequiresIntegration(IntegrationFiles.FromOthers)]
public class RecognizersOfPythonTests
{
    private const int Faces = 2, Area = 112 * 112;

    public static IEnumerable<object[]> Files =>
    [
        .. from network in new[] { "iresnet", "se", "channels-last", "unit", "norm" } from opset in new[] { 9, 11, 13, 17 } select new object[] { FormattableString.Invariant($"{network}-{opset}.onnx") },
        ["adaface.pth"], ["ir_se.pth"], ["evolve.pth"], ["evolve_se.pth"],
        ["sface-like.onnx"], ["arcfaceresnet-like.onnx"], ["w600k-like.onnx"], ["external.onnx"],
    ];

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void Embed_RecognizerOfPython_EqualsItsOwnEmbedding(string name)
    {
        const double smallestCosine = 0.99999, largestError = 1e-3;
        string path = IntegrationFiles.Read("recognizers/" + name);
        if (!File.Exists(path + ".json"))
        {
            Assert.Inconclusive($"Skipped: nothing here could write {name}.");
        }

        using var expected = JsonDocument.Parse(File.ReadAllBytes(path + ".json"));
        RecognizerFile file = RecognizerFile.Open(path, architecture: null);
        FacePixels pixels = file.Decide(said: null, found: null).Pixels;
        using InferenceNetwork network = file.Compute();
        float[] planes = [.. MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(IntegrationFiles.Read("recognizers/faces.f32")))];

        // Graphs that scale pixels themselves were given those of 0 to 255.
        Assert.AreEqual(name is "sface-like.onnx" or "arcfaceresnet-like.onnx", pixels == FacePixels.Unscaled, pixels.ToString());
        float[] faces = [.. planes.Chunk(3 * Area).SelectMany(face => Enumerable.Range(0, face.Length).Select(i => face[(i % 3 * Area) + (i / 3)])).Select(value => pixels == FacePixels.Unscaled ? 127.5f * (value + 1) : value)];
        float[] embeddings = network.Embed(faces, Faces);

        float[][] rows = [.. embeddings.Chunk(embeddings.Length / Faces)];
        float[][] wanted = [.. expected.RootElement.GetProperty("embeddings").EnumerateArray().Select(Numbers)];
        Assert.HasCount(Faces, wanted);
        JsonElement norms = expected.RootElement.GetProperty("norms");
        for (int face = 0; face < Faces; face++)
        {
            Assert.HasCount(wanted[face].Length, rows[face]);
            Assert.IsGreaterThan(smallestCosine, OnnxFile.Cosine(wanted[face], rows[face]));
            double length = norms.ValueKind == JsonValueKind.Array ? Numbers(norms)[face] : Length(wanted[face]);
            if (!name.StartsWith("unit", StringComparison.Ordinal))
            {
                Assert.AreEqual(length, Length(rows[face]), largestError * length);
            }
        }
    }

    private static float[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(number => (float)number.GetDouble())];

    private static double Length(float[] row) => Math.Sqrt(row.Sum(value => (double)value * value));
}
