using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Data;

[TestClass]
public class FaceTensorTests
{
    [TestMethod]
    [DataRow(MLPixelFormat.Bgra32)]
    [DataRow(MLPixelFormat.Rgba32)]
    public void FromImage_FaceSize_CopiesEveryValueInRedGreenBlueOrder(MLPixelFormat format)
    {
        byte[] pixels = RandomBytes(112 * 112 * 4, seed: 1);
        using MLImage image = MLImage.CreateFromPixels(112, 112, format, pixels);
        var actual = new byte[FaceTensor.ByteCount];

        FaceTensor.FromImage(image, actual);

        int[] channelOffsets = format == MLPixelFormat.Bgra32 ? [2, 1, 0] : [0, 1, 2];
        var expected = new byte[FaceTensor.ByteCount];
        for (int pixel = 0; pixel < 112 * 112; pixel++)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                expected[(pixel * 3) + channel] = pixels[(pixel * 4) + channelOffsets[channel]];
            }
        }

        CollectionAssert.AreEqual(expected, actual);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(40)]
    [DataRow(111)]
    [DataRow(113)]
    [DataRow(250)]
    [DataRow(1000)]
    public void FromImage_OtherSizeOfOneColour_KeepsTheColour(int side)
    {
        using MLImage image = Draw(side, side, (_, _) => (10, 200, 77));
        var face = new byte[FaceTensor.ByteCount];

        FaceTensor.FromImage(image, face);

        for (int i = 0; i < face.Length; i += 3)
        {
            Assert.AreEqual((10, 200, 77), (face[i], face[i + 1], face[i + 2]));
        }
    }

    [TestMethod]
    [DataRow(56)]
    [DataRow(150)]
    [DataRow(250)]
    [DataRow(900)]
    public void FromImage_SmoothPictureOfOtherSize_IsTheSamePictureAtFaceSize(int side)
    {
        static byte Wave(double u, double v) => (byte)Math.Round(127.5 + (100 * Math.Sin(4 * Math.PI * u) * Math.Cos(2 * Math.PI * v)));
        using MLImage image = Draw(side, side, (x, y) => (Wave((x + 0.5) / side, (y + 0.5) / side), 0, 0));
        var face = new byte[FaceTensor.ByteCount];

        FaceTensor.FromImage(image, face);

        double worst = 0;
        for (int y = 2; y < 110; y++)
        {
            for (int x = 2; x < 110; x++)
            {
                worst = Math.Max(worst, Math.Abs(face[((y * 112) + x) * 3] - Wave((x + 0.5) / 112, (y + 0.5) / 112)));
            }
        }

        Assert.IsLessThanOrEqualTo(2.0, worst);
    }

    [TestMethod]
    [DataRow(200)]
    [DataRow(250)]
    [DataRow(448)]
    [DataRow(1500)]
    public void FromImage_DetailFinerThanTheFace_IsAveragedAndNotAliased(int side)
    {
        // 90 waves across: more than the 56 that 112 pixels can show.
        using MLImage image = Draw(side, side, (x, _) => ((byte)Math.Round(127.5 + (127 * Math.Sin(2 * Math.PI * 90 * (x + 0.5) / side))), 0, 0));
        var face = new byte[FaceTensor.ByteCount];

        FaceTensor.FromImage(image, face);

        double[] reds = [.. face.Where((_, i) => i % 3 == 0).Select(value => value - 127.5)];
        double rootMeanSquare = Math.Sqrt(reds.Average(value => value * value));
        Assert.IsLessThan(5.0, rootMeanSquare, "The waves themselves have 90.");
    }

    [TestMethod]
    public void FromImage_WideImage_TakesTheCentralSquare()
    {
        using MLImage wide = Draw(400, 200, (x, _) => x is >= 100 and < 300 ? ((byte)255, (byte)255, (byte)255) : ((byte)0, (byte)0, (byte)0));
        using MLImage tall = Draw(200, 400, (_, y) => y is >= 100 and < 300 ? ((byte)255, (byte)255, (byte)255) : ((byte)0, (byte)0, (byte)0));
        var face = new byte[FaceTensor.ByteCount];
        foreach (MLImage image in new[] { wide, tall })
        {
            FaceTensor.FromImage(image, face);
            Assert.IsTrue(face.All(value => value == 255));
        }
    }

    [TestMethod]
    public void FromPlanar_Planes_AreInterleaved()
    {
        byte[] face = RandomBytes(FaceTensor.ByteCount, seed: 2);
        var planar = new float[FaceTensor.ByteCount];
        for (int i = 0; i < face.Length; i++)
        {
            planar[((i % 3) * 112 * 112) + (i / 3)] = face[i];
        }

        var actual = new byte[FaceTensor.ByteCount];
        FaceTensor.FromPlanar(planar, actual);

        CollectionAssert.AreEqual(face, actual);
    }

    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(-0.5f)]
    [DataRow(255.5f)]
    [DataRow(float.PositiveInfinity)]
    public void FromPlanar_ValueOutsideOfRange_ErrorNamesValueAndPlace(float value)
    {
        var planar = new float[FaceTensor.ByteCount];
        planar[(112 * 112) + (112 * 3) + 7] = value;

        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FaceTensor.FromPlanar(planar, new byte[FaceTensor.ByteCount]));

        Assert.Contains($"The pixel value {value} in channel G, row 3, column 7 is outside of 0 to 255", error.Message);
    }

    [TestMethod]
    public void FromPlanar_WrongLength_ErrorNamesBoth()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => FaceTensor.FromPlanar(new float[100], new byte[FaceTensor.ByteCount]));
        Assert.Contains("37632 values (3×112×112); 100 were given", error.Message);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void ToTensor_RandomFaces_EqualsTheNaiveLoop(bool mirrored)
    {
        const int count = 3;
        byte[] faces = RandomBytes(count * FaceTensor.ByteCount, seed: 3);

        using Tensor tensor = mirrored ? FaceInput.ToMirroredTensor(faces, count, CPU) : FaceInput.ToTensor(faces, count, CPU);

        CollectionAssert.AreEqual(new long[] { count, 3, 112, 112 }, tensor.shape);
        Assert.AreEqual(ScalarType.Float32, tensor.dtype);
        CollectionAssert.AreEqual(new long[] { 3 * 112 * 112, 1, 3 * 112, 3 }, tensor.stride(), "channels-last memory");
        CollectionAssert.AreEqual(NaivelyNormalised(faces, count, mirrored), tensor.contiguous().data<float>().ToArray());
    }

    [TestMethod]
    public void ToTensor_FacesBehindTheCount_AreLeftOut()
    {
        byte[] faces = RandomBytes(4 * FaceTensor.ByteCount, seed: 4);
        using Tensor tensor = FaceInput.ToTensor(faces, 2, CPU);
        Assert.AreEqual(2, tensor.shape[0]);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(-1)]
    [DataRow(3)]
    [DataRow(int.MaxValue)]
    public void ToTensor_CountThatDoesNotFit_IsRefused(int count)
    {
        Assert.Throws<ArgumentException>(() => FaceInput.ToTensor(new byte[2 * FaceTensor.ByteCount], count, CPU));
    }

    [TestMethod]
    public void ToTensor_ManyBatches_LeavesOneTensorEach()
    {
        byte[] faces = RandomBytes(FaceTensor.ByteCount, seed: 5);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 5; i++)
        {
            using Tensor tensor = FaceInput.ToMirroredTensor(faces, 1, CPU);
            Assert.AreEqual(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Mirror_Face_EqualsTheMirroredTensor()
    {
        byte[] face = RandomBytes(FaceTensor.ByteCount, seed: 6);
        var mirrored = new byte[FaceTensor.ByteCount];

        FaceTensor.Mirror(face, mirrored);

        using Tensor expected = FaceInput.ToMirroredTensor(face, 1, CPU);
        using Tensor actual = FaceInput.ToTensor(mirrored, 1, CPU);
        Assert.IsTrue(expected.Equals(actual));
    }

    private static float[] NaivelyNormalised(byte[] faces, int count, bool mirrored)
    {
        var values = new float[count * FaceTensor.ByteCount];
        int to = 0;
        for (int face = 0; face < count; face++)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                for (int y = 0; y < 112; y++)
                {
                    for (int x = 0; x < 112; x++)
                    {
                        int column = mirrored ? 111 - x : x;
                        byte value = faces[(face * FaceTensor.ByteCount) + (((y * 112) + column) * 3) + channel];
                        values[to++] = (value - 127.5f) / 127.5f;
                    }
                }
            }
        }

        return values;
    }

    private static MLImage Draw(int width, int height, Func<int, int, (byte Red, byte Green, byte Blue)> colourAt)
    {
        var pixels = new byte[width * height * 4];
        for (int i = 0; i < width * height; i++)
        {
            (pixels[i * 4], pixels[(i * 4) + 1], pixels[(i * 4) + 2]) = colourAt(i % width, i / width);
            pixels[(i * 4) + 3] = byte.MaxValue;
        }

        return MLImage.CreateFromPixels(width, height, MLPixelFormat.Rgba32, pixels);
    }

    private static byte[] RandomBytes(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
