using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Faces;
using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>Face transforms for any pipeline.</summary>
public static class FaceTransformsExtensions
{
    /// <summary>
    /// Decodes photographs (jpg, png, bmp, webp) from a path or from the bytes of an upload. Files are checked by
    /// their header before they are decoded; the EXIF orientation is applied. What is larger than 32 megapixels is decoded
    /// at a half, a quarter or an eighth of its size: boxes and landmarks are in pixels of the decoded image.
    /// </summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="outputColumnName">The image column to add.</param>
    /// <param name="inputColumnName">A column of paths (text) or of encoded images (Vector&lt;Byte&gt;); null: named as the output.</param>
    /// <param name="imageFolder">The folder that relative paths start from; null: the current one.</param>
    /// <param name="unreadableImages">What to do about what cannot be decoded: an error naming the file, or a null image, counted.</param>
    /// <param name="maximumPixels">Photographs of more pixels count as unreadable, 1 to 1,000,000,000; null: 250 million for JPEG, 64 million for other formats.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="unreadableImages"/> is not a value of the enumeration, or <paramref name="maximumPixels"/> is out of range.</exception>
    /// <exception cref="DirectoryNotFoundException"><paramref name="imageFolder"/> does not exist.</exception>
    public static FaceImageLoadingEstimator LoadFaceImages(
        this TransformsCatalog catalog,
        string outputColumnName,
        string? inputColumnName = null,
        string? imageFolder = null,
        UnreadableImages unreadableImages = UnreadableImages.Error,
        long? maximumPixels = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new FaceImageLoadingEstimator(((IInternalCatalog)catalog).Environment, outputColumnName, inputColumnName, imageFolder, unreadableImages, maximumPixels);
    }

    /// <summary>
    /// Aligns faces to the ArcFace template, 112×112 pixels: by the similarity transform that brings five landmarks closest
    /// to the template's, or, without landmarks, by cropping to the central square. Nothing aliases where faces shrink.
    /// </summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="outputColumnName">The column of aligned images to add.</param>
    /// <param name="imageColumnName">The column of photographs (images); null: named as the output.</param>
    /// <param name="landmarksColumnName">
    /// The column of landmarks, Vector&lt;Single, 10&gt;: x and y, in pixels, of left eye, right eye, nose, left and right
    /// corner of the mouth, left being left in the image. Of DetectFaces' landmarks the first face is taken; where there are
    /// none, the aligned image is null. Null: no column, faces are cropped.
    /// </param>
    /// <param name="border">What an aligned face shows where it reaches beyond its photograph.</param>
    public static FaceAligningEstimator AlignFaces(
        this TransformsCatalog catalog,
        string outputColumnName,
        string? imageColumnName = null,
        string? landmarksColumnName = null,
        AlignmentBorder border = AlignmentBorder.Black)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new FaceAligningEstimator(((IInternalCatalog)catalog).Environment, outputColumnName, imageColumnName, landmarksColumnName, border);
    }

    /// <summary>
    /// Makes a row of each face that DetectFaces found, so that whatever follows works on single faces: in the columns of boxes,
    /// landmarks and scores a row has its face alone, in all others what its photograph has.
    /// </summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="boxesColumnName">The column of boxes, Vector&lt;Single&gt;; afterwards Vector&lt;Single, 4&gt;.</param>
    /// <param name="landmarksColumnName">The column of landmarks, Vector&lt;Single&gt;; afterwards Vector&lt;Single, 10&gt;; null: there is none.</param>
    /// <param name="scoresColumnName">The column of scores, Vector&lt;Single&gt;; afterwards Single; null: there is none.</param>
    /// <param name="faceColumnName">The column to add, Int32: which face of its photograph a row is, from 0, the main one; −1: it has none.</param>
    /// <param name="keepPhotographsWithoutFaces">Whether a photograph without faces has one row, of NaN in the columns of faces. Default false: it has none, which a warning counts.</param>
    /// <exception cref="ArgumentOutOfRangeException">A name is empty, or two columns have one name.</exception>
    public static FaceExpandingEstimator ExpandFaces(
        this TransformsCatalog catalog,
        string boxesColumnName = "Boxes",
        string? landmarksColumnName = "Landmarks",
        string? scoresColumnName = "Scores",
        string faceColumnName = "Face",
        bool keepPhotographsWithoutFaces = false)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new FaceExpandingEstimator(
            ((IInternalCatalog)catalog).Environment,
            new FaceExpandingOptions(new FaceColumns(boxesColumnName, landmarksColumnName, scoresColumnName), faceColumnName, keepPhotographsWithoutFaces));
    }

    /// <summary>
    /// Embeds faces with a recognizer that somebody else trained: unit-length vectors, without training. The graph of an ONNX file is
    /// looked at before it is computed, and computed here; weights (.pth, .safetensors) load by name (docs/formats.md).
    /// </summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="outputColumnName">The column to add: Vector&lt;Single, d&gt;, d being the file's embedding size.</param>
    /// <param name="inputColumnName">The column of faces, aligned to the ArcFace template: an image, or Vector&lt;Single, 37632&gt;; null: named as the output.</param>
    /// <param name="file">An .onnx file, or weights of a published network of this library (.pth, .pt, .safetensors).</param>
    /// <remarks>
    /// The pixels that it reads are what is known of the file (<see cref="KnownFaceFiles"/>), what its metadata say, or how its graph
    /// begins; else a guess, with a warning. <see cref="FaceEmbeddingTransformer.NetworkFile"/> tells.
    /// </remarks>
    /// <exception cref="FileNotFoundException"><paramref name="file"/> does not exist.</exception>
    /// <exception cref="WeightsFormatException">It is damaged, or no recognizer that can be read.</exception>
    public static FaceEmbeddingEstimator EmbedFaces(
        this TransformsCatalog catalog,
        string outputColumnName,
        string? inputColumnName,
        string file) =>
        EmbedFaces(catalog, new FaceEmbeddingEstimator.Options
        {
            OutputColumnName = outputColumnName,
            InputColumnName = inputColumnName ?? outputColumnName,
            WeightsFile = file,
        });

    /// <summary>Embeds faces with a recognizer that somebody else trained, and that reads the pixels that you say.</summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="outputColumnName">The column to add: Vector&lt;Single, d&gt;, d being the file's embedding size.</param>
    /// <param name="inputColumnName">The column of faces, aligned to the ArcFace template: an image, or Vector&lt;Single, 37632&gt;; null: named as the output.</param>
    /// <param name="file">An .onnx file, or weights of a published network of this library (.pth, .pt, .safetensors).</param>
    /// <param name="pixels">The pixels that it reads.</param>
    /// <exception cref="FileNotFoundException"><paramref name="file"/> does not exist.</exception>
    /// <exception cref="WeightsFormatException">It is damaged, or no recognizer that can be read.</exception>
    public static FaceEmbeddingEstimator EmbedFaces(
        this TransformsCatalog catalog,
        string outputColumnName,
        string? inputColumnName,
        string file,
        FacePixels pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        return EmbedFaces(catalog, new FaceEmbeddingEstimator.Options
        {
            OutputColumnName = outputColumnName,
            InputColumnName = inputColumnName ?? outputColumnName,
            WeightsFile = file,
            Pixels = pixels,
        });
    }

    /// <summary>
    /// Embeds faces with a published network whose weights somebody else trained: unit-length vectors, without training. The weights of
    /// InsightFace's <c>arcface_torch</c> load by name; the file is read, never run (docs/formats.md).
    /// </summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="outputColumnName">The column to add: Vector&lt;Single, d&gt;, d being the file's embedding size.</param>
    /// <param name="inputColumnName">The column of faces, aligned to the ArcFace template: an image, or Vector&lt;Single, 37632&gt;; null: named as the output.</param>
    /// <param name="weightsFile">A PyTorch state dictionary (.pth, .pt, of either form) or a .safetensors file.</param>
    /// <param name="architecture">The network that the weights belong to.</param>
    /// <param name="addMirrorImage">Whether the embedding is that of the face plus that of its mirror image, normalised (the published verification protocol; twice the time).</param>
    /// <exception cref="FileNotFoundException"><paramref name="weightsFile"/> does not exist.</exception>
    public static FaceEmbeddingEstimator EmbedFaces(
        this TransformsCatalog catalog,
        string outputColumnName,
        string? inputColumnName,
        string weightsFile,
        BackboneArchitecture architecture,
        bool addMirrorImage = false) =>
        EmbedFaces(catalog, new FaceEmbeddingEstimator.Options
        {
            OutputColumnName = outputColumnName,
            InputColumnName = inputColumnName ?? outputColumnName,
            WeightsFile = weightsFile,
            Architecture = architecture,
            AddMirrorImage = addMirrorImage,
        });

    /// <summary>Embeds faces with a network that somebody else trained, with everything that can be set.</summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
    /// <exception cref="FileNotFoundException">The weights file does not exist.</exception>
    public static FaceEmbeddingEstimator EmbedFaces(this TransformsCatalog catalog, FaceEmbeddingEstimator.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new FaceEmbeddingEstimator(((IInternalCatalog)catalog).Environment, options);
    }
}
