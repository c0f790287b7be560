using System.Text.Json.Serialization;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Data.Decoding;
using Microsoft.ML.ArcFace.Serving;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// A photograph for <see cref="FaceEmbedder"/>: a path, the bytes of a jpg, png, bmp or webp file, or a decoded image, each of
/// which converts by itself. Headers are checked before anything is decoded.
/// </summary>
[JsonConverter(typeof(NoPhotographJson))]
public sealed class FacePhotograph
{
    private const int CopyBuffer = 1 << 16;

    private readonly Func<DecodingLimits, CancellationToken, DecodedImage> _decode;

    private FacePhotograph(string name, Func<DecodingLimits, CancellationToken, DecodedImage> decode, bool isReference = false) => (Name, _decode, IsReference) = (name, decode, isReference);

    /// <summary>What messages call it.</summary>
    public string Name { get; }

    /// <summary>Whether no presentation attack detector is asked about it.</summary>
    public bool IsReference { get; }

    /// <summary>A photograph in a file, read when it is embedded.</summary>
    /// <param name="path">The file.</param>
    public static FacePhotograph FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new FacePhotograph($"'{path}'", (limits, cancellationToken) => Decode(FaceImage.ReadFile(path), $"'{path}'", limits, cancellationToken));
    }

    /// <summary>An encoded photograph in memory, such as an upload.</summary>
    /// <param name="bytes">A whole image file; not copied.</param>
    /// <param name="name">What messages call it.</param>
    public static FacePhotograph FromBytes(ReadOnlyMemory<byte> bytes, string name = "of the given bytes") =>
        new(name, (limits, cancellationToken) => Decode(bytes.Span, name, limits, cancellationToken));

    /// <summary>A decoded photograph.</summary>
    /// <param name="image">The pixels; it stays yours, and must live until the answer is there.</param>
    public static FacePhotograph FromImage(MLImage image)
    {
        ArgumentNullException.ThrowIfNull(image);

        // A copy, for pipelines dispose of the images that they are given.
        return new FacePhotograph("given", (limits, cancellationToken) =>
        {
            DecodeBudget.Lease lease = limits.Budget.Enter(image.Pixels.Length, cancellationToken);
            return new DecodedImage(MLImage.CreateFromPixels(image.Width, image.Height, image.PixelFormat, image.Pixels), lease);
        });
    }

    /// <summary>Reads an encoded photograph from a stream, such as the body of a request, to its end.</summary>
    /// <param name="stream">Where to read; it stays open.</param>
    /// <param name="maximumBytes">More than these are refused before they are read, 1 to 512,000,000. Default 20,000,000.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="FaceImageException">There are more bytes.</exception>
    public static async Task<FacePhotograph> ReadAsync(Stream stream, int maximumBytes = 20_000_000, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumBytes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maximumBytes, FaceImage.MostBytes);
        const string name = "of the given stream";
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[CopyBuffer];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (bytes.Length + read > maximumBytes)
            {
                throw new FaceImageException(name, $"it has more than {maximumBytes} bytes", "Make it smaller, around the face, or raise the limit.");
            }

            bytes.Write(buffer, 0, read);
        }

        return FromBytes(bytes.GetBuffer().AsMemory(0, (int)bytes.Length), name);
    }

    /// <summary>
    /// The same photograph as a reference: one that was not just taken, such as of a file or of a passport, so that no
    /// <see cref="IPresentationAttackDetector"/> is asked about it.
    /// </summary>
    public FacePhotograph AsReference() => new(Name, _decode, isReference: true);

    /// <summary>A photograph in a file.</summary>
    /// <param name="path">The file.</param>
    public static implicit operator FacePhotograph(string path) => FromFile(path);

    /// <summary>An encoded photograph in memory.</summary>
    /// <param name="bytes">A whole image file; not copied.</param>
    public static implicit operator FacePhotograph(byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        return FromBytes(bytes);
    }

    /// <summary>A decoded photograph.</summary>
    /// <param name="image">The pixels; it stays yours, and must live until the answer is there.</param>
    public static implicit operator FacePhotograph(MLImage image) => FromImage(image);

    /// <exception cref="FaceImageException">It cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was canceled while other large photographs were being decoded.</exception>
    internal DecodedImage Decode(DecodingLimits limits, CancellationToken cancellationToken) => _decode(limits, cancellationToken);

    private static DecodedImage Decode(ReadOnlySpan<byte> bytes, string name, DecodingLimits limits, CancellationToken cancellationToken)
    {
        (MLImage image, DecodeBudget.Lease lease) = FaceImage.Decode(bytes, name, limits, cancellationToken);
        return new DecodedImage(image, lease);
    }
}
