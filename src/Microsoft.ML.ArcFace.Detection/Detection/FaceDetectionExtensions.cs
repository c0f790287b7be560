using Microsoft.ML.ArcFace;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Detectors of faces as transforms.</summary>
public static class FaceDetectionExtensions
{
    /// <summary>
    /// Finds the faces of photographs with a detector of YuNet's or SCRFD's kind, an ONNX file that is saved with the model:
    /// boxes, landmarks and scores of all faces, the main one first; where there is none, empty vectors. YuNet
    /// and SCRFD need no native library; a file with other operators needs ONNX Runtime (docs/detection.md).
    /// </summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="boxesColumnName">The column to add, Vector&lt;Single&gt;: x, y, width and height of each box, in pixels.</param>
    /// <param name="landmarksColumnName">The column to add, Vector&lt;Single&gt;: ten numbers a face, as AlignFaces takes them; null: none, which a detector without landmarks requires.</param>
    /// <param name="scoresColumnName">The column to add, Vector&lt;Single&gt;: how sure the detector is of each face, 0 to 1.</param>
    /// <param name="imageColumnName">The column of photographs (images).</param>
    /// <param name="modelFile">An .onnx file of YuNet (2023 or later) or SCRFD.</param>
    /// <exception cref="FileNotFoundException"><paramref name="modelFile"/> does not exist.</exception>
    /// <exception cref="WeightsFormatException">The file is no known detector, or gives no landmarks although a column for them is named.</exception>
    /// <exception cref="NativeRuntimeException">ONNX Runtime's native library cannot be loaded.</exception>
    public static FaceDetectingEstimator DetectFaces(
        this TransformsCatalog catalog,
        string boxesColumnName,
        string? landmarksColumnName,
        string scoresColumnName,
        string imageColumnName,
        string modelFile) =>
        DetectFaces(catalog, new FaceDetectingEstimator.Options
        {
            BoxesColumnName = boxesColumnName,
            LandmarksColumnName = landmarksColumnName,
            ScoresColumnName = scoresColumnName,
            ImageColumnName = imageColumnName,
            ModelFile = modelFile,
        });

    /// <summary>Finds the faces of photographs, with everything that can be set.</summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
    /// <exception cref="FileNotFoundException">The detector's file does not exist.</exception>
    /// <exception cref="WeightsFormatException">The file is no known detector, or gives no landmarks although a column for them is named.</exception>
    /// <exception cref="NativeRuntimeException">ONNX Runtime's native library cannot be loaded.</exception>
    public static FaceDetectingEstimator DetectFaces(this TransformsCatalog catalog, FaceDetectingEstimator.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new FaceDetectingEstimator(((IInternalCatalog)catalog).Environment, options);
    }
}
