using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

public sealed partial class FaceDetectingEstimator
{
    /// <summary>What can be set about the detection of faces.</summary>
    public sealed record Options
    {
        /// <summary>Output column, Vector&lt;Single&gt;: x, y, width and height of each face's box in pixels, the main face first; empty where there is none.</summary>
        public string BoxesColumnName { get; init; } = "Boxes";

        /// <summary>
        /// Output column, Vector&lt;Single&gt;: for each face x and y in pixels of left eye, right eye, nose, left and right
        /// corner of the mouth, left being left in the image, as AlignFaces takes them. Null: no such column, which a detector
        /// without landmarks requires.
        /// </summary>
        public string? LandmarksColumnName { get; init; } = "Landmarks";

        /// <summary>Output column, Vector&lt;Single&gt;: how sure the detector is of each face, 0 to 1.</summary>
        public string ScoresColumnName { get; init; } = "Scores";

        /// <summary>The column of photographs (images).</summary>
        public string ImageColumnName { get; init; } = "Image";

        /// <summary>An .onnx file of YuNet (2023 or later) or SCRFD. Its bytes are saved with the model.</summary>
        public required string ModelFile { get; init; }

        /// <summary>Which detector the file is; null, the default: told from the outputs of its graph.</summary>
        public FaceDetectorKind? Kind { get; init; }

        /// <summary>The smallest score of a face, over 0 to 1. Default 0.5.</summary>
        public double ScoreThreshold { get; init; } = 0.5;

        /// <summary>Of two boxes that cover each other by more than this (intersection over union, 0 to 1) the surer one is kept. Default 0.4.</summary>
        public double NmsThreshold { get; init; } = 0.4;

        /// <summary>The most faces of a photograph, 1 or more; 1: the main one alone. Null, the default: all.</summary>
        public int? MaxFaces { get; init; }

        /// <summary>Which face comes first. Default <see cref="ArcFace.MainFace.LargestNearCenter"/>.</summary>
        public MainFace MainFace { get; init; } = MainFace.LargestNearCenter;

        /// <summary>
        /// The longest side, in pixels, with which the detector sees a photograph, 32 to 4096: a larger one is shrunk to it.
        /// Small faces in large photographs take a larger one; time grows with its square. A file that is bound to one size
        /// keeps that. Default 640.
        /// </summary>
        public int InputSize { get; init; } = 640;

        /// <summary>Whether smaller photographs are enlarged to <see cref="InputSize"/>: finer landmarks, in several times the time. Default false.</summary>
        public bool EnlargeSmallPhotographs { get; init; }

        internal IEnumerable<string> OutputColumnNames => new[] { BoxesColumnName, LandmarksColumnName, ScoresColumnName }.OfType<string>();

        internal DetectionSettings Settings => new(ScoreThreshold, NmsThreshold, MaxFaces, InputSize, EnlargeSmallPhotographs, MainFace);

        /// <summary>Every violated range, as a sentence with value, allowed range and remedy.</summary>
        internal IReadOnlyList<string> Violations()
        {
            var check = new OptionsCheck();
            check.Name(BoxesColumnName);
            check.OptionalName(LandmarksColumnName);
            check.Name(ScoresColumnName);
            check.Name(ImageColumnName);
            check.Distinct(BoxesColumnName, LandmarksColumnName, ScoresColumnName);
            check.That(!string.IsNullOrEmpty(ModelFile), $"{nameof(ModelFile)} is empty; name the .onnx file of a face detector.");
            check.Defined(Kind);
            check.Positive(ScoreThreshold);
            check.InClosedUnit(ScoreThreshold);
            check.InClosedUnit(NmsThreshold);
            check.InRange(MaxFaces, 1, int.MaxValue);
            check.Defined(MainFace);
            check.InRange(InputSize, Letterbox.SideStep, DetectorGraph.LongestSide);
            return check.Violations;
        }

        /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
        public override string ToString() => InvariantText.OfRecord(nameof(Options), PrintMembers);
    }
}
