using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>
/// What a network sees of a face: 112×112 pixels, red-green-blue interleaved, one byte a value; a network
/// reads (value − 127.5) / 127.5. Nothing but it and <see cref="FaceInput"/> knows the size, the channel order, the mean or the scale.
/// </summary>
internal static class FaceTensor
{
    /// <summary>Width and height of a face in pixels.</summary>
    public const int Size = FaceInput.Size;

    /// <summary>Colour channels of a face: red, green, blue.</summary>
    public const int Channels = FaceInput.Channels;

    /// <summary>Bytes of one face.</summary>
    public const int ByteCount = FaceInput.Count;

    private const int BytesPerImagePixel = 4;

    /// <summary>
    /// Copies an image into the bytes of a face. An image of another size is cropped to its central square and then
    /// resized without aliasing. Alpha is not looked at: decoders premultiply it, so that what is transparent is black.
    /// </summary>
    /// <param name="image">The image, of any size.</param>
    /// <param name="rgb">Receives <see cref="ByteCount"/> bytes.</param>
    public static void FromImage(MLImage image, Span<byte> rgb)
    {
        CheckLength(rgb.Length, ByteCount, nameof(rgb));
        (int red, int blue) = PlacesOfColours(image);
        if (image.Width == Size && image.Height == Size)
        {
            CopyColours(image.Pixels, red, blue, rgb);
        }
        else
        {
            byte[] resized = FaceResizer.CropAndResize(image.Pixels, image.Width, image.Height);
            CopyColours(resized, red, blue, rgb);
        }
    }

    /// <summary>Where in the four bytes of a pixel red and blue are; green is always at 1.</summary>
    public static (int Red, int Blue) PlacesOfColours(MLImage image) => image.PixelFormat switch
    {
        MLPixelFormat.Bgra32 => (2, 0),
        MLPixelFormat.Rgba32 => (0, 2),
        MLPixelFormat format => throw new ArgumentOutOfRangeException(nameof(image), format,
            $"The image has pixel format {format}; it must be {MLPixelFormat.Bgra32} or {MLPixelFormat.Rgba32}."),
    };

    /// <summary>
    /// Copies a planar vector (all reds, all greens, all blues, each row by row, as ML.NET's ExtractPixels gives them)
    /// into the bytes of a face; values are rounded to the nearest integer.
    /// </summary>
    /// <param name="planarRgb">3·112·112 values of 0 to 255.</param>
    /// <param name="rgb">Receives <see cref="ByteCount"/> bytes.</param>
    public static void FromPlanar(ReadOnlySpan<float> planarRgb, Span<byte> rgb)
    {
        CheckLength(planarRgb.Length, ByteCount, nameof(planarRgb));
        CheckLength(rgb.Length, ByteCount, nameof(rgb));
        for (int channel = 0; channel < Channels; channel++)
        {
            ReadOnlySpan<float> plane = planarRgb.Slice(channel * Size * Size, Size * Size);
            for (int pixel = 0; pixel < plane.Length; pixel++)
            {
                float value = plane[pixel];
                if (!(value >= 0 && value <= byte.MaxValue))
                {
                    throw new ArgumentOutOfRangeException(nameof(planarRgb), value,
                        FormattableString.Invariant($"The pixel value {value} in channel {"RGB"[channel]}, row {pixel / Size}, column {pixel % Size} is outside of 0 to 255. ") +
                        "Give the red, green and blue planes as ExtractPixels makes them without offset and scale; they are normalised here.");
                }

                rgb[(pixel * Channels) + channel] = (byte)MathF.Round(value);
            }
        }
    }

    /// <summary>Mirrors one face left to right.</summary>
    /// <param name="face">The <see cref="ByteCount"/> bytes of a face.</param>
    /// <param name="mirrored">Receives <see cref="ByteCount"/> bytes; not the same memory as <paramref name="face"/>.</param>
    public static void Mirror(ReadOnlySpan<byte> face, Span<byte> mirrored)
    {
        CheckLength(face.Length, ByteCount, nameof(face));
        CheckLength(mirrored.Length, ByteCount, nameof(mirrored));
        for (int row = 0; row < ByteCount; row += Size * Channels)
        {
            for (int column = 0; column < Size * Channels; column += Channels)
            {
                face.Slice(row + column, Channels).CopyTo(mirrored[(row + ((Size - 1) * Channels) - column)..]);
            }
        }
    }

    private static void CopyColours(ReadOnlySpan<byte> pixels, int red, int blue, Span<byte> rgb)
    {
        for (int from = 0, to = 0; to < ByteCount; from += BytesPerImagePixel, to += Channels)
        {
            rgb[to] = pixels[from + red];
            rgb[to + 1] = pixels[from + 1];
            rgb[to + 2] = pixels[from + blue];
        }
    }

    private static void CheckLength(int length, int expected, string name)
    {
        if (length != expected)
        {
            throw new ArgumentException($"A face has {expected} values ({Channels}×{Size}×{Size}); {length} were given.", name);
        }
    }
}
