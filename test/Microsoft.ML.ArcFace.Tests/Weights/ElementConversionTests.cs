using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Tests.Weights;

[TestClass]
public class ElementConversionTests
{
    [TestMethod]
    [DataRow(nameof(ElementType.Float64))]
    [DataRow(nameof(ElementType.Float32))]
    [DataRow(nameof(ElementType.Float16))]
    [DataRow(nameof(ElementType.BFloat16))]
    public void Convert_RealNumbersThatEveryTypeHas_AreKept(string name)
    {
        var type = Enum.Parse<ElementType>(name);
        float[] expected = [0, 1, -0.5f, 96, -3.25f];
        CollectionAssert.AreEqual(expected, Convert<float, float>(expected, ElementType.Float32, type, ElementType.Float32));
    }

    [TestMethod]
    [DataRow(nameof(ElementType.Int64))]
    [DataRow(nameof(ElementType.Int32))]
    [DataRow(nameof(ElementType.Int16))]
    [DataRow(nameof(ElementType.Int8))]
    [DataRow(nameof(ElementType.UInt8))]
    public void Convert_WholeNumbersThatEveryTypeHas_AreKept(string name)
    {
        var type = Enum.Parse<ElementType>(name);
        long[] expected = [0, 1, 127];
        CollectionAssert.AreEqual(expected, Convert<long, long>(expected, ElementType.Int64, type, ElementType.Int64));
    }

    [TestMethod]
    public void Convert_ToBFloat16_RoundsTiesToTheEvenNeighbor()
    {
        float[] values = [1 + (1 / 256f), 1 + (3 / 256f), 1 + (1 / 256f) + 1e-6f, float.NegativeInfinity];
        CollectionAssert.AreEqual(new[] { 1, 1 + (4 / 256f), 1 + (2 / 256f), float.NegativeInfinity }, Convert<float, float>(values, ElementType.Float32, ElementType.BFloat16, ElementType.Float32));
    }

    [TestMethod]
    [DataRow(nameof(ElementType.Float64), 1e300)]
    [DataRow(nameof(ElementType.Float32), 1e30)]
    [DataRow(nameof(ElementType.BFloat16), 1e30)]
    [DataRow(nameof(ElementType.Float16), 6e4)]
    public void AreFinite_NumbersBeyondTheType_SaysNo(string name, double largest)
    {
        var type = Enum.Parse<ElementType>(name);
        int size = SafetensorsType.SizeOf(type);
        foreach ((double value, bool expected) in new[] { (largest, true), (double.NaN, false), (double.PositiveInfinity, false) })
        {
            byte[] bytes = new byte[2 * size];
            ElementConversion.Convert(MemoryMarshal.AsBytes(new[] { 1, value }.AsSpan()), ElementType.Float64, bytes, type);
            Assert.AreEqual(expected, ElementConversion.AreFinite(bytes, type), $"{value}");
        }
    }

    [TestMethod]
    public void Convert_RealToWhole_IsRefused() =>
        Assert.ThrowsExactly<NotSupportedException>(() => Convert<float, long>([1], ElementType.Float32, ElementType.Int64, ElementType.Int64));

    private static TTo[] Convert<TFrom, TTo>(TFrom[] values, ElementType from, ElementType through, ElementType to)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        byte[] between = new byte[values.Length * SafetensorsType.SizeOf(through)];
        ElementConversion.Convert(MemoryMarshal.AsBytes(values.AsSpan()), from, between, through);
        var result = new TTo[values.Length];
        ElementConversion.Convert(between, through, MemoryMarshal.AsBytes(result.AsSpan()), to);
        return result;
    }
}
