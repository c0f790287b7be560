using System.Globalization;
using Microsoft.ML.ArcFace.Alignment;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Alignment;

[TestClass]
public class FaceWarpTests
{
    private const double SmallestMedianPsnr = 40;

    public required TestContext TestContext { get; init; }

    [TestMethod]
    [RequiresFaceData("lfw_raw/landmarks.tsv", "lfw112/test")]
    public void Apply_EveryUnalignedPhotograph_AgreesWithItsAlignedCounterpart()
    {
        var psnr = new List<double>();
        foreach (string line in File.ReadLines(TestData.PathOf("lfw_raw/landmarks.tsv")))
        {
            string[] fields = line.Split('\t');
            double[] landmarks = [.. fields[1..].Select(field => double.Parse(field, CultureInfo.InvariantCulture))];
            string name = fields[0][..^"_0000.jpg".Length], number = fields[0][^"0000.jpg".Length..];
            using MLImage raw = FaceImage.FromFile(TestData.PathOf("lfw_raw/" + fields[0]));
            using MLImage expected = FaceImage.FromFile(TestData.PathOf($"lfw112/test/{name}/{number}"));
            byte[] aligned = FaceWarp.Apply(raw.Pixels, raw.Width, raw.Height, SimilarityTransform.Fit(landmarks, FaceTemplate.Points)!.Value, AlignmentBorder.Black);
            psnr.Add(Psnr(expected.Pixels, aligned));
        }

        psnr.Sort();
        TestContext.WriteLine($"PSNR of {psnr.Count} faces: least {psnr[0]:0.00}, median {psnr[psnr.Count / 2]:0.00}, greatest {psnr[^1]:0.00} dB");
        Assert.IsGreaterThanOrEqualTo(SmallestMedianPsnr, psnr[psnr.Count / 2]);
    }

    private static double Psnr(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
    {
        double squares = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            // The fourth byte of a pixel is alpha.
            squares += i % 4 == 3 ? 0 : Math.Pow(expected[i] - actual[i], 2);
        }

        return 10 * Math.Log10(255.0 * 255 / (squares / (expected.Length / 4 * 3)));
    }
}
