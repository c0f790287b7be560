using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Preprocessing;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

public sealed partial class FaceRecognitionCatalog
{
    /// <summary>
    /// Finds out which pixels a recognizer reads: color order and scaling. Each usual choice (<see cref="FacePixels.Usual"/>, and what
    /// the file says of itself) embeds labeled faces, and the one that separates people best fits; those that the faces cannot tell from the best are named.
    /// Twenty people with three photographs each are enough to refuse what is wrong. <c>EmbedFaces</c> takes the result.
    /// </summary>
    /// <param name="file">An .onnx file, or weights (.pth, .pt, .safetensors) of a published network of this library.</param>
    /// <param name="labeledFaces">Faces, aligned to the ArcFace template, of people whom it need not know; of more than 400, some are taken. Images of another size are cropped and resized, with one warning.</param>
    /// <param name="imageColumnName">The column of faces: an image, or Vector&lt;Single, 37632&gt;.</param>
    /// <param name="labelColumnName">The column of people: text, or a key.</param>
    /// <param name="seed">Decides which people are drawn for the intervals.</param>
    /// <exception cref="FileNotFoundException"><paramref name="file"/> does not exist.</exception>
    /// <exception cref="WeightsFormatException">It is no recognizer that can be read.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another kind.</exception>
    /// <exception cref="ArgumentException">There are fewer than two people with two photographs each.</exception>
    public FacePreprocessingSearch FindPreprocessing(string file, IDataView labeledFaces, string imageColumnName = "Image", string labelColumnName = "Label", int seed = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        return FindPreprocessing(RecognizerFile.Open(file, architecture: null), labeledFaces, requiresAligned: false, imageColumnName, labelColumnName, seed);
    }

    /// <summary>Finds the pixels of a file that is open already.</summary>
    /// <param name="file">The file.</param>
    /// <param name="labeledFaces">The faces.</param>
    /// <param name="requiresAligned">Whether images of another size than an aligned face's are an error; else they are cropped and resized, with one warning.</param>
    /// <param name="imageColumnName">The column of faces.</param>
    /// <param name="labelColumnName">The column of people.</param>
    /// <param name="seed">Decides which people are drawn.</param>
    internal FacePreprocessingSearch FindPreprocessing(
        RecognizerFile file, IDataView labeledFaces, bool requiresAligned, string imageColumnName = "Image", string labelColumnName = "Label", int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(labeledFaces);
        ArgumentException.ThrowIfNullOrEmpty(imageColumnName);
        ArgumentException.ThrowIfNullOrEmpty(labelColumnName);
        using IChannel channel = _environment.Start(nameof(FindPreprocessing));
        var alignment = new AlignmentCheck(requiresAligned, channel.Warning);
        LabeledFaces faces = LabeledFaces.Read(_environment, labeledFaces, imageColumnName, labelColumnName, alignment);
        return PreprocessingFinder.Find(file, faces, _observer, seed);
    }
}
