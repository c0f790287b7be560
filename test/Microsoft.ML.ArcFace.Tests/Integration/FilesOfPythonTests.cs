using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.ML.ArcFace.Data.InsightFace;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Integration;

/// <summary>What Python's pickle, NumPy, PyTorch and safetensors write (build/integration/write_files.py), read here.</summary>
[TestClass]
[RequiresIntegration(IntegrationFiles.FromOthers)]
public class FilesOfPythonTests
{
    [TestMethod]
    [DynamicData(nameof(VerificationFiles))]
    public void Bin_OfPythonsPickle_HasItsImagesAndFlags(string file)
    {
        JsonElement expected = Expected("bin/expected");
        VerificationFile actual = VerificationFile.Open(PathOf(file));
        CollectionAssert.AreEqual(expected.GetProperty("same").EnumerateArray().Select(flag => flag.GetBoolean()).ToArray(), actual.IsSamePerson);
        string[] images = [.. expected.GetProperty("images").EnumerateArray().Select(image => image.GetString()!)];
        CollectionAssert.AreEqual(images, Enumerable.Range(0, actual.ImageCount).Select(image => Convert.ToHexString(actual.Image(image))).ToArray());
    }

    [TestMethod]
    [DynamicData(nameof(Checkpoints))]
    public void Weights_OfPython_HaveTheirNumbers(string file)
    {
        using DisposeScope scope = NewDisposeScope();
        using var weights = WeightsFile.Open(PathOf(file));
        Dictionary<string, StoredTensor> stored = weights.Tensors.ToDictionary(tensor => tensor.Name);
        JsonElement[] expected = [.. Expected(file).GetProperty("tensors").EnumerateArray()];
        CollectionAssert.AreEquivalent(expected.Select(tensor => tensor.GetProperty("name").GetString()).ToArray(), stored.Keys.ToArray());
        foreach (JsonElement tensor in expected)
        {
            StoredTensor actual = stored[tensor.GetProperty("name").GetString()!];
            CollectionAssert.AreEqual(tensor.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()).ToArray(), actual.Shape, actual.Name);

            Tensor target = zeros(actual.Shape, dtype: actual.Elements.Type == ElementType.Int64 ? ScalarType.Int64 : ScalarType.Float32);
            weights.CopyInto([(actual, target)]);
            float[] numbers = [.. tensor.GetProperty("values").EnumerateArray().Select(value => (float)value.GetDouble())];
            CollectionAssert.AreEqual(numbers, MemoryMarshal.Cast<byte, float>(target.to(ScalarType.Float32).bytes).ToArray(), actual.Name);
        }
    }

    [TestMethod]
    [DynamicData(nameof(HostileFiles))]
    public void Weights_ThatWouldRunAProgram_AreRefusedAndRunNothing(string file)
    {
        string path = PathOf(file);
        var error = Assert.ThrowsExactly<WeightsFormatException>(() => WeightsFile.Open(path).Dispose());
        StringAssert.Contains(error.Message, "which is not data");
        Assert.IsFalse(File.Exists(IntegrationFiles.Read("hostile/it-ran")), "The program in the file must not run.");
    }

    [TestMethod]
    public void RecordIO_WrittenByItsDefinition_HasItsImagesAndLabels()
    {
        JsonElement[] expected = [.. Expected("records/train.rec").GetProperty("images").EnumerateArray()];
        IDataView view = new MLContext().FaceRecognition().LoadFromRecordIO(PathOf("records/train.rec"));
        CollectionAssert.AreEqual(expected.Select(image => image.GetProperty("bytes").GetString()).ToArray(), view.GetColumn<byte[]>("ImageBytes").Select(Convert.ToHexString).ToArray());
        CollectionAssert.AreEqual(expected.Select(image => image.GetProperty("label").GetUInt32() + 1).ToArray(), view.GetColumn<uint>("Label").ToArray());
    }

    public static IEnumerable<object[]> VerificationFiles =>
        from elements in new[] { "bytes", "bytearray", "numpy" }
        from protocol in Enumerable.Range(2, 4)
        where elements != "bytearray" || protocol == 5
        select new object[] { $"bin/{elements}-{protocol}.bin" };

    public static IEnumerable<object[]> Checkpoints =>
    [
        .. from name in new[] { "kinds", "shared", "strided", "parameters", "prefixed", "nested", "arcface_torch", "module" }
           from form in new[] { "zip", "stream" }
           select new object[] { $"weights/{name}-{form}.pth" },
        ["weights/numpy.safetensors"],
    ];

    public static IEnumerable<object[]> HostileFiles => from name in new[] { "system-zip", "system-stream", "eval-zip", "pickle" } select new object[] { $"hostile/{name}.pth" };

    /// <summary>The file of a test; skips it where the program that writes the file was absent.</summary>
    private static string PathOf(string file)
    {
        string path = IntegrationFiles.Read(file);
        if (!File.Exists(path))
        {
            Assert.Inconclusive($"Skipped: nothing here could write {file}.");
        }

        return path;
    }

    private static JsonElement Expected(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(IntegrationFiles.Read(file + ".json")));
        return document.RootElement.Clone();
    }
}
