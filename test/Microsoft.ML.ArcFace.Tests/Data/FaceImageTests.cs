using System.Diagnostics;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Data;

[TestClass]
public class FaceImageTests
{
    [TestMethod]
    [DataRow(SKEncodedImageFormat.Png, 0)]
    [DataRow(SKEncodedImageFormat.Jpeg, 4)]
    [DataRow(SKEncodedImageFormat.Webp, 12)]
    public void FromBytes_Colour_GivesTheDrawnPixels(SKEncodedImageFormat format, int tolerance)
    {
        using MLImage image = Decode(EncodedImages.Gradient(60, 40, format));

        Assert.AreEqual((60, 40, MLPixelFormat.Bgra32), (image.Width, image.Height, image.PixelFormat));
        foreach ((int x, int y) in new[] { (0, 0), (59, 0), (0, 39), (59, 39), (30, 20) })
        {
            AssertClose(EncodedImages.GradientAt(x, y, 60, 40), PixelAt(image, x, y), tolerance);
        }
    }

    [TestMethod]
    public void FromBytes_Jpeg_EqualsTheLoaderOfMLNet()
    {
        byte[] jpeg = EncodedImages.Gradient(112, 112, SKEncodedImageFormat.Jpeg, quality: 85);
        using MLImage expected = MLImage.CreateFromStream(new MemoryStream(jpeg));
        using MLImage actual = Decode(jpeg);
        Assert.IsTrue(expected.Pixels.SequenceEqual(actual.Pixels));
    }

    [TestMethod]
    public void FromBytes_Bmp_IsDecoded()
    {
        using MLImage image = Decode(EncodedImages.Bmp(5, 3, new SKColor(10, 20, 30)));
        Assert.AreEqual((5, 3), (image.Width, image.Height));
        Assert.AreEqual(new SKColor(10, 20, 30), PixelAt(image, 4, 2));
    }

    [TestMethod]
    public void FromBytes_GreyJpeg_HasThreeEqualChannels()
    {
        using MLImage image = Decode(EncodedImages.GreyJpeg(16, value: 90));
        AssertClose(new SKColor(90, 90, 90), PixelAt(image, 8, 8), tolerance: 1);
    }

    [TestMethod]
    [DataRow(0, 0, 0, 0, 255, 255, 255)]
    [DataRow(0, 255, 255, 0, 255, 0, 0)]
    [DataRow(255, 0, 255, 0, 0, 255, 0)]
    [DataRow(255, 255, 0, 0, 0, 0, 255)]
    [DataRow(0, 0, 0, 255, 0, 0, 0)]
    [DataRow(100, 0, 0, 0, 155, 255, 255)]
    public void FromBytes_CmykJpeg_BecomesRgb(int cyan, int magenta, int yellow, int black, int red, int green, int blue)
    {
        using MLImage image = Decode(EncodedImages.CmykJpeg((byte)cyan, (byte)magenta, (byte)yellow, (byte)black));
        AssertClose(new SKColor((byte)red, (byte)green, (byte)blue), PixelAt(image, 4, 4), tolerance: 2);
    }

    [TestMethod]
    public void FromBytes_SixteenBitPng_KeepsTheHighByte()
    {
        using MLImage colour = Decode(EncodedImages.Png(4, 4, bitDepth: 16, colourType: 2, 0xC0, 0x10, 0x40, 0x20, 0x08, 0x30));
        AssertClose(new SKColor(0xC0, 0x40, 0x08), PixelAt(colour, 1, 1), tolerance: 1);
        using MLImage grey = Decode(EncodedImages.Png(4, 4, bitDepth: 16, colourType: 0, 0x70, 0x10));
        AssertClose(new SKColor(0x70, 0x70, 0x70), PixelAt(grey, 1, 1), tolerance: 1);
    }

    [TestMethod]
    public void FromBytes_TransparentPng_LiesOnBlack()
    {
        using MLImage half = Decode(EncodedImages.Png(4, 4, bitDepth: 8, colourType: 6, 200, 100, 50, 128));
        SKColor colour = PixelAt(half, 1, 1);
        AssertClose(new SKColor(100, 50, 25), new SKColor(colour.Red, colour.Green, colour.Blue), tolerance: 1);
    }

    [TestMethod]
    [DataRow(1, 0, 0)]
    [DataRow(2, 1, 0)]
    [DataRow(3, 1, 1)]
    [DataRow(4, 0, 1)]
    [DataRow(5, 0, 0)]
    [DataRow(6, 1, 0)]
    [DataRow(7, 1, 1)]
    [DataRow(8, 0, 1)]
    public void FromBytes_ExifOrientation_PutsTheStoredFirstPixelInItsCorner(int orientation, int cornerX, int cornerY)
    {
        byte[] jpeg = EncodedImages.WithOrientation(EncodedImages.Gradient(64, 32, SKEncodedImageFormat.Jpeg), (byte)orientation);

        using MLImage image = Decode(jpeg);

        bool isSideways = orientation >= 5;
        Assert.AreEqual(isSideways ? (32, 64) : (64, 32), (image.Width, image.Height));
        SKColor first = PixelAt(image, cornerX * (image.Width - 1), cornerY * (image.Height - 1));
        AssertClose(new SKColor(0, 0, 60), first, tolerance: 6);

        // Along the stored rows red grows: that is the direction from the first corner along the picture's long side.
        (int x, int y) = isSideways
            ? (cornerX * (image.Width - 1), (1 - cornerY) * (image.Height - 1))
            : ((1 - cornerX) * (image.Width - 1), cornerY * (image.Height - 1));
        AssertClose(new SKColor(255, 0, 60), PixelAt(image, x, y), tolerance: 6);
    }

    [TestMethod]
    [DataRow(20_000, 20_000)]
    [DataRow(16_385, 1)]
    [DataRow(9_000, 9_000)]
    public void FromBytes_HeaderOfHugeSize_IsRefusedBeforeDecoding(int width, int height)
    {
        foreach (byte[] file in new[] { EncodedImages.PngOfHeaderOnly(width, height), EncodedImages.Bmp(width, height, SKColors.Red, withPixels: false) })
        {
            AssertRefusedUndecoded(file, $"it is {width}×{height} pixels. Allowed are 1 to 16384 pixels a side and at most 64 megapixels");
        }
    }

    [TestMethod]
    [DataRow(20_000, 12_501)]
    [DataRow(65_500, 65_500)]
    public void FromBytes_JpegHeaderOfHugeSize_IsRefusedBeforeDecoding(int width, int height) =>
        AssertRefusedUndecoded(EncodedImages.JpegOfHeaderOnly((ushort)width, (ushort)height), $"it is {width}×{height} pixels. Allowed are 1 to 65500 pixels a side and at most 250 megapixels");

    [TestMethod]
    public void FromBytes_MorePixelsThanTheMaximumSet_IsRefused()
    {
        foreach (SKEncodedImageFormat format in new[] { SKEncodedImageFormat.Jpeg, SKEncodedImageFormat.Png, SKEncodedImageFormat.Webp })
        {
            byte[] file = EncodedImages.Gradient(60, 40, format);
            FaceImage.FromBytes(file, "of the test", maximumPixels: 2400).Dispose();
            var error = Assert.ThrowsExactly<FaceImageException>(() => FaceImage.FromBytes(file, "of the test", maximumPixels: 2399));
            Assert.Contains("it is 60×40 pixels. Allowed are 1 to", error.Message);
            Assert.Contains("at most 2399 pixels", error.Message);
            Assert.Contains("or raise the maximum of pixels", error.Message);
        }

        var tooWide = Assert.ThrowsExactly<FaceImageException>(() => FaceImage.FromBytes(EncodedImages.PngOfHeaderOnly(16_385, 1), "of the test"));
        Assert.DoesNotContain("raise", tooWide.Message, "No maximum lets a side be longer.");
    }

    [TestMethod]
    public void FromBytes_HeaderOfSizeZero_IsRefused()
    {
        foreach (byte[] file in new[]
        {
            EncodedImages.PngOfHeaderOnly(0, 0),
            EncodedImages.JpegOfHeaderOnly(0, 0),
            EncodedImages.Bmp(0, 0, SKColors.Red),
        })
        {
            Assert.Contains("width or height of 0", Refused(file).Message);
        }
    }

    [TestMethod]
    [DataRow(SKEncodedImageFormat.Jpeg)]
    [DataRow(SKEncodedImageFormat.Png)]
    [DataRow(SKEncodedImageFormat.Webp)]
    public void FromBytes_TruncatedAnywhere_IsRefused(SKEncodedImageFormat format)
    {
        byte[] whole = EncodedImages.Gradient(100, 100, format);
        foreach (double share in new[] { 0.2, 0.5, 0.9 })
        {
            Assert.Contains("truncated", Refused(whole[..(int)(whole.Length * share)]).Message);
        }
    }

    [TestMethod]
    public void FromBytes_TruncatedBmp_IsRefused()
    {
        byte[] whole = EncodedImages.Bmp(50, 50, SKColors.Green);
        Assert.Contains("truncated", Refused(whole[..(whole.Length / 2)]).Message);
    }

    [TestMethod]
    public void FromBytes_RandomlyAlteredFiles_AreDecodedOrRefusedAndNeverCrash()
    {
        var random = new Random(1);
        byte[][] files =
        [
            EncodedImages.Gradient(20, 20, SKEncodedImageFormat.Jpeg), EncodedImages.Gradient(20, 20, SKEncodedImageFormat.Png),
            EncodedImages.Gradient(20, 20, SKEncodedImageFormat.Webp), EncodedImages.Bmp(20, 20, SKColors.Green),
        ];
        int refused = 0;
        for (int trial = 0; trial < 800; trial++)
        {
            byte[] altered = [.. files[trial % files.Length]];
            for (int change = 0; change < 3; change++)
            {
                altered[random.Next(altered.Length)] = (byte)random.Next(256);
            }

            try
            {
                Decode(altered).Dispose();
            }
            catch (FaceImageException)
            {
                refused++;
            }
        }

        Assert.IsGreaterThan(0, refused);
        Assert.IsLessThan(800, refused);
    }

    [TestMethod]
    public void FromBytes_OtherFormat_NamesIt()
    {
        byte[] gif = [.. "GIF89a"u8, 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B];
        Assert.Contains("it is a GIF picture, not jpg, png, bmp or webp. Convert it", Refused(gif).Message);
    }

    [TestMethod]
    public void FromBytes_Heic_SaysWhatToDoOnAnIPhone()
    {
        byte[] heic = [0, 0, 0, 24, .. "ftypheic"u8, 0, 0, 0, 0, .. "mif1heic"u8];
        string message = Refused(heic).Message;
        Assert.Contains("it is a HEIC photograph, not jpg, png, bmp or webp. Convert it to JPEG", message);
        Assert.Contains("Most Compatible", message);
    }

    [TestMethod]
    [DataRow("photo.jfif")]
    [DataRow("photo.jpe")]
    [DataRow("photo.png")]
    [DataRow("photo.heic")]
    [DataRow("photo")]
    public void FromFile_JpegOfAnyName_IsRead(string name)
    {
        using var folder = new TemporaryFolder();
        using MLImage image = FaceImage.FromFile(folder.Write(name, EncodedImages.Gradient(20, 10, SKEncodedImageFormat.Jpeg)));
        Assert.AreEqual((20, 10), (image.Width, image.Height));
    }

    [TestMethod]
    public void FromFile_TextNamedJpg_NamesFileAndContent()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("note.jpg", "Hello, this is a text."u8.ToArray());

        var error = Assert.ThrowsExactly<FaceImageException>(() => FaceImage.FromFile(path));

        Assert.AreEqual($"'{path}'", error.ImageName);
        Assert.Contains($"The image '{path}' cannot be read: its 22 bytes, beginning with \"Hello, this \", are no jpg, png, bmp or webp image. Convert it", error.Message);
    }

    [TestMethod]
    public void FromFile_Empty_SaysSo()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("empty.png", []);
        Assert.Contains("it is empty (0 bytes)", Assert.ThrowsExactly<FaceImageException>(() => FaceImage.FromFile(path)).Message);
    }

    [TestMethod]
    public void FromFile_LargerThanAllowed_IsRefusedUnread()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("sparse.png", []);
        using (FileStream sparse = File.OpenWrite(path))
        {
            sparse.SetLength(FaceImage.MostBytes + 1);
        }

        Assert.Contains("Allowed are at most 512000000 bytes", Assert.ThrowsExactly<FaceImageException>(() => FaceImage.FromFile(path)).Message);
    }

    [TestMethod]
    [DataRow("absent.jpg")]
    [DataRow("absent/absent.jpg")]
    [DataRow("")]
    [DataRow(".")]
    public void FromFile_NoSuchFile_NamesThePath(string relativePath)
    {
        using var folder = new TemporaryFolder();
        string path = relativePath.Length == 0 ? "" : Path.Combine(folder.FullName, relativePath);
        Assert.AreEqual($"'{path}'", Assert.ThrowsExactly<FaceImageException>(() => FaceImage.FromFile(path)).ImageName);
    }

    [TestMethod]
    public void FromBytes_ManyTimes_DoesNotGrowTheProcess()
    {
        byte[] good = EncodedImages.Gradient(700, 700, SKEncodedImageFormat.Jpeg);
        byte[] truncated = good[..(good.Length / 2)];
        void DecodeBoth(int times)
        {
            for (int i = 0; i < times; i++)
            {
                Decode(good).Dispose();
                Assert.ThrowsExactly<FaceImageException>(() => Decode(truncated));
            }
        }

        // As often before as behind the first look, so that what the allocator keeps for itself is there by then.
        DecodeBoth(120);
        long before = ResidentBytes();

        // 240 times 2 MB of pixels: what nobody frees would show.
        DecodeBoth(120);
        Assert.IsLessThan(100_000_000, ResidentBytes() - before);
    }

    private static void AssertRefusedUndecoded(byte[] file, string message)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        FaceImageException error = Refused(file);
        Assert.IsLessThan(1_000_000, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Contains(message, error.Message);
    }

    private static long ResidentBytes()
    {
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    private static MLImage Decode(byte[] file) => FaceImage.FromBytes(file, "of the test");

    private static FaceImageException Refused(byte[] file) => Assert.ThrowsExactly<FaceImageException>(() => Decode(file));

    private static SKColor PixelAt(MLImage image, int x, int y)
    {
        ReadOnlySpan<byte> pixel = image.Pixels.Slice(((y * image.Width) + x) * 4, 4);
        return new SKColor(pixel[2], pixel[1], pixel[0], pixel[3]);
    }

    private static void AssertClose(SKColor expected, SKColor actual, int tolerance)
    {
        bool isClose = Math.Abs(expected.Red - actual.Red) <= tolerance
            && Math.Abs(expected.Green - actual.Green) <= tolerance
            && Math.Abs(expected.Blue - actual.Blue) <= tolerance;
        Assert.IsTrue(isClose, $"expected {expected}, got {actual}");
    }
}
