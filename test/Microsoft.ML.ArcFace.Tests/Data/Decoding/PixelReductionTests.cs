using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Data.Decoding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Data.Decoding;

[TestClass]
public class PixelReductionTests
{
    [TestMethod]
    [DataRow(112, 112, 1)]
    [DataRow(6000, 4000, 1)]
    [DataRow(8000, 4000, 1)]
    [DataRow(8001, 4000, 2)]
    [DataRow(8000, 8000, 2)]
    [DataRow(16320, 12240, 4)]
    [DataRow(16385, 1, 2)]
    [DataRow(65500, 1, 4)]
    [DataRow(65500, 3816, 4)]
    [DataRow(31000, 31000, 8)]
    public void Reduction_Size_IsTheLeastThatFits(int width, int height, int expected) => Assert.AreEqual(expected, PixelLimit.Reduction(width, height));

    [TestMethod]
    [DataRow(SKEncodedImageFormat.Png, 2, 1)]
    [DataRow(SKEncodedImageFormat.Png, 4, 1)]
    [DataRow(SKEncodedImageFormat.Png, 8, 1)]
    [DataRow(SKEncodedImageFormat.Bmp, 2, 1)]
    [DataRow(SKEncodedImageFormat.Bmp, 8, 1)]
    public void Decode_AnySize_IsTheMeanOfEachSquare(SKEncodedImageFormat format, int reduction, int tolerance)
    {
        foreach ((int width, int height) in new[] { (64, 40), (61, 37), (5, 3), (1, 9) })
        {
            byte[] file = format == SKEncodedImageFormat.Png ? EncodedImages.Gradient(width, height, format) : GradientBmp(width, height);
            using MLImage whole = FaceImage.FromBytes(file, "of the test");
            using SKData data = SKData.CreateCopy(file);
            using SKCodec codec = SKCodec.Create(data);
            using var reduced = new SKBitmap(new SKImageInfo(PixelLimit.Part(width, reduction), PixelLimit.Part(height, reduction), SKColorType.Bgra8888));

            SKCodecResult result = PixelReduction.Decode(codec, new SKImageInfo(width, height, SKColorType.Bgra8888, SKAlphaType.Opaque), reduced, reduction);

            Assert.AreEqual(SKCodecResult.Success, result);
            ReadOnlySpan<byte> pixels = reduced.GetPixelSpan();
            for (int i = 0; i < pixels.Length; i++)
            {
                (int x, int y, int channel) = (i / 4 % reduced.Width, i / 4 / reduced.Width, i % 4);
                Assert.AreEqual(Mean(whole, x * reduction, y * reduction, reduction, channel), pixels[i], tolerance, $"{width}×{height} at {x}, {y}, {channel}");
            }
        }
    }

    [TestMethod]
    public void FromBytes_JpegOfMoreThan16384PixelsASide_IsDecodedAtHalfItsSizeAndUpright()
    {
        byte[] file = ExifBlocks.Put("JPEG", EncodedImages.Gradient(16_400, 100, SKEncodedImageFormat.Jpeg), ExifBlocks.Tiff(6));

        using MLImage image = FaceImage.FromBytes(file, "of the test");

        // Turned to the right: what was below is on the left, so red grows downwards and green to the left.
        Assert.AreEqual((50, 8200), (image.Width, image.Height));
        foreach ((int x, int y) in new[] { (0, 20), (49, 20), (0, 8180), (25, 4100) })
        {
            ReadOnlySpan<byte> pixel = image.Pixels.Slice(((y * image.Width) + x) * 4, 4);
            Assert.AreEqual(255.0 * y / 8199, pixel[2], 6, $"red at {x}, {y}");
            Assert.AreEqual(255.0 * (49 - x) / 49, pixel[1], 8, $"green at {x}, {y}");
        }
    }

    [TestMethod]
    public void FromBytes_PngOfMoreThan32Megapixels_IsDecodedAtHalfItsSizeAndRefusedWhenCutOff()
    {
        const int width = 8200, height = 4000;
        byte[] rows = new byte[(width + 1) * height];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                rows[(y * (width + 1)) + 1 + x] = (byte)((85 * x / width) + (170 * y / height));
            }
        }

        byte[] file = ExifBlocks.Put("PNG at its end", EncodedImages.GrayPng(width, height, rows), ExifBlocks.Tiff(3));
        using MLImage image = FaceImage.FromBytes(file, "of the test");

        Assert.AreEqual((width / 2, height / 2), (image.Width, image.Height));
        foreach ((int x, int y) in new[] { (0, 0), (4099, 0), (0, 1999), (4099, 1999), (1000, 500) })
        {
            Assert.AreEqual((85.0 * (4099 - x) / 4100) + (170.0 * (1999 - y) / 2000), image.Pixels[((y * image.Width) + x) * 4], 2, $"at {x}, {y}");
        }

        Assert.ThrowsExactly<FaceImageException>(() => FaceImage.FromBytes(file.AsSpan(0, file.Length * 9 / 10), "of the test"));
    }

    [TestMethod]
    public void FromBytes_WebPOfMoreThan32Megapixels_IsDecodedAtHalfItsSize()
    {
        using var bitmap = new SKBitmap(new SKImageInfo(8200, 4000, SKColorType.Bgra8888, SKAlphaType.Opaque));
        bitmap.Erase(new SKColor(200, 100, 50));
        using SKPixmap pixmap = bitmap.PeekPixels();
        using SKData data = pixmap.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossy, 20));

        using MLImage image = FaceImage.FromBytes(ExifBlocks.Put("WebP", data.ToArray(), ExifBlocks.Tiff(8)), "of the test");

        Assert.AreEqual((2000, 4100), (image.Width, image.Height));
        Assert.AreEqual(200, image.Pixels[^2], 8);
    }

    private static double Mean(MLImage image, int left, int top, int side, int channel)
    {
        double sum = 0;
        int count = 0;
        for (int y = top; y < Math.Min(top + side, image.Height); y++)
        {
            for (int x = left; x < Math.Min(left + side, image.Width); x++, count++)
            {
                sum += image.Pixels[(((y * image.Width) + x) * 4) + channel];
            }
        }

        return sum / count;
    }

    private static byte[] GradientBmp(int width, int height)
    {
        byte[] bmp = EncodedImages.Bmp(width, height, SKColors.Red);
        for (int i = 54; i < bmp.Length; i++)
        {
            bmp[i] = (byte)(i * 37);
        }

        return bmp;
    }
}
