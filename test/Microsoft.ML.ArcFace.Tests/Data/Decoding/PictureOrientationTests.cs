using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Data.Decoding;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Data.Decoding;

[TestClass]
public class PictureOrientationTests
{
    private static readonly (string Container, SKEncodedImageFormat Format)[] Containers =
    [
        ("JPEG", SKEncodedImageFormat.Jpeg), ("PNG", SKEncodedImageFormat.Png), ("PNG at its end", SKEncodedImageFormat.Png), ("PNG text", SKEncodedImageFormat.Png),
        ("PNG packed text", SKEncodedImageFormat.Png), ("WebP", SKEncodedImageFormat.Webp), ("WebP with Exif header", SKEncodedImageFormat.Webp),
    ];

    [TestMethod]
    public void FromBytes_EachOrientationFormatTypeAndByteOrder_EqualsANaiveTurn()
    {
        foreach ((string container, SKEncodedImageFormat format) in Containers)
        {
            byte[] file = EncodedImages.Gradient(24, 10, format);
            using MLImage stored = FaceImage.FromBytes(file, container);
            for (int orientation = 1; orientation <= 8; orientation++)
            {
                (int[] expected, int width, int height) = NaiveTurn(MemoryMarshal.Cast<byte, int>(stored.Pixels).ToArray(), stored.Width, stored.Height, orientation);
                foreach ((string name, ushort type) in ExifBlocks.Types)
                {
                    foreach (bool isLittleEndian in new[] { false, true })
                    {
                        string what = $"{container}, orientation {orientation} as {name}, little-endian {isLittleEndian}";
                        using MLImage image = FaceImage.FromBytes(ExifBlocks.Put(container, file, ExifBlocks.Tiff(orientation, type, isLittleEndian)), what);
                        Assert.AreEqual((width, height), (image.Width, image.Height), what);
                        Assert.IsTrue(expected.AsSpan().SequenceEqual(MemoryMarshal.Cast<byte, int>(image.Pixels)), what);
                    }
                }
            }
        }
    }

    [TestMethod]
    public void FromBytes_DamagedExif_IsIgnored()
    {
        var random = new Random(5);
        foreach ((string container, SKEncodedImageFormat format) in Containers)
        {
            byte[] file = EncodedImages.Gradient(24, 10, format);
            for (int trial = 0; trial < 300; trial++)
            {
                byte[] block = ExifBlocks.Tiff(random.Next(-2, 12), (ushort)random.Next(0, 20), random.Next(2) == 0);
                for (int change = random.Next(0, 6); change > 0; change--)
                {
                    block[random.Next(block.Length)] = (byte)(random.Next(3) * 127);
                }

                FaceImage.FromBytes(ExifBlocks.Put(container, file, block[..random.Next(1, block.Length)]), container).Dispose();
            }
        }
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(9)]
    [DataRow(255)]
    public void Orientation_OutsideOfOneToEight_IsNone(int orientation) => Assert.IsNull(Exif.Orientation(ExifBlocks.Tiff(orientation)));

    [TestMethod]
    public void Find_SecondExifSegmentOfAJpeg_CountsIfTheFirstSaysNothing()
    {
        byte[] file = ExifBlocks.Put("JPEG", EncodedImages.Gradient(8, 8, SKEncodedImageFormat.Jpeg), ExifBlocks.Tiff(6));
        Assert.AreEqual(SKEncodedOrigin.RightTop, PictureOrientation.Find(ExifBlocks.Put("JPEG", file, ExifBlocks.Tiff(0)), FileKind.Jpeg));
    }

    [TestMethod]
    public void Find_ExifBehindTheScan_IsNotTheJpegs()
    {
        // A second picture, such as a preview behind the first, has EXIF of its own.
        byte[] file = EncodedImages.Gradient(8, 8, SKEncodedImageFormat.Jpeg);
        Assert.AreEqual(SKEncodedOrigin.TopLeft, PictureOrientation.Find([.. file, .. ExifBlocks.Put("JPEG", file, ExifBlocks.Tiff(6))], FileKind.Jpeg));
    }

    /// <summary>Each pixel by the table of the EXIF standard: which side of what is seen row 0 and column 0 are.</summary>
    private static (int[] Pixels, int Width, int Height) NaiveTurn(int[] stored, int width, int height, int orientation)
    {
        (int newWidth, int newHeight) = orientation > 4 ? (height, width) : (width, height);
        int[] turned = new int[stored.Length];
        for (int row = 0; row < height; row++)
        {
            for (int column = 0; column < width; column++)
            {
                bool rowZeroIsBelow = orientation is 3 or 4, rowZeroIsRight = orientation is 6 or 7;
                bool columnZeroIsRight = orientation is 2 or 3, columnZeroIsBelow = orientation is 7 or 8;
                (int x, int y) = orientation > 4
                    ? (rowZeroIsRight ? newWidth - 1 - row : row, columnZeroIsBelow ? newHeight - 1 - column : column)
                    : (columnZeroIsRight ? newWidth - 1 - column : column, rowZeroIsBelow ? newHeight - 1 - row : row);
                turned[(y * newWidth) + x] = stored[(row * width) + column];
            }
        }

        return (turned, newWidth, newHeight);
    }
}
