using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Weights;

/// <summary>A pickle is a program, and a checkpoint comes from anywhere: nothing but a typed refusal may come of a bad one.</summary>
[TestClass]
public class TorchCheckpointDamageTests
{
    private static readonly TorchFileStorage Floats = new("0", "FloatStorage", 6, new byte[24]);
    private static readonly TorchFileStorage Longs = new("1", "LongStorage", 1, new byte[8]);
    private static readonly TorchFileTensor[] Proper = [new("a.weight", "0", 0, [2, 2], [2, 1]), new("a.bias", "0", 4, [2], [1], IsParameter: true), new("a.count", "1", 0, [], [])];

    [TestMethod]
    [DataRow("os", "system")]
    [DataRow("builtins", "eval")]
    [DataRow("posix", "system")]
    [DataRow("torch", "load")]
    [DataRow("torch._utils", "_rebuild_qtensor")]
    [DataRow("collections", "defaultdict")]
    [DataRow("numpy.core.multiarray", "scalar")]
    [DataRow("__builtin__", "getattr")]
    public void Read_UnknownGlobal_NamesIt(string module, string name)
    {
        byte[] byLine = PickleWriter.Start().Global(module, name).Op('(').Text("echo").Op('t').Op('R').Stop();
        byte[] byStack = PickleWriter.Start(4).Text(module).Text(name).Raw(0x93).Op(')').Op('R').Stop();
        foreach (byte[] pickle in new[] { byLine, byStack })
        {
            StringAssert.Contains(Refuse(pickle), $"it names '{module}.{name}', which is not data");
        }
    }

    [TestMethod]
    public void Read_CheckpointOfALargerTraining_SaysHowToSaveItsState()
    {
        PickleWriter pickle = PickleWriter.Start().Op('}').Op('(').Text("epoch").Long(3).Text("state_dict_backbone").Op('}').Text("args").Global("argparse", "Namespace");
        StringAssert.EndsWith(Refuse(pickle.Op('u').Stop()), "it is not run here. Save the weights alone: torch.save(torch.load('checkpoint.pt', weights_only=False)['state_dict_backbone'], 'weights.pth').");
    }

    [TestMethod]
    [DataRow('i', DisplayName = "INST")]
    [DataRow('o', DisplayName = "OBJ")]
    [DataRow('\x81', DisplayName = "NEWOBJ")]
    [DataRow('\x92', DisplayName = "NEWOBJ_EX")]
    [DataRow('\x82', DisplayName = "EXT1")]
    [DataRow('P', DisplayName = "PERSID")]
    [DataRow('I', DisplayName = "INT")]
    [DataRow('d', DisplayName = "DICT")]
    [DataRow('2', DisplayName = "DUP")]
    [DataRow('\x8b', DisplayName = "LONG4")]
    [DataRow('\x97', DisplayName = "NEXT_BUFFER")]
    [DataRow('\xff', DisplayName = "no opcode")]
    public void Read_OtherOpcode_NamesIt(char opcode) =>
        StringAssert.Contains(Refuse(PickleWriter.Start().Op('(').Op(opcode).Stop()), $"opcode 0x{(byte)opcode:x2}");

    [TestMethod]
    public void Read_CallOfWhatIsNoFunction_IsRefused()
    {
        StringAssert.Contains(Refuse(PickleWriter.Start().Text("system").Op(')').Op('R').Stop()), "calls what is no function");
        StringAssert.Contains(Refuse(PickleWriter.Start().Global("torch", "FloatStorage").Op(')').Op('R').Stop()), "calls what is no function");
        StringAssert.Contains(Refuse(PickleWriter.Start().Global("torch._utils", "_rebuild_tensor_v2").Op(')').Op('R').Stop()), "0 arguments of other kinds");
        StringAssert.Contains(Refuse(PickleWriter.Start().Global("collections", "OrderedDict").Long(1).Op('R').Stop()), "without a tuple");
        StringAssert.Contains(Refuse(PickleWriter.Start().Long(1).Op('}').Op('b').Stop()), "sets the state of an object that has none");
        StringAssert.Contains(Refuse(PickleWriter.Start().Long(1).Op('Q').Stop()), "no storage of numbers");
    }

    [TestMethod]
    public void Read_Bombs_StopAtTheirLimits()
    {
        // Each of these would grow without end, or to many times its own length.
        StringAssert.Contains(Refuse(PickleWriter.Start().Repeat(100_000, p => p.Op('N')).Stop()), "on its stack");
        StringAssert.Contains(Refuse(PickleWriter.Start().Repeat(100_000, p => p.Op('(')).Stop()), "nests more than");
        StringAssert.Contains(Refuse(PickleWriter.Start().Op('}').Op('N').Repeat(2_000_000, p => p.Op(')').Op('s').Op('N')).Stop()), "memory");
        StringAssert.Contains(Refuse(PickleWriter.Start().Op(']').Repeat(500_000, p => p.Op(']').Raw(0x94).Op('a')).Stop()), "memory");

        // A list of 10,000, called into a dictionary again and again from the memo.
        PickleWriter copies = PickleWriter.Start().Op(']').Raw((byte)'q', 0).Op('(').Repeat(10_000, p => p.Op('N')).Op('e')
            .Raw(0x85, (byte)'q', 1).Global("collections", "OrderedDict").Raw((byte)'q', 2)
            .Repeat(10_000, p => p.Raw((byte)'h', 2, (byte)'h', 1).Op('R'));
        Refuse(copies.Stop());

        // A memo far beyond what is stored takes no more than its entry.
        StringAssert.Contains(Refuse(PickleWriter.Start().Op('N').Op('r').UInt32(uint.MaxValue).Op('j').UInt32(uint.MaxValue).Stop()), "stops with 2 values");

        // Tuples in tuples, a million deep: read without recursion, and then no dictionary.
        StringAssert.Contains(Refuse(PickleWriter.Start().Op('N').Repeat(100_000, p => p.Raw(0x85)).Stop()), "no dictionary of tensors");
    }

    [TestMethod]
    public void Read_DictionaryThatContainsItself_EndsTheSearch()
    {
        byte[] pickle = PickleWriter.Start().Op('}').Raw((byte)'q', 0).Text("model").Raw((byte)'h', 0).Op('s').Stop();
        StringAssert.Contains(Refuse(pickle), "no dictionary of tensors");
    }

    [TestMethod]
    [DataRow("('.' too early)", "stops with 0 values")]
    [DataRow("h\x07", "recalls memo 7")]
    [DataRow("t", "that it did not begin")]
    [DataRow("\x86", "takes 2 values off its stack")]
    [DataRow("a", "takes 1 values off its stack")]
    [DataRow("Na", "stack is empty")]
    [DataRow("NNa", "appends to what is no list")]
    [DataRow("NNNs", "no dictionary")]
    [DataRow("}(Nu", "half an item")]
    [DataRow("X\x00\x00\x00\x7f", "claims 2130706432 bytes")]
    [DataRow("X\xff\xff\xff\xff", "claims 4294967295 bytes")]
    [DataRow("\x80\x09", "protocol 9")]
    [DataRow("q\x00", "stack is empty")]
    [DataRow("NN", "stops with 2 values")]
    public void Read_ImproperProgram_SaysWhatIsWrong(string program, string message)
    {
        byte[] opcodes = program.StartsWith("('", StringComparison.Ordinal) ? [] : Encoding.Latin1.GetBytes(program);
        StringAssert.Contains(Refuse(PickleWriter.Start().Raw(opcodes).Stop()), message);
    }

    [TestMethod]
    [DataRow(0, new long[] { 7 }, new long[] { 1 }, "reaches beyond the 6 elements", DisplayName = "too long")]
    [DataRow(1, new long[] { 6 }, new long[] { 1 }, "reaches beyond", DisplayName = "offset too great")]
    [DataRow(7, new long[] { 0 }, new long[] { 1 }, "starts at 7", DisplayName = "offset beyond the storage")]
    [DataRow(-1, new long[] { 6 }, new long[] { 1 }, "none may be below 0", DisplayName = "negative offset")]
    [DataRow(long.MinValue, new long[] { 6 }, new long[] { 1 }, "none may be below 0", DisplayName = "smallest offset")]
    [DataRow(long.MaxValue, new long[] { 6 }, new long[] { 1 }, "starts at", DisplayName = "greatest offset")]
    [DataRow(5, new long[] { 6 }, new long[] { -1 }, "none may be below 0", DisplayName = "negative stride")]
    [DataRow(0, new long[] { -6 }, new long[] { 1 }, "none may be below 0", DisplayName = "negative size")]
    [DataRow(0, new long[] { 2, 3 }, new long[] { 4, 1 }, "reaches beyond", DisplayName = "stride too great")]
    [DataRow(0, new long[] { 4294967297, 4294967297 }, new long[] { 4294967296, 4294967296 }, "reaches beyond", DisplayName = "overflow to a small number")]
    [DataRow(0, new long[] { long.MaxValue, long.MaxValue, long.MaxValue }, new long[] { long.MaxValue, long.MaxValue, long.MaxValue }, "reaches beyond", DisplayName = "greatest of all")]
    [DataRow(0, new long[] { 2, 3 }, new long[] { 1 }, "2 sizes and 1 strides", DisplayName = "stride missing")]
    public void Read_TensorBeyondItsStorage_NamesIt(long offset, long[] shape, long[] stride, string message)
    {
        TorchFileTensor[] tensors = [new("bad", "0", offset, shape, stride)];
        foreach (byte[] file in new[]
        {
            TorchFileWriter.Zip(TorchFileWriter.Pickle(tensors, [Floats]), [Floats]),
            TorchFileWriter.Stream(TorchFileWriter.Pickle(tensors, [Floats], inStream: true), [Floats]),
        })
        {
            string said = Assert.ThrowsExactly<WeightsFormatException>(() => TorchCheckpoint.Read(ByteSource.Of(file))).Message;
            StringAssert.Contains(said, message);
            StringAssert.Contains(said, "'bad'");
        }
    }

    [TestMethod]
    public void Read_StoragesOtherThanTheyClaim_AreRefused()
    {
        TorchFileStorage claimsMore = Floats with { Count = 7 }, claimsMuch = Floats with { Count = long.MaxValue }, negative = Floats with { Count = -1 };
        foreach (TorchFileStorage storage in new[] { claimsMore, claimsMuch, negative })
        {
            TorchFileTensor[] tensors = [new("x", "0", 0, [1], [1])];
            RefuseFile(TorchFileWriter.Zip(TorchFileWriter.Pickle(tensors, [storage]), [storage]));
            RefuseFile(TorchFileWriter.Stream(TorchFileWriter.Pickle(tensors, [storage], inStream: true), [storage]));
        }

        StringAssert.Contains(RefuseFile(TorchFileWriter.Zip(TorchFileWriter.Pickle(Proper, [Floats, Longs]), [Longs])), "storage '0' is not in the zip");
        StringAssert.Contains(RefuseFile(TorchFileWriter.Stream(TorchFileWriter.Pickle(Proper, [Floats, Longs], inStream: true), [Floats])), "'1'");
        TorchFileStorage unused = new("9", "FloatStorage", 1, new byte[4]);
        StringAssert.Contains(RefuseFile(TorchFileWriter.Stream(TorchFileWriter.Pickle(Proper, [Floats, Longs], inStream: true), [Floats, Longs, unused])), "that no tensor has");
    }

    [TestMethod]
    public void Read_ZipThatLies_IsRefused()
    {
        byte[] pickle = TorchFileWriter.Pickle(Proper, [Floats, Longs]);
        byte[] proper = TorchFileWriter.Zip(pickle, [Floats, Longs]);
        Assert.HasCount(3, TorchCheckpoint.Read(ByteSource.Of(proper)));

        StringAssert.Contains(RefuseFile(TorchFileWriter.Zip(pickle, [Floats, Longs], CompressionLevel.Optimal)), "compressed");
        StringAssert.Contains(RefuseFile(TorchFileWriter.Zip(pickle, [Floats, Longs], others: ("net/data/0", new byte[24]))), "there twice");
        StringAssert.Contains(RefuseFile(TorchFileWriter.Zip(pickle, [Floats, Longs], others: ("other/data.pkl", pickle))), "2 entries data.pkl");
        StringAssert.Contains(RefuseFile(TorchFileWriter.Zip(pickle, [Floats, Longs], others: ("net/byteorder", "big"u8.ToArray()))), "big-endian");
        StringAssert.Contains(RefuseFile(TorchFileWriter.Zip(pickle, [Floats, Longs], others: ("net/constants.pkl", pickle))), "TorchScript");

        // Sizes in the directory (compressed at +20, uncompressed at +24) beyond the file; offset (+42) onto another entry.
        int directory = proper.AsSpan().IndexOf("PK\u0001\u0002"u8);
        StringAssert.Contains(RefuseFile(Altered(proper, directory + 20, uint.MaxValue - 1, uint.MaxValue - 1)), "which the file does not have");
        int second = directory + 4 + proper.AsSpan(directory + 4).IndexOf("PK\u0001\u0002"u8);
        StringAssert.Contains(RefuseFile(Altered(proper, second + 42, 0)), "lie on each other");
        int end = proper.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        StringAssert.Contains(RefuseFile(Altered(proper, end + 12, uint.MaxValue)), "does not fit into the file");
        StringAssert.Contains(RefuseFile(proper[..(end + 3)]), "truncated");
    }

    [TestMethod]
    public void Read_OtherKindsOfFile_SayWhatTheyAre()
    {
        StringAssert.Contains(RefuseFile(TorchFileWriter.Stream(TorchFileWriter.Pickle(Proper, [Floats, Longs], inStream: true), [Floats, Longs], littleEndian: false)), "big-endian");
        StringAssert.Contains(RefuseFile(PickleWriter.Start().Long(5).Stop()), "not one of torch.save");
        StringAssert.Contains(Refuse(PickleWriter.Start().Op('}').Text("epoch").Long(3).Op('s').Stop()), "its keys are 'epoch'");
        StringAssert.Contains(RefuseFile([]), "empty (0 bytes)");
        StringAssert.Contains(RefuseFile("version https://git-lfs.github.com/spec/v1"u8.ToArray()), "Git LFS pointer");
    }

    [TestMethod]
    public void Read_TruncatedAtEveryLength_IsRefused()
    {
        TorchFileStorage[] storages = [Floats, Longs];
        foreach (byte[] file in new[]
        {
            TorchFileWriter.Zip(TorchFileWriter.Pickle(Proper, storages), storages),
            TorchFileWriter.Stream(TorchFileWriter.Pickle(Proper, storages, inStream: true), storages),
        })
        {
            for (int length = 0; length < file.Length; length++)
            {
                RefuseFile(file[..length]);
            }
        }
    }

    private static byte[] Altered(byte[] file, int at, params uint[] values)
    {
        byte[] altered = [.. file];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(altered.AsSpan(at + (i * sizeof(uint))), values[i]);
        }

        return altered;
    }

    /// <summary>Refused within memory that has to do with its length.</summary>
    private static string Refuse(byte[] pickle) => RefuseFile(TorchFileWriter.Zip(pickle, [Floats]));

    private static string RefuseFile(byte[] file)
    {
        var source = ByteSource.Of(file);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => WeightsFile.Open(source).Dispose()).Message;

        // The budget of values, and as much again for the collections that grew to hold them.
        Assert.IsLessThan(2 * TorchCheckpoint.MemoryBudget(source), GC.GetAllocatedBytesForCurrentThread() - before, message);
        return message;
    }
}
