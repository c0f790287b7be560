using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Data.Decoding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Data.Decoding;

[TestClass]
public class JpegCompletenessTests
{
    private static readonly byte[] EndMarker = [0xFF, 0xD9];

    public required TestContext TestContext { get; init; }

    [TestMethod]
    [DataRow(101, 67)]
    [DataRow(16, 16)]
    [DataRow(1, 1)]
    [DataRow(8, 200)]
    public void FromBytes_WholeJpegOfAnyKindWithoutItsEndMarker_HasTheSamePixels(int width, int height)
    {
        foreach ((string kind, byte[] file) in EncodedJpegs.AllKinds(width, height))
        {
            Assert.AreEqual(JpegPixels.Whole, JpegCompleteness.Check(file, out int end), kind);
            Assert.AreEqual(file.Length - 2, end, kind);
            using MLImage whole = FaceImage.FromBytes(file, kind);
            foreach (byte[] cut in new[] { file[..^1], file[..^2], [.. file, 1, 2, 3], [.. file[..^2], 0xFF, .. EndMarker] })
            {
                using MLImage image = FaceImage.FromBytes(cut, kind);
                Assert.IsTrue(whole.Pixels.SequenceEqual(image.Pixels), kind);
            }
        }
    }

    [TestMethod]
    public void FromBytes_JpegOfAnyKindCutAnywhere_IsRefusedWithAndWithoutEndMarker()
    {
        foreach ((string kind, byte[] file) in EncodedJpegs.AllKinds(101, 67).Append(("SkiaSharp's", EncodedImages.Gradient(90, 70, SKEncodedImageFormat.Jpeg, 80))))
        {
            int end = file.Length - EndMarker.Length;
            foreach (int length in Enumerable.Range(1, 19).Select(part => end * part / 20).Concat(Enumerable.Range(end - 64, 64)))
            {
                AssertRefused(file[..length], $"{kind}, {length} of {end} bytes");
                AssertRefused([.. file[..length], .. EndMarker], $"{kind}, {length} of {end} bytes and an end marker");
            }
        }
    }

    [TestMethod]
    [DataRow(false, 0.97)]
    [DataRow(true, 0.8)]
    public void Check_JpegWithoutAPacketInTheMiddle_IsMostlyDamaged(bool progressive, double share)
    {
        var random = new Random(3);
        int damaged = 0, tried = 0;
        foreach (byte[] file in new[] { EncodedJpegs.Encode(400, 300, 3, (2, 2), progressive, restart: 0), EncodedJpegs.Encode(400, 300, 1, (1, 1), progressive, restart: 0) })
        {
            int header = StartOfData(file);
            for (int trial = 0; trial < 100; trial++, tried++)
            {
                int count = random.Next(512, 1461), at = random.Next(header, file.Length - count - 2);
                damaged += JpegCompleteness.Check([.. file[..at], .. file[(at + count)..]], out _) == JpegPixels.Damaged ? 1 : 0;
            }
        }

        TestContext.WriteLine($"{(progressive ? "progressive" : "baseline")}: {damaged} of {tried} noticed");

        // Codes find their way back after some bits, and then blocks are too few; now and then false ones make up for them exactly.
        Assert.IsGreaterThan(share, (double)damaged / tried, $"{damaged} of {tried}");
    }

    [TestMethod]
    public void Check_EqualBytesBehindTheData_ArePadding()
    {
        byte[] file = EncodedJpegs.Encode(64, 64, 3, (2, 2), progressive: false, restart: 0);
        byte[] data = file[..^EndMarker.Length];
        Assert.AreEqual(JpegPixels.Whole, JpegCompleteness.Check([.. data, .. new byte[500], .. EndMarker], out _));
        Assert.AreEqual(JpegPixels.Whole, JpegCompleteness.Check([.. data, 1, 2, 3, 4, .. EndMarker], out _));
        Assert.AreEqual(JpegPixels.Damaged, JpegCompleteness.Check([.. data, 1, 2, 3, 4, 5, .. EndMarker], out _));
    }

    [TestMethod]
    public void Check_RestartsOutOfOrder_AreDamage()
    {
        byte[] file = EncodedJpegs.Encode(200, 150, 3, (1, 1), progressive: false, restart: 5);
        int second = Enumerable.Range(StartOfData(file), file.Length).Where(i => file[i] == 0xFF && file[i + 1] is >= 0xD0 and <= 0xD7).ElementAt(1);
        int third = Enumerable.Range(second + 2, file.Length).First(i => file[i] == 0xFF && file[i + 1] is >= 0xD0 and <= 0xD7);
        Assert.AreEqual(JpegPixels.Damaged, JpegCompleteness.Check([.. file[..second], .. file[third..]], out _));
    }

    [TestMethod]
    public void Check_ProgressiveWithoutItsLastScan_IsDamaged()
    {
        byte[] file = EncodedJpegs.Encode(64, 64, 3, (2, 2), progressive: true, restart: 0);
        int lastScan = Enumerable.Range(0, file.Length - 1).Last(i => file[i] == 0xFF && file[i + 1] == JpegSegments.StartOfScan);
        Assert.AreEqual(JpegPixels.Damaged, JpegCompleteness.Check([.. file[..lastScan], .. EndMarker], out _));
    }

    [TestMethod]
    public void Check_KindThatIsNotFollowed_LeavesItToTheDecoder()
    {
        byte[] file = EncodedJpegs.Encode(64, 64, 3, (2, 2), progressive: false, restart: 0);
        int frame = Enumerable.Range(0, file.Length).First(i => file[i] == 0xFF && file[i + 1] == 0xC0);
        byte[] arithmetic = [.. file];
        arithmetic[frame + 1] = 0xC9;
        Assert.AreEqual(JpegPixels.Unknown, JpegCompleteness.Check(arithmetic, out _));
    }

    [TestMethod]
    public void Check_RandomlyAlteredFiles_NeverThrows()
    {
        var random = new Random(1);
        (string, byte[])[] files = [.. EncodedJpegs.AllKinds(40, 30)];
        int damaged = 0;
        for (int trial = 0; trial < 4000; trial++)
        {
            byte[] altered = [.. files[trial % files.Length].Item2];
            for (int change = 0; change < 4; change++)
            {
                altered[random.Next(altered.Length)] = (byte)random.Next(256);
            }

            damaged += JpegCompleteness.Check(altered, out int end) == JpegPixels.Damaged ? 1 : 0;
            Assert.IsLessThanOrEqualTo(altered.Length, end);
        }

        Assert.IsGreaterThan(400, damaged);
    }

    private static int StartOfData(byte[] file)
    {
        int scan = Enumerable.Range(0, file.Length).First(i => file[i] == 0xFF && file[i + 1] == JpegSegments.StartOfScan);
        return scan + 2 + ((file[scan + 2] << 8) | file[scan + 3]);
    }

    private static void AssertRefused(byte[] file, string what)
    {
        try
        {
            FaceImage.FromBytes(file, what).Dispose();
        }
        catch (FaceImageException)
        {
            return;
        }

        Assert.Fail(what + ": it was read.");
    }
}
