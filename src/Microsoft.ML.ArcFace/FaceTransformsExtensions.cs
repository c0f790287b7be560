using Microsoft.ML.ArcFace;
using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>Face transforms for any pipeline.</summary>
public static class FaceTransformsExtensions
{
    /// <summary>
    /// Decodes photographs (jpg, png, bmp, webp) from a path or from the bytes of an upload. Files are checked by
    /// their header before they are decoded; the EXIF orientation is applied.
    /// </summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="outputColumnName">The image column to add.</param>
    /// <param name="inputColumnName">A column of paths (text) or of encoded images (Vector&lt;Byte&gt;); null: named as the output.</param>
    /// <param name="imageFolder">The folder that relative paths start from; null: the current one.</param>
    /// <param name="unreadableImages">What to do about what cannot be decoded: an error naming the file, or a null image, counted.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="unreadableImages"/> is not a value of the enumeration.</exception>
    /// <exception cref="DirectoryNotFoundException"><paramref name="imageFolder"/> does not exist.</exception>
    public static FaceImageLoadingEstimator LoadFaceImages(
        this TransformsCatalog catalog,
        string outputColumnName,
        string? inputColumnName = null,
        string? imageFolder = null,
        UnreadableImages unreadableImages = UnreadableImages.Error)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new FaceImageLoadingEstimator(((IInternalCatalog)catalog).Environment, outputColumnName, inputColumnName, imageFolder, unreadableImages);
    }
}
