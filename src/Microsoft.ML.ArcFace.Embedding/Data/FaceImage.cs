using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.ML.ArcFace.Data.Decoding;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>
/// Decodes photographs to 32-bit pixels, upright (the EXIF orientation is applied). What a file is its bytes say, not its
/// name. The header is checked first, so that what claims to be huge is refused before memory is taken for it. Grey, CMYK and
/// 16-bit pictures become 8-bit color without color management, as ML.NET and OpenCV decode; what is transparent becomes black.
/// </summary>
internal static class FaceImage
{
    /// <summary>Longest side of decoded pixels.</summary>
    public const int LargestSide = 16_384;

    /// <summary>Most decoded pixels: a photograph of more is decoded at a half, a quarter or an eighth of its size.</summary>
    public const int MostDecodedPixels = 32_000_000;

    /// <summary>Largest file: 64 megapixels of four 16-bit values, not compressed.</summary>
    public const long MostBytes = 512_000_000;

    /// <summary>The tag of an image that was decoded at a reduced size.</summary>
    public const string ReducedTag = "reduced";

    private const string Formats = "jpg, png, bmp or webp";
    private const string Replace = "Replace the file, or leave it out.";

    /// <exception cref="FaceImageException">The file is absent, or cannot be decoded whole.</exception>
    /// <exception cref="OperationCanceledException">It was canceled while other large photographs were being decoded.</exception>
    public static MLImage FromFile(string path, long? maximumPixels = null, CancellationToken cancellationToken = default) =>
        FromBytes(ReadFile(path), $"'{path}'", maximumPixels, cancellationToken);

    /// <summary>The bytes of an image file.</summary>
    /// <exception cref="FaceImageException">The file is absent, no file, or larger than any image.</exception>
    public static byte[] ReadFile(string path)
    {
        try
        {
            return RegularFile.ReadAllBytes(path, MostBytes);
        }
        catch (SpecialFileException special)
        {
            throw new FaceImageException($"'{path}'", $"it is {SpecialFileException.Describe(special.Kind)}, not a file", "Give a photograph in its place, or leave it out.", special);
        }
        catch (InvalidDataException tooLarge)
        {
            throw new FaceImageException($"'{path}'", tooLarge.Message, $"Allowed are at most {MostBytes} bytes; make it smaller, around the face.", tooLarge);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new FaceImageException($"'{path}'", exception.Message.TrimEnd('.'), "Check the path and the right to read it.", exception);
        }
    }

    /// <summary>Decodes jpg, png, bmp or webp bytes.</summary>
    /// <param name="bytes">A whole image file.</param>
    /// <param name="source">What to call it in a message.</param>
    /// <param name="maximumPixels">Photographs of more pixels are refused; null: <see cref="PixelLimit"/>'s defaults.</param>
    /// <param name="cancellationToken">Ends waiting for other large photographs to be decoded.</param>
    /// <exception cref="FaceImageException">It cannot be decoded whole.</exception>
    /// <exception cref="OperationCanceledException">It was canceled while it waited.</exception>
    public static MLImage FromBytes(ReadOnlySpan<byte> bytes, string source, long? maximumPixels = null, CancellationToken cancellationToken = default)
    {
        (MLImage image, DecodeBudget.Lease lease) = Decode(bytes, source, DecodingLimits.OfProcess(maximumPixels), cancellationToken);
        lease.Dispose();
        return image;
    }

    /// <summary>The same, and the part of the budget that is to be held as long as the pixels are.</summary>
    public static unsafe (MLImage Image, DecodeBudget.Lease Lease) Decode(ReadOnlySpan<byte> bytes, string source, DecodingLimits limits, CancellationToken cancellationToken)
    {
        FileKind kind = FileKinds.Of(bytes);
        if (!kind.IsPhotograph())
        {
            throw NoPhotograph(bytes, kind, source);
        }

        fixed (byte* start = bytes)
        {
            using SKData data = SKData.Create((IntPtr)start, bytes.Length);
            using SKCodec codec = SKCodec.Create(data) ?? throw new FaceImageException(source, "its header is damaged, truncated, or gives a width or height of 0", Replace);
            PixelLimit.Check(codec.Info.Width, codec.Info.Height, kind, limits.MaximumPixels, source);
            SKEncodedOrigin origin = PictureOrientation.Find(bytes, kind);
            var decoding = new PixelDecoding(codec, kind, bytes);
            DecodeBudget.Lease lease = limits.Budget.Enter(decoding.Cost(Upright.IsTurned(origin)), cancellationToken);
            try
            {
                SKCodecResult result = decoding.TryDecode(out SKBitmap? pixels);

                // A truncated file would decode to half a face over gray.
                if (pixels is null)
                {
                    throw new FaceImageException(source, $"its {codec.Info.Width}×{codec.Info.Height} pixels cannot be decoded whole ({result}); the file is truncated or damaged", Replace);
                }

                MLImage image = NewImage(Upright.Turn(pixels, origin));
                image.Tag = decoding.IsReduced ? ReducedTag : null;
                return (image, lease.Keep((long)image.Width * image.Height * (image.BitsPerPixel / 8)));
            }
            catch
            {
                lease.Dispose();
                throw;
            }
        }
    }

    private static FaceImageException NoPhotograph(ReadOnlySpan<byte> bytes, FileKind kind, string source)
    {
        switch (kind)
        {
            case FileKind.Empty:
                return new FaceImageException(source, "it is empty (0 bytes)", Replace);
            case FileKind.Heic:
                return new FaceImageException(source, $"it is {kind.Describe()}, not {Formats}",
                    "Convert it to JPEG, or leave it out. An iPhone takes JPEGs after Settings > Camera > Formats > Most Compatible, and converts on export.");
            case FileKind.Unknown or FileKind.Text:
                string start = Encoding.ASCII.GetString(bytes[..Math.Min(bytes.Length, 12)]);
                string printable = string.Concat(start.Select(character => char.IsControl(character) ? '?' : character));
                return new FaceImageException(source, $"its {bytes.Length} bytes, beginning with \"{printable}\", are no {Formats} image", "Convert it to one of these, or leave it out.");
            case FileKind.GitLfsPointer:
                return new FaceImageException(source, $"it is {kind.Describe()}", "Fetch the photographs, or leave it out.");
            default:
                string remedy = kind is FileKind.Avif or FileKind.Gif or FileKind.Tiff or FileKind.JpegXl or FileKind.Jpeg2000
                    ? "Convert it to one of these, or leave it out." : "Give a photograph in its place, or leave it out.";
                return new FaceImageException(source, $"it is {kind.Describe()}, not {Formats}", remedy);
        }
    }

    /// <summary>Makes an image that owns the bitmap. The public way copies the pixels, which of a large photograph are many.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern MLImage NewImage(SKBitmap pixels);
}
