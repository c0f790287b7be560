using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Weights;

[TestClass]
public class TorchCheckpointTests
{
    private static readonly float[] Six = [0, 1, 2, 3, 4, 5];
    private static readonly TorchFileStorage Floats = new("0", "FloatStorage", 6, MemoryMarshal.AsBytes(Six.AsSpan()).ToArray());

    [TestMethod]
    [DataRow("DoubleStorage", ScalarType.Float64)]
    [DataRow("FloatStorage", ScalarType.Float32)]
    [DataRow("HalfStorage", ScalarType.Float16)]
    [DataRow("BFloat16Storage", ScalarType.BFloat16)]
    [DataRow("LongStorage", ScalarType.Int64)]
    [DataRow("IntStorage", ScalarType.Int32)]
    [DataRow("ShortStorage", ScalarType.Int16)]
    [DataRow("CharStorage", ScalarType.Int8)]
    [DataRow("ByteStorage", ScalarType.Byte)]
    [DataRow("BoolStorage", ScalarType.Bool)]
    public void CopyInto_EveryElementTypeAndBothForms_GivesTheNumbers(string storageType, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor source = tensor(new float[] { 0, 1, 2.5f, 100 }).to(type);
        TorchFileStorage[] storages = [new("7", storageType, 4, source.bytes.ToArray())];
        TorchFileTensor[] tensors = [new("x", "7", 0, [4], [1])];
        foreach (byte[] file in BothForms(tensors, storages))
        {
            using var weights = WeightsFile.Open(ByteSource.Of(file));
            Tensor target = zeros(4, dtype: type == ScalarType.Int64 ? type : ScalarType.Float32);
            weights.CopyInto([(weights.Tensors.Single(), target)]);
            CollectionAssert.AreEqual(source.to(ScalarType.Float32).data<float>().ToArray(), target.to(ScalarType.Float32).data<float>().ToArray());
        }
    }

    [TestMethod]
    public void CopyInto_SharedStridedAndExpandedTensors_GivesTheirElements()
    {
        using DisposeScope scope = NewDisposeScope();
        TorchFileTensor[] tensors =
        [
            new("rows", "0", 0, [2, 3], [3, 1]),
            new("transposed", "0", 0, [3, 2], [1, 3], IsParameter: true),
            new("second row", "0", 3, [3], [1]),
            new("every other", "0", 1, [3], [2]),
            new("expanded", "0", 5, [2, 2], [0, 0]),
            new("scalar", "0", 4, [], []),
            new("empty", "0", 0, [0, 3], [3, 1]),
        ];
        float[][] expected = [[0, 1, 2, 3, 4, 5], [0, 3, 1, 4, 2, 5], [3, 4, 5], [1, 3, 5], [5, 5, 5, 5], [4], []];
        foreach (byte[] file in BothForms(tensors, [Floats]))
        {
            using var weights = WeightsFile.Open(ByteSource.Of(file));
            Tensor[] targets = [.. weights.Tensors.Select(stored => zeros(stored.Shape))];
            weights.CopyInto(weights.Tensors.Zip(targets));
            for (int i = 0; i < targets.Length; i++)
            {
                CollectionAssert.AreEqual(expected[i], targets[i].numel() == 0 ? [] : targets[i].data<float>().ToArray(), tensors[i].Name);
            }
        }
    }

    [TestMethod]
    [DataRow("torch", "cuda:0")]
    [DataRow("torch.cuda", "cuda:3")]
    public void Read_SavedFromAGpu_IsReadAsAnyOther(string module, string device)
    {
        TorchFileStorage[] storages = [Floats with { Module = module, Device = device }];
        foreach (byte[] file in BothForms([new("x", "0", 0, [6], [1])], storages))
        {
            Assert.AreEqual("F32 [6]", TorchCheckpoint.Read(ByteSource.Of(file)).Single().Describe());
        }
    }

    [TestMethod]
    [DataRow("state_dict")]
    [DataRow("model")]
    [DataRow("state_dict_backbone")]
    [DataRow("model", "state_dict")]
    public void Read_NestedUnderAKnownName_FindsTheTensors(params string[] nesting)
    {
        TorchFileTensor[] tensors = [new("x", "0", 0, [6], [1])];
        byte[] file = TorchFileWriter.Zip(TorchFileWriter.Pickle(tensors, [Floats], nesting), [Floats]);
        Assert.AreEqual("x", TorchCheckpoint.Read(ByteSource.Of(file)).Single().Name);
    }

    [TestMethod]
    public void Read_TensorsBesideANetworksState_AreNotTakenForIt()
    {
        byte[] pickle = Tensor(PickleWriter.Start().Op('}').Op('(').Text("loss")).Text("model").Op('}').Text("state_dict").Op('}').Op('s').Op('u').Stop();
        Assert.AreEqual("loss", TorchCheckpoint.Read(ByteSource.Of(TorchFileWriter.Zip(pickle, [Floats]))).Single().Name);
        pickle = Tensor(Tensor(PickleWriter.Start().Op('}').Op('(').Text("loss")).Text("model").Op('}').Text("x")).Op('s').Op('u').Stop();
        Assert.AreEqual("x", TorchCheckpoint.Read(ByteSource.Of(TorchFileWriter.Zip(pickle, [Floats]))).Single().Name);

        static PickleWriter Tensor(PickleWriter pickle) => pickle.Global("torch._utils", "_rebuild_tensor_v2").Op('(')
            .Op('(').Text("storage").Global("torch", "FloatStorage").Text("0").Text("cpu").Long(6).Op('t').Op('Q')
            .Long(0).Numbers(6).Numbers(1).Bool(false).Global("collections", "OrderedDict").Op(')').Op('R').Op('t').Op('R');
    }

    [TestMethod]
    public void Read_ViewOfAStorageInTheOlderForm_StartsAtTheView()
    {
        byte[] pickle = PickleWriter.Start().Op('}').Text("x")
            .Global("torch._utils", "_rebuild_tensor").Op('(')
            .Op('(').Text("storage").Global("torch", "FloatStorage").Text("0").Text("cpu").Long(6)
            .Op('(').Text("view").Long(2).Long(3).Op('t').Op('t').Op('Q')
            .Long(1).Numbers(2).Numbers(1).Op('t').Op('R').Op('s').Stop();
        using DisposeScope scope = NewDisposeScope();
        using var weights = WeightsFile.Open(ByteSource.Of(TorchFileWriter.Stream(pickle, [Floats])));
        Tensor target = zeros(2);
        weights.CopyInto([(weights.Tensors.Single(), target)]);
        CollectionAssert.AreEqual(new float[] { 3, 4 }, target.data<float>().ToArray());
    }

    [TestMethod]
    public void Read_DictionaryOfPython2_IsRead()
    {
        // OrderedDict of Python 2 is called with its pairs; its strings have no encoding.
        byte[] pickle = PickleWriter.Start().Global("collections", "OrderedDict").Op('(').Op(']').Op('(')
            .Op(']').Op('(').Op('U').Raw(1, (byte)'x')
            .Global("torch._utils", "_rebuild_tensor").Op('(')
            .Op('(').Op('U').Raw(7).Raw([.. "storage"u8]).Global("torch", "FloatStorage").Op('U').Raw(1, (byte)'0').Op('U').Raw(3).Raw([.. "cpu"u8]).Long(6).Op('N').Op('t').Op('Q')
            .Long(0).Numbers(6).Numbers(1).Op('t').Op('R').Op('e').Op('e').Op('t').Op('R').Stop();
        Assert.AreEqual("x", TorchCheckpoint.Read(ByteSource.Of(TorchFileWriter.Stream(pickle, [Floats]))).Single().Name);
    }

    [TestMethod]
    public void CopyInto_NumbersThatAreNotFinite_NamesTheTensor()
    {
        using DisposeScope scope = NewDisposeScope();
        TorchFileStorage doubles = new("0", "DoubleStorage", 1, BitConverter.GetBytes(1e300));
        using var weights = WeightsFile.Open(ByteSource.Of(TorchFileWriter.Zip(TorchFileWriter.Pickle([new("big", "0", 0, [1], [1])], [doubles]), [doubles])));
        Tensor target = zeros(1);
        var error = Assert.ThrowsExactly<WeightsFormatException>(() => weights.CopyInto([(weights.Tensors.Single(), target)]));
        StringAssert.Contains(error.Message, "'big' holds numbers that are infinite");
    }

    [TestMethod]
    public void CopyInto_AlteredElements_NamesTheChecksum()
    {
        using DisposeScope scope = NewDisposeScope();
        byte[] file = TorchFileWriter.Zip(TorchFileWriter.Pickle([new("x", "0", 0, [6], [1])], [Floats]), [Floats]);
        file[file.AsSpan().IndexOf(Floats.Bytes) + 5] ^= 1;
        using var weights = WeightsFile.Open(ByteSource.Of(file));
        Tensor target = zeros(6);
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => weights.CopyInto([(weights.Tensors.Single(), target)])).Message, "checksum");
    }

    [TestMethod]
    public void CopyInto_Always_FreesItsTensors()
    {
        byte[] file = TorchFileWriter.Zip(TorchFileWriter.Pickle([new("x", "0", 0, [6], [1])], [Floats]), [Floats]);
        using Tensor target = zeros(6);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var weights = WeightsFile.Open(ByteSource.Of(file)))
        {
            weights.CopyInto([(weights.Tensors.Single(), target)]);
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static byte[][] BothForms(TorchFileTensor[] tensors, TorchFileStorage[] storages) =>
    [
        TorchFileWriter.Zip(TorchFileWriter.Pickle(tensors, storages), storages),
        TorchFileWriter.Stream(TorchFileWriter.Pickle(tensors, storages, inStream: true), storages),
    ];
}
