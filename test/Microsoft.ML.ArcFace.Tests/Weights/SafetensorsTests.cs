using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Weights;

[TestClass]
public class SafetensorsTests
{
    [TestMethod]
    [DataRow(ScalarType.Float64)]
    [DataRow(ScalarType.Float32)]
    [DataRow(ScalarType.Float16)]
    [DataRow(ScalarType.BFloat16)]
    [DataRow(ScalarType.Int64)]
    [DataRow(ScalarType.Int32)]
    [DataRow(ScalarType.Int16)]
    [DataRow(ScalarType.Int8)]
    [DataRow(ScalarType.Byte)]
    [DataRow(ScalarType.Bool)]
    public void Load_EveryElementTypeAndRank_IsBitEqual(ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        (string, Tensor)[] written =
        [
            ("scalar", tensor(1).to(type)),
            ("empty", zeros([0, 3], dtype: type)),
            ("one", (rand(1) * 100).to(type)),
            ("ünï\"code.\\weight", (rand(2, 3, 5, 7) * 100).to(type)),
        ];
        (string, Tensor)[] read = [.. written.Select(entry => (entry.Item1, zeros_like(entry.Item2)))];

        Safetensors.Load(WriteToMemory(written), read);

        for (int i = 0; i < written.Length; i++)
        {
            AssertBitEqual(written[i].Item2, read[i].Item2, written[i].Item1);
        }
    }

    [TestMethod]
    public void Load_NotANumberAndNegativeZero_KeepTheirBits()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor written = tensor(new[] { float.NaN, BitConverter.Int32BitsToSingle(0x7fa00001), -0f, float.NegativeInfinity, float.Epsilon });
        Tensor read = zeros(5);

        Safetensors.Load(WriteToMemory([("x", written)]), [("x", read)]);

        AssertBitEqual(written, read, "x");
    }

    [TestMethod]
    public void Load_Network_RestoresItThroughAnArchive()
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone original = FaceBackbone.Create(BackboneArchitecture.MobileFaceNet, embeddingSize: 64);
        using FaceBackbone restored = FaceBackbone.Create(BackboneArchitecture.MobileFaceNet, embeddingSize: 64);
        using var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        using (Stream entry = archive.CreateEntry("weights").Open())
        {
            Safetensors.Write(entry, ModuleState.Of(original));
        }

        using (var archive = new ZipArchive(file, ZipArchiveMode.Read))
        using (Stream entry = archive.GetEntry("weights")!.Open())
        {
            Safetensors.Load(entry, ModuleState.Of(restored));
        }

        foreach (((string name, Tensor expected), (_, Tensor actual)) in ModuleState.Of(original).Zip(ModuleState.Of(restored)))
        {
            AssertBitEqual(expected, actual, name);
        }
    }

    [TestMethod]
    public void Load_MoreThanOnePieceFromAForwardOnlyStream_IsBitEqual()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor written = rand((5 << 20) + 3);
        Tensor read = zeros_like(written);

        Safetensors.Load(new ForwardOnlyStream(WriteToMemory([("x", written)]), longestRead: 1 << 17), [("x", read)]);

        AssertBitEqual(written, read, "x");
    }

    [TestMethod]
    public void Load_OtherMemoryOrders_IsRowMajorInTheFile()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor written = rand(2, 5, 4, 3).permute(0, 3, 1, 2);
        Tensor transposed = zeros(5, 4, 3, 2).permute(3, 2, 0, 1);
        Tensor rowMajor = zeros(2, 3, 5, 4);
        MemoryStream file = WriteToMemory([("x", written)]);

        Safetensors.Load(file, [("x", transposed)]);
        file.Position = 0;
        Safetensors.Load(file, [("x", rowMajor)]);

        AssertBitEqual(written, transposed, "transposed");
        AssertBitEqual(written, rowMajor, "row-major");
    }

    [TestMethod]
    public void Load_Parameter_KeepsItTrainable()
    {
        using DisposeScope scope = NewDisposeScope();
        var parameter = new TorchSharp.Modules.Parameter(zeros(3));

        Safetensors.Load(WriteToMemory([("x", ones(3))]), [("x", parameter)]);

        Assert.IsTrue(parameter.requires_grad && parameter.is_leaf);
        Assert.AreEqual(3f, parameter.sum().item<float>());
    }

    [TestMethod]
    public void Load_Metadata_ComesBack()
    {
        var metadata = new Dictionary<string, string> { ["format"] = "pt", ["who"] = "Zoë \"Z\" \n" };
        using var file = new MemoryStream();
        Safetensors.Write(file, [], metadata);
        file.Position = 0;

        CollectionAssert.AreEquivalent(metadata, Safetensors.Load(file, []).ToDictionary());
    }

    [TestMethod]
    public void Open_HeaderWhoseLengthBeginsAsAPickle_IsSafetensors()
    {
        using DisposeScope scope = NewDisposeScope();
        (string, Tensor)[] written = [("weight", ones(2))];
        int found = 0;
        for (int padding = 0; padding < 700; padding += 8)
        {
            byte[] bytes = WriteToMemory(written, new Dictionary<string, string> { ["text"] = new string('x', padding) }).ToArray();
            found += bytes[0] == 0x80 ? 1 : 0;
            using WeightsFile file = WeightsFile.Open(ByteSource.Of(bytes));
            Assert.AreEqual("weight", file.Tensors.Single().Name, $"header of {BinaryPrimitives.ReadUInt64LittleEndian(bytes)} bytes");
        }

        Assert.IsGreaterThan(1, found, "Lengths of 0x80 and 0x280, among others.");
    }

    [TestMethod]
    public void Load_FileWrittenByHand_ReadsItsNumbers()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = zeros(1, 2), counter = zeros([], dtype: ScalarType.Int64);
        byte[] file = HandWritten(
            """{"counter":{"shape":[],"data_offsets":[8,16],"dtype":"I64"},"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}   """,
            [0, 0, 128, 63, 0, 0, 0, 192, 5, 0, 0, 0, 0, 0, 0, 0]);

        Safetensors.Load(new MemoryStream(file), [("weight", weight), ("counter", counter)]);

        CollectionAssert.AreEqual(new[] { 1f, -2f }, weight.data<float>().ToArray());
        Assert.AreEqual(5L, counter.item<long>());
    }

    [TestMethod]
    public void Write_MixedElementSizes_KeepsOrderAndAlignsEveryTensor()
    {
        using DisposeScope scope = NewDisposeScope();
        byte[] file = WriteToMemory(
        [
            ("bytes", ones(3, dtype: ScalarType.Byte)), ("floats", ones(3)), ("longs", ones(2, dtype: ScalarType.Int64)), ("halves", ones(5, dtype: ScalarType.Float16)),
        ]).ToArray();
        int headerLength = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, headerLength));

        Assert.AreEqual(0, headerLength % 8);
        CollectionAssert.AreEqual(new[] { "bytes", "floats", "longs", "halves" }, header.RootElement.EnumerateObject().Select(property => property.Name).ToArray());
        long[] begins = [.. header.RootElement.EnumerateObject().Select(property => property.Value.GetProperty("data_offsets")[0].GetInt64())];
        CollectionAssert.AreEqual(new long[] { 38, 16, 0, 28 }, begins);
        Assert.HasCount(8 + headerLength + 41, file);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("__metadata__")]
    [DataRow("twice")]
    public void Write_ImproperName_NamesIt(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        var error = Assert.ThrowsExactly<ArgumentException>(() => Safetensors.Write(Stream.Null, [("twice", ones(1)), (name, ones(1))]));
        StringAssert.Contains(error.Message, $"'{name}'");
    }

    [TestMethod]
    public void Write_ComplexNumbers_AreRefused()
    {
        using DisposeScope scope = NewDisposeScope();
        var error = Assert.ThrowsExactly<NotSupportedException>(() => Safetensors.Write(Stream.Null, [("x", zeros(1, dtype: ScalarType.ComplexFloat32))]));
        StringAssert.Contains(error.Message, "ComplexFloat32");
    }

    [TestMethod]
    public void Load_OtherTensors_ReportsAllDifferencesAndCopiesNothing()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor same = zeros(2), shape = zeros(3), type = zeros(2), missing = zeros(1);
        MemoryStream file = WriteToMemory([("same", ones(2)), ("shape", ones(1, 3)), ("type", ones(2, dtype: ScalarType.Float64)), ("surplus", ones(1))]);

        var error = Assert.ThrowsExactly<WeightsFormatException>(
            () => Safetensors.Load(file, [("same", same), ("shape", shape), ("type", type), ("missing", missing)]));

        StringAssert.Contains(error.Message, "1 missing: missing");
        StringAssert.Contains(error.Message, "1 not expected: surplus");
        StringAssert.Contains(error.Message, "2 of another kind: shape (F32 [1, 3], must be F32 [3]), type (F64 [2], must be F32 [2])");
        Assert.AreEqual(0f, same.sum().item<float>());
    }

    [TestMethod]
    public void WriteAndLoad_Always_FreeTheirTensors()
    {
        using FaceBackbone backbone = FaceBackbone.Create(BackboneArchitecture.MobileFaceNet, embeddingSize: 8);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Safetensors.Load(WriteToMemory(ModuleState.Of(backbone)), ModuleState.Of(backbone));

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    internal static MemoryStream WriteToMemory(IReadOnlyList<(string Name, Tensor Tensor)> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var file = new MemoryStream();
        Safetensors.Write(new ForwardOnlyStream(file), tensors, metadata);
        file.Position = 0;
        return file;
    }

    internal static byte[] HandWritten(string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return [.. length, .. json, .. data];
    }

    private static void AssertBitEqual(Tensor expected, Tensor actual, string name)
    {
        using DisposeScope scope = NewDisposeScope();
        CollectionAssert.AreEqual(expected.shape, actual.shape, name);
        Assert.IsTrue(expected.detach().contiguous().bytes.SequenceEqual(actual.detach().contiguous().bytes), $"'{name}' must keep every bit.");
    }
}
