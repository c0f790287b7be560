using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Tests.Weights;

[TestClass]
public class WeightStoreTests
{
    private static readonly NetworkDescription Network = BackboneDescription.Of(BackboneArchitecture.MobileFaceNet, 512);

    [TestMethod]
    public void InFile_EveryTensorFilled_IsReadAsFromMemory()
    {
        using var folder = new TemporaryFolder();
        using var inFile = WeightStore.InFile(Network, folder.FullName);
        using var inMemory = WeightStore.InMemory(Network);
        Assert.IsFalse(inFile.IsInMemory);
        Assert.IsTrue(inMemory.IsInMemory);
        byte seed = 0;
        foreach (NetworkTensor tensor in Network.Tensors)
        {
            Fill(inFile.Writable[tensor.Name], ++seed);
            Fill(inMemory.Writable[tensor.Name], seed);
        }

        foreach (NetworkTensor tensor in Network.Tensors)
        {
            StateTensor expected = inMemory.Tensors[tensor.Name], actual = inFile.Tensors[tensor.Name];
            Assert.AreEqual(expected.Describe(), actual.Describe());
            CollectionAssert.AreEqual(BytesOf(expected), BytesOf(actual), tensor.Name);
            if (tensor.Type == ElementType.Float32)
            {
                CollectionAssert.AreEqual(Bits(expected.ToSingles()), Bits(actual.ToSingles()), tensor.Name);
                int first = (int)tensor.Shape[0] / 2;
                float[] rows = new float[expected.RowLength], others = new float[expected.RowLength];
                expected.CopyRows(first, rows);
                actual.CopyRows(first, others);
                CollectionAssert.AreEqual(Bits(rows), Bits(others), tensor.Name);
            }
        }

        Assert.IsTrue(Network.Tensors.Any(tensor => PlainTensor.CountOf(tensor.Shape) > 100_000), "One tensor has several pieces.");
    }

    [TestMethod]
    public void InFile_NothingFilled_IsZero()
    {
        using var folder = new TemporaryFolder();
        using var weights = WeightStore.InFile(Network, folder.FullName);
        foreach (StateTensor tensor in weights.Tensors.Values)
        {
            Assert.IsFalse(BytesOf(tensor).AsSpan().ContainsAnyExcept((byte)0));
        }
    }

    [TestMethod]
    public void CopyRows_WholeNumbers_AreRefused()
    {
        using var weights = WeightStore.InMemory(Network);
        StateTensor counter = weights.Tensors.Values.First(tensor => tensor.Type == ElementType.Int64);
        Assert.ThrowsExactly<InvalidOperationException>(() => counter.CopyRows(0, new float[1]));
    }

    private static void Fill(WritableTensor tensor, byte seed)
    {
        var random = new Random(seed);
        byte[] bytes = new byte[tensor.Count * SafetensorsType.SizeOf(tensor.Type)];
        random.NextBytes(bytes);
        int begin = 0;
        tensor.Write(piece =>
        {
            bytes.AsSpan(begin, piece.Length).CopyTo(piece);
            begin += piece.Length;
        });
        Assert.AreEqual(bytes.Length, begin);
    }

    private static byte[] BytesOf(StateTensor tensor)
    {
        using var bytes = new MemoryStream();
        tensor.Read(piece => bytes.Write(piece));
        return bytes.ToArray();
    }

    private static int[] Bits(float[] values) => MemoryMarshal.Cast<float, int>(values).ToArray();
}
