namespace Microsoft.ML.ArcFace.Networks;

/// <summary>
/// The operators of networks, by their names in ONNX. Each has one form: sizes, axes and limits are attributes, also where newer
/// versions of ONNX have them as inputs; <see cref="Export.OnnxNetwork"/> writes them as the version of the file wants them.
/// </summary>
internal static class Operators
{
    /// <summary>Adds two values of one shape, or a value and a tensor that is broadcast to it.</summary>
    public const string Add = "Add";

    /// <summary>Averages of windows of a map. Attributes as those of a convolution, and count_include_pad.</summary>
    public const string AveragePool = "AveragePool";

    /// <summary>
    /// BatchNorm of channels. Inputs: value, scale, shift, running mean, running variance and, beyond ONNX, the number of batches
    /// that training has seen.
    /// </summary>
    public const string BatchNormalization = "BatchNormalization";

    /// <summary>Keeps numbers between two limits. Attributes: min, max.</summary>
    public const string Clip = "Clip";

    /// <summary>Joins values along an axis other than that of the batch. Attribute: axis.</summary>
    public const string Concat = "Concat";

    /// <summary>A convolution. Inputs: value, weight [out, in/group, height, width] and perhaps bias [out].</summary>
    public const string Convolution = "Conv";

    /// <summary>Sets a share of the values to 0 in training; does nothing in evaluation. Attribute: ratio.</summary>
    public const string Dropout = "Dropout";

    /// <summary>Repeats a value along axes of size 1. Attribute: shape.</summary>
    public const string Expand = "Expand";

    /// <summary>[batch, C, H, W] → [batch, C·H·W].</summary>
    public const string Flatten = "Flatten";

    /// <summary>The average of each map: [batch, C, H, W] → [batch, C, 1, 1].</summary>
    public const string GlobalAveragePool = "GlobalAveragePool";

    /// <summary>max(0, x) + alpha·min(0, x). Attribute: alpha.</summary>
    public const string LeakyRelu = "LeakyRelu";

    /// <summary>
    /// A whole graph of others, [batch, 3, height, width] → [batch, d], that a runtime computes picture by picture: none of ONNX's. Inputs:
    /// value and the bytes of the graph. Attributes: see <see cref="Graphs.RuntimeNetwork"/>.
    /// </summary>
    public const string Graph = "Graph";

    /// <summary>A linear layer. Inputs: value [batch, n], weight [d, n] (transB is 1) and perhaps bias [d].</summary>
    public const string Linear = "Gemm";

    /// <summary>Greatest numbers of windows of a map. Attributes as those of a convolution.</summary>
    public const string MaxPool = "MaxPool";

    /// <summary>Multiplies two values, or a value and a tensor, that are broadcast to each other.</summary>
    public const string Multiply = "Mul";

    /// <summary>Surrounds a value with a constant. Attributes: pads, value.</summary>
    public const string Pad = "Pad";

    /// <summary>PReLU with one slope a channel. Inputs: value, slopes [C].</summary>
    public const string ParametricRelu = "PRelu";

    /// <summary>The length along axes. Attributes: axes, keepdims.</summary>
    public const string ReduceLength = "ReduceL2";

    /// <summary>The sum along axes. Attributes: axes, keepdims.</summary>
    public const string ReduceSum = "ReduceSum";

    public const string Relu = "Relu";

    /// <summary>
    /// Enlarges or shrinks rows and columns. Attributes: sizes and scales, for rows and columns each, and ONNX's mode ("nearest" or
    /// "linear"), coordinate_transformation_mode and nearest_mode, see <see cref="ResizePositions"/>.
    /// </summary>
    public const string Resize = "Resize";

    /// <summary>The same numbers in another shape. Attribute: shape, whose first size stands for the batch.</summary>
    public const string Reshape = "Reshape";

    /// <summary>A part of a value. Attributes: starts, ends, axes, steps.</summary>
    public const string Slice = "Slice";

    /// <summary>Changes the order of axes, but for that of the batch. Attribute: perm.</summary>
    public const string Transpose = "Transpose";

    /// <summary>Operators of one number each; their attributes are ONNX's.</summary>
    public static IReadOnlySet<string> OfOneValue { get; } = new HashSet<string> { "Abs", Clip, "Exp", "HardSigmoid", LeakyRelu, "Neg", "Reciprocal", Relu, "Sigmoid", "Sqrt", "Tanh" };

    /// <summary>Operators of two numbers each, whose values are broadcast to each other.</summary>
    public static IReadOnlySet<string> OfTwoValues { get; } = new HashSet<string> { Add, "Div", "Max", "Min", Multiply, "Pow", "Sub" };

    /// <summary>Operators that make one number of all along some axes. Attributes: axes, keepdims.</summary>
    public static IReadOnlySet<string> OfReduction { get; } = new HashSet<string> { "ReduceL1", ReduceLength, "ReduceMax", "ReduceMean", "ReduceMin", ReduceSum, "ReduceSumSquare" };

    /// <summary>Operators that only arrange numbers.</summary>
    public static IReadOnlySet<string> OfLayout { get; } = new HashSet<string> { Concat, Expand, Flatten, Pad, Reshape, Slice, Transpose };

    /// <summary>All of them.</summary>
    public static IReadOnlySet<string> All { get; } = new HashSet<string>(
        [.. OfOneValue, .. OfTwoValues, .. OfReduction, .. OfLayout, AveragePool, BatchNormalization, Convolution, Dropout, GlobalAveragePool, Graph, Linear, MaxPool, ParametricRelu, Resize]);
}
