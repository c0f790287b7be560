using Google.Protobuf;
using Microsoft.ML.ArcFace.Export;
using Microsoft.ML.ArcFace.Graphs;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <content>A detector that is written by hand; the fuzz run has it, too.</content>
internal static partial class DetectorModels
{
    /// <summary>
    /// A graph with the outputs of SCRFD that says of every picture what it is told to: zeros, but for the numbers that are
    /// set. It is a convolution of the picture by zeros, to have outputs of the right number, plus a constant; so it takes
    /// pictures of one size.
    /// </summary>
    public sealed class Scrfd(int width, int height, bool hasLandmarks = true, int anchors = 2)
    {
        private static readonly int[] Strides = [8, 16, 32];

        private readonly Dictionary<(int Stride, int Width), float[]> _values = [];

        /// <summary>A face at column 5, row 2 of stride 8 of a photograph of 90×60, as FaceDecoderTests works it out, and a weaker one that it covers.</summary>
        public static Scrfd OneFace(bool hasLandmarks = true)
        {
            var model = new Scrfd(96, 64, hasLandmarks);
            foreach ((int anchor, float score) in new[] { (0, 0.6f), (1, 0.75f) })
            {
                model.Set(8, 5, 2, anchor, score).Set(8, 5, 2, anchor, 1, 0.5f, 2, 3);
                if (hasLandmarks)
                {
                    model.Set(8, 5, 2, anchor, 0, 0, 1, 0, 0.5f, 0.5f, -1, 1, 1, 1.25f);
                }
            }

            return model;
        }

        /// <summary>The one face, and another of the same size in the corner, of which the detector is surer.</summary>
        public static Scrfd TwoFaces() => OneFace().Set(32, 0, 0, 0, 0.9f).Set(32, 0, 0, 0, 0, 0, 0.75f, 0.875f).Set(32, 0, 0, 0, new float[10]);

        /// <summary>Sets the numbers of an anchor: its score (1), sides (4) or landmarks (10).</summary>
        public Scrfd Set(int stride, int column, int row, int anchor, params float[] numbers)
        {
            float[] values = ValuesOf(stride, numbers.Length);
            numbers.CopyTo(values, ((((row * (width / stride)) + column) * anchors) + anchor) * numbers.Length);
            return this;
        }

        /// <summary>The .onnx file. As InsightFace's: all scores, then all boxes, then all landmarks, numbered.</summary>
        /// <param name="isOpen">Whether the graph leaves the sizes of its input open, as published files do.</param>
        public byte[] ToBytes(bool isOpen = false)
        {
            var graph = new OnnxGraph("scrfd");
            string picture = graph.Input("input.1", 3, height, width);
            int number = 440;
            foreach (int numbers in hasLandmarks ? (int[])[1, 4, 10] : [1, 4])
            {
                foreach (int stride in Strides)
                {
                    string name = $"{stride}_{numbers}";
                    string weights = graph.Constant($"w_{name}", new float[anchors * numbers * 3 * stride * stride], anchors * numbers, 3, stride, stride);
                    string map = graph.Node("Conv", [picture, weights], OnnxGraph.Numbers("strides", stride, stride));            // [1, anchors·numbers, rows, columns]
                    map = graph.Node("Transpose", [map], OnnxGraph.Numbers("perm", 0, 2, 3, 1));
                    map = graph.Node("Reshape", [map, graph.Constant($"shape_{name}", -1L, numbers)]);                            // [places·anchors, numbers]
                    float[] values = ValuesOf(stride, numbers);
                    map = graph.Node("Add", [map, graph.Constant($"c_{name}", values, values.Length / numbers, numbers)]);
                    graph.Output(map, $"{number++}", numbers);
                }
            }

            ModelProto model = graph.ToModel(new Dictionary<string, string>());
            if (isOpen)
            {
                TensorShapeProto shape = model.Graph.Input[0].Type.TensorType.Shape;
                shape.Dim[2] = new() { DimParam = "h" };
                shape.Dim[3] = new() { DimParam = "w" };
            }

            return model.ToByteArray();
        }

        private float[] ValuesOf(int stride, int numbers)
        {
            if (!_values.TryGetValue((stride, numbers), out float[]? values))
            {
                _values[(stride, numbers)] = values = new float[width / stride * (height / stride) * anchors * numbers];
            }

            return values;
        }
    }
}
