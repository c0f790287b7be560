using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Faces;

namespace Microsoft.ML.ArcFace.Tests.Faces;

[TestClass]
public class FaceQualityTests
{
    [TestMethod]
    public void Measure_OneColor_HasThatBrightnessAndNoSharpness()
    {
        FaceQuality quality = FaceQualityMeter.Measure(Face((_, _) => 100), null, null, null);
        Assert.AreEqual(100, quality.Brightness, 1e-9);
        Assert.AreEqual(0, quality.Sharpness);
        Assert.AreEqual((null, null, null, null), (quality.Size, quality.Yaw, quality.DetectionScore, quality.EmbeddingNorm));
        byte[] red = new byte[FaceTensor.ByteCount];
        for (int i = 0; i < red.Length; i += FaceTensor.Channels)
        {
            red[i] = 200;
        }

        Assert.AreEqual(0.299 * 200, FaceQualityMeter.Measure(red, null, null, null).Brightness, 1e-9);
    }

    [TestMethod]
    public void Measure_KnownPatterns_HaveTheSharpnessOfTheirDefinition()
    {
        // A chessboard of single pixels: the Laplacian is eight times the deviation everywhere. A slope has none.
        Assert.AreEqual(8, FaceQualityMeter.Measure(Face((x, y) => (x + y) % 2 == 0 ? 60 : 180), null, null, null).Sharpness, 1e-9);
        Assert.AreEqual(0, FaceQualityMeter.Measure(Face((x, _) => 2 * x), null, null, null).Sharpness, 1e-9);

        // Contrast does not count.
        double strong = Sharpness(180), weak = Sharpness(70);
        Assert.AreEqual(strong, weak, 0.01 * strong);
        static double Sharpness(int high) => FaceQualityMeter.Measure(Face((x, y) => x / 3 % 2 == y / 3 % 2 ? 60 : high), null, null, null).Sharpness;
    }

    [TestMethod]
    public void Measure_ReducedFace_IsLessSharpTheMoreItIsReduced()
    {
        var random = new Random(3);
        byte[] face = new byte[FaceTensor.ByteCount];
        random.NextBytes(face);
        double last = double.PositiveInfinity;
        foreach (int pixels in new[] { 112, 56, 28, 14 })
        {
            byte[] reduced = [.. face];
            FaceReduction.Apply(reduced, pixels);
            double sharpness = FaceQualityMeter.Measure(reduced, null, null, null).Sharpness;
            Assert.IsLessThan(last, sharpness);
            last = sharpness;
        }
    }

    [TestMethod]
    public void Measure_Size_IsTheSideOfTheSquareThatBecameTheFace()
    {
        float[] template = [.. Alignment()];
        Assert.AreEqual(112, Size(1), 1e-3);
        Assert.AreEqual(28, Size(0.25f), 1e-3);
        Assert.AreEqual(560, Size(5), 1e-2);
        double Size(float scale) => FaceQualityMeter.Measure(new byte[FaceTensor.ByteCount], [.. template.Select(value => (scale * value) + 40)], 0.9, 21).Size!.Value;

        static IEnumerable<float> Alignment()
        {
            float[] points = new float[10];
            for (int i = 0; i < points.Length; i++)
            {
                points[i] = (float)ArcFace.Alignment.FaceTemplate.Points[i];
            }

            return points;
        }
    }

    [TestMethod]
    public void Judge_EachNumberBeyondItsLimit_IsNamedWithByHowMuch()
    {
        var limits = new FaceQualityLimits
        {
            MinimumSize = 32, MinimumSharpness = 0.2, MinimumBrightness = 20, MaximumBrightness = 240, MaximumYaw = 45, MaximumPitch = 40, MinimumDetectionScore = 0.6, MinimumEmbeddingNorm = 15,
        };
        var good = new FaceQuality { Size = 32, Sharpness = 0.2, Brightness = 20, Yaw = -45, Pitch = 40, DetectionScore = 0.6, EmbeddingNorm = 15 };
        Assert.IsTrue(good.Judge(limits).IsGood);
        Assert.AreEqual("good", good.Judge(limits).ToString());
        foreach ((FaceQuality bad, string told) in new[]
        {
            (good with { Size = 20 }, "the face has 20 pixels a side, where at least 32 are needed"), (good with { Sharpness = 0.11 }, "its sharpness is 0.11, where at least 0.20 is needed"),
            (good with { Brightness = 12 }, "too dark: 12 of 255, where at least 20"), (good with { Brightness = 250 }, "too bright: 250 of 255, where at most 240"),
            (good with { Yaw = -60 }, "turned aside by 60°, where at most 45°"), (good with { Pitch = -50 }, "up or down by 50°, where at most 40°"),
            (good with { DetectionScore = 0.5 }, "score is 0.50, where at least 0.60"), (good with { EmbeddingNorm = 9 }, "length of its embedding is 9.00, where at least 15.00"),
            (good with { Sharpness = double.NaN }, "its sharpness is NaN"),
        })
        {
            FaceQualityVerdict verdict = bad.Judge(limits);
            Assert.HasCount(1, verdict.Problems);
            StringAssert.Contains(verdict.ToString(), told);
        }

        Assert.IsTrue(new FaceQuality { Sharpness = 0.5, Brightness = 120 }.Judge().IsGood, "What is not known is not judged.");
        Assert.HasCount(2, (good with { Size = 1, DetectionScore = 0 }).Judge(limits).Problems);
    }

    private static byte[] Face(Func<int, int, int> gray)
    {
        byte[] face = new byte[FaceTensor.ByteCount];
        for (int i = 0; i < face.Length; i++)
        {
            int pixel = i / FaceTensor.Channels;
            face[i] = (byte)gray(pixel % FaceTensor.Size, pixel / FaceTensor.Size);
        }

        return face;
    }
}
