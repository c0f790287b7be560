using System.Buffers.Binary;
using System.Text;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Weights;

[TestClass]
public class SafetensorsDamageTests
{
    private static readonly byte[] FourBytes = [1, 0, 1, 0];

    [TestMethod]
    [DataRow("", "does not start with '{'", DisplayName = "empty header")]
    [DataRow(" {}", "does not start with '{'", DisplayName = "leading space")]
    [DataRow("[]", "does not start with '{'", DisplayName = "array")]
    [DataRow("{", "not valid JSON", DisplayName = "unfinished")]
    [DataRow("""{"x":1}""", "'x' in the header of the weights is of kind Number", DisplayName = "entry is a number")]
    [DataRow("""{"__metadata__":{"a":1}}""", "'__metadata__.a' in the header of the weights is of kind Number", DisplayName = "metadata is a number")]
    [DataRow("""{"x":{"shape":[4],"data_offsets":[0,4]}}""", "'x' has no 'dtype'", DisplayName = "no type")]
    [DataRow("""{"x":{"dtype":"U8","data_offsets":[0,4]}}""", "'x' has no 'shape'", DisplayName = "no shape")]
    [DataRow("""{"x":{"dtype":"U8","shape":[4]}}""", "'x' has no 'data_offsets'", DisplayName = "no offsets")]
    [DataRow("""{"x":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}""", "'F8_E4M3'; it must be one of F64", DisplayName = "unknown type")]
    [DataRow("""{"x":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}}""", "-4; it must be a whole number from 0", DisplayName = "negative size")]
    [DataRow("""{"x":{"dtype":"U8","shape":[4.5],"data_offsets":[0,4]}}""", "4.5; it must be a whole number from 0", DisplayName = "fractional size")]
    [DataRow("""{"x":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,4]}}""", "it must be a whole number from 0", DisplayName = "size beyond 64 bits")]
    [DataRow("""{"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}""", "more than can be addressed", DisplayName = "shape overflow")]
    [DataRow("""{"x":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}""", "more than can be addressed", DisplayName = "byte count overflow")]
    [DataRow("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,3]}}""", "has 3 bytes; its element type and shape [4] need 4", DisplayName = "too few bytes")]
    [DataRow("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}""", "the first not above the second", DisplayName = "offsets swapped")]
    [DataRow("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4,8]}}""", "must be two numbers", DisplayName = "three offsets")]
    [DataRow("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[-1,3]}}""", "-1; it must be a whole number from 0", DisplayName = "negative offset")]
    [DataRow("""{"x":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""", "starts at byte 2 of the data; it must start at 0", DisplayName = "gap")]
    [DataRow("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"y":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""", "'y' starts at byte 2 of the data; it must start at 4", DisplayName = "overlap")]
    [DataRow("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"x":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}""", "not valid JSON", DisplayName = "name twice")]
    [DataRow("""{"\ud800":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", "not valid JSON", DisplayName = "lone surrogate")]
    [DataRow("""{"x":{"dtype":"U8","shape":[5],"data_offsets":[0,5]}}""", "truncated", DisplayName = "data beyond the end")]
    [DataRow("""{"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}""", "longer than its header says", DisplayName = "data left over")]
    [DataRow("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"shape":[4]}}""", "not valid JSON", DisplayName = "member twice")]
    [DataRow("""{"__metadata__":{"a":"1","a":"2"}}""", "not valid JSON", DisplayName = "metadata twice")]
    [DataRow("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}} x""", "not valid JSON", DisplayName = "text behind the object")]
    [DataRow("""{"x":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]}}""", "do not fit the network", DisplayName = "other shape")]
    public void Load_ImproperHeader_SaysWhatIsWrong(string header, string message)
    {
        using Tensor target = zeros(4, dtype: ScalarType.Byte);
        byte[] file = SafetensorsTests.HandWritten(header, FourBytes);
        var error = Assert.ThrowsExactly<WeightsFormatException>(() => Safetensors.Load(new MemoryStream(file), [("x", target)]));
        StringAssert.Contains(error.Message, message);
    }

    [TestMethod]
    public void Load_DataLeftOverInAForwardOnlyStream_IsRefused()
    {
        using Tensor target = zeros(3, dtype: ScalarType.Byte);
        byte[] file = SafetensorsTests.HandWritten("""{"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}""", FourBytes);
        var error = Assert.ThrowsExactly<WeightsFormatException>(() => Safetensors.Load(new ForwardOnlyStream(new MemoryStream(file)), [("x", target)]));
        StringAssert.Contains(error.Message, "go on after the 3 bytes");
    }

    [TestMethod]
    public void Load_TruthValueOfTwo_IsRefused()
    {
        using Tensor target = zeros(4, dtype: ScalarType.Bool);
        byte[] file = SafetensorsTests.HandWritten("""{"x":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4]}}""", [0, 1, 2, 1]);
        var error = Assert.ThrowsExactly<WeightsFormatException>(() => Safetensors.Load(new MemoryStream(file), [("x", target)]));
        StringAssert.Contains(error.Message, "holds the byte 2 as a truth value");
    }

    [TestMethod]
    [DataRow(ulong.MaxValue)]
    [DataRow(1UL << 63)]
    [DataRow((16UL << 20) + 1)]
    public void Load_HeaderLengthBeyondTheLimit_IsRefusedBeforeReading(ulong length)
    {
        byte[] file = new byte[64];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        foreach (Stream stream in new Stream[] { new MemoryStream(file), new ForwardOnlyStream(new MemoryStream(file)) })
        {
            var error = Assert.ThrowsExactly<WeightsFormatException>(() => Safetensors.Load(stream, []));
            StringAssert.Contains(error.Message, $"claims {length} bytes; at most {16 << 20} are allowed");
        }
    }

    [TestMethod]
    public void Load_TruncatedAtEveryLength_IsRefused()
    {
        using DisposeScope scope = NewDisposeScope();
        (string, Tensor)[] targets = Targets();
        byte[] file = SafetensorsTests.WriteToMemory(targets).ToArray();
        for (int length = 0; length < file.Length; length++)
        {
            byte[] truncated = file[..length];
            Assert.ThrowsExactly<WeightsFormatException>(() => Safetensors.Load(new MemoryStream(truncated), targets), $"{length} bytes");
            Assert.ThrowsExactly<WeightsFormatException>(() => Safetensors.Load(new ForwardOnlyStream(new MemoryStream(truncated)), targets), $"{length} bytes, not seekable");
        }
    }

    private static (string, Tensor)[] Targets() =>
    [
        ("a.weight", rand(2, 3)), ("a.running_mean", rand(3)), ("count", tensor(7L)), ("flags", tensor(new[] { true, false, true })), ("half", rand(5).to(ScalarType.Float16)),
    ];
}
