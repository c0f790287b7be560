using System.Buffers.Binary;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Data.Decoding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>Encoded images of one format. The checksums of half of the damaged png files are made right, so that the decoder gets to see the damage.</summary>
internal sealed class ImageTarget(string name, IReadOnlyList<byte[]> seeds, IReadOnlyList<byte[]> tokens) : FuzzTarget(name)
{
    // Decoding a gigapixel, as damaged headers ask for, is no more work for the readers' logic than this.
    private const long Largest = PixelLimit.MostPixels;
    private const long PackedText = 8 << 20;

    private static readonly SKColor Colour = new(200, 100, 50);

    public override IReadOnlyList<byte[]> Seeds => seeds;

    public override IReadOnlyList<byte[]> Tokens => tokens;

    public static IEnumerable<ImageTarget> All =>
    [
        new("jpg",
            [EncodedImages.Gradient(40, 30, SKEncodedImageFormat.Jpeg, 90), EncodedImages.Gradient(9, 7, SKEncodedImageFormat.Jpeg), EncodedImages.GreyJpeg(16, 99), EncodedImages.CmykJpeg(10, 20, 30, 40), EncodedImages.WithOrientation(EncodedImages.Gradient(12, 8, SKEncodedImageFormat.Jpeg), 6), .. EncodedJpegs.AllKinds(40, 30).Select(kind => kind.File), ExifBlocks.Put("JPEG", EncodedImages.Gradient(12, 8, SKEncodedImageFormat.Jpeg), ExifBlocks.Tiff(8, type: 12, isLittleEndian: true))],
            [[0xff, 0xd8], [0xff, 0xd9], [0xff, 0xda], [0xff, 0xc0], [0xff, 0xc2], [0xff, 0xc4], [0xff, 0xdb], [0xff, 0xdd, 0, 4, 0, 1], [0xff, 0xd0], [0xff, 0xe1], [0xff, 0xee], [0xff, 0], [0x22], [0x11], [0x44]]),
        new("png",
            [EncodedImages.Gradient(40, 30, SKEncodedImageFormat.Png), EncodedImages.Png(5, 4, 8, 2, 1, 2, 3), EncodedImages.Png(5, 4, 16, 6, 1, 2, 3, 4, 5, 6, 7, 8), EncodedImages.Png(5, 4, 8, 0, 9), .. new[] { "PNG", "PNG at its end", "PNG text", "PNG packed text" }.Select(container => ExifBlocks.Put(container, EncodedImages.Png(5, 4, 8, 2, 1, 2, 3), ExifBlocks.Tiff(5, type: 5)))],
            [.. new[] { "IHDR", "IDAT", "IEND", "PLTE", "tRNS", "gAMA", "iCCP", "acTL", "eXIf" }.Select(System.Text.Encoding.ASCII.GetBytes), [0x78, 0x9c], [0, 0, 0, 0]]),
        new("bmp", [EncodedImages.Bmp(7, 5, Colour), EncodedImages.Bmp(16, 16, Colour)], [[40, 0, 0, 0], [124, 0, 0, 0], [1, 0], [4, 0], [8, 0], [32, 0], [2, 0, 0, 0], [3, 0, 0, 0], "BM"u8.ToArray()]),
        new("webp",
            [EncodedImages.Gradient(40, 30, SKEncodedImageFormat.Webp, 80), EncodedImages.Gradient(9, 7, SKEncodedImageFormat.Webp, 20), Lossless(20, 11), ExifBlocks.Put("WebP", Lossless(20, 11), ExifBlocks.Tiff(7))],
            [.. new[] { "RIFF", "WEBP", "VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "EXIF" }.Select(System.Text.Encoding.ASCII.GetBytes), [0x2f], [0x9d, 1, 0x2a]]),
    ];

    public override IEnumerable<(string What, byte[] File)> Attacks =>
    [
        ("a header of 65,500 × 65,500", EncodedImages.JpegOfHeaderOnly(65_500, 65_500)),
        ("a png of a terapixel", EncodedImages.PngOfHeaderOnly(1 << 20, 1 << 20)),
        ("a png of negative width", EncodedImages.PngOfHeaderOnly(-5, 5)),
        ("a bmp of two billion rows", EncodedImages.Bmp(1, int.MaxValue, Colour, withPixels: false)),
        ("a bmp of negative height", EncodedImages.Bmp(5, -5, Colour, withPixels: false)),
        .. seeds.SelectMany(seed => Enumerable.Range(0, 24).Select(cut => ("cut off", seed[..(seed.Length * cut / 24)]))),
    ];

    public override bool IsRefusal(Exception exception) => exception is FaceImageException;

    public override byte[] Mutate(Random random)
    {
        byte[] damaged = base.Mutate(random);
        return Name == "png" && random.Next(2) == 0 ? WithChecksums(damaged) : damaged;
    }

    public override void Read(byte[] file, AllocationMeter meter)
    {
        // Of a progressive JPEG a bit for each value of at most four components, in whole units of blocks; a PNG's packed text.
        // The pixels are in native memory.
        using (SKData data = SKData.CreateCopy(file))
        using (SKCodec? codec = SKCodec.Create(data))
        {
            if (codec is { EncodedFormat: SKEncodedImageFormat.Jpeg, Info: var info } && (long)info.Width * info.Height <= Largest)
            {
                meter.Allow(4L * sizeof(ulong) * ((info.Width / 8) + 4) * ((info.Height / 8) + 4));
            }

            meter.Allow(codec is { EncodedFormat: SKEncodedImageFormat.Png } ? PackedText : 0);
        }

        meter.Next();
        using MLImage image = FaceImage.FromBytes(file, "it", Largest);
        Require(image.Width is >= 1 and <= FaceImage.LargestSide && image.Height is >= 1 and <= FaceImage.LargestSide, $"{image.Width} × {image.Height} pixels");
        Require(image.Pixels.Length == 4 * image.Width * image.Height, "another number of pixels than width × height");
    }

    private static byte[] Lossless(int width, int height)
    {
        using var bitmap = new SKBitmap(width, height);
        for (int i = 0; i < width * height; i++)
        {
            bitmap.SetPixel(i % width, i / width, EncodedImages.GradientAt(i % width, i / width, width, height));
        }

        using SKPixmap pixels = bitmap.PeekPixels();
        using SKData data = pixels.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 70));
        return data.ToArray();
    }

    /// <summary>Each chunk that is whole gets the checksum of what it now holds.</summary>
    private static byte[] WithChecksums(byte[] png)
    {
        const int signature = 8, around = 12;
        for (long at = signature; at + around <= png.Length;)
        {
            long length = BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan((int)at));
            if (length > png.Length - at - around)
            {
                break;
            }

            uint crc = Checksum(png.AsSpan((int)at + 4, (int)length + 4));
            BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan((int)(at + length) + 8), crc);
            at += length + around;
        }

        return png;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = new Files.Crc32();
        crc.Add(bytes);
        return crc.Value;
    }
}
