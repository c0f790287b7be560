using Microsoft.ML.ArcFace.Graphs;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Recognizers small enough for tests: strided convolutions and a linear layer, [1, 3, 112, 112] → [1, 16].</summary>
internal static class SmallRecognizers
{
    public const int EmbeddingSize = 16;

    /// <summary>A recognizer that begins with the convolution.</summary>
    /// <param name="activates">Whether there is a PReLU; without it all is linear.</param>
    /// <param name="mean">What the graph itself subtracts from pixels; null: nothing.</param>
    /// <param name="deviation">What the graph itself divides the difference by.</param>
    /// <param name="outputs">Numbers in an embedding.</param>
    /// <param name="size">Rows of the picture, a multiple of 16.</param>
    /// <param name="width">Columns of the picture, a multiple of 16; null: as many as rows.</param>
    public static byte[] Write(bool activates = true, float? mean = null, float deviation = 1, int outputs = EmbeddingSize, int size = 112, int? width = null)
    {
        const int channels = 64, stride = 16;
        var graph = new GraphModel();
        string value = graph.Input("data", TensorProto.Types.DataType.Float, 1, 3, size, width ?? size);
        if (mean is { } subtracted)
        {
            value = graph.Node("Mul", [graph.Node("Sub", [value, graph.Floats([subtracted], 1)]), graph.Floats([1 / deviation], 1)]);
        }

        value = graph.Node("Conv", [value, graph.Random(channels, 3, stride, stride), graph.Floats(new float[channels], channels)], ("strides", new long[] { stride, stride }), ("kernel_shape", new long[] { stride, stride }));
        if (activates)
        {
            value = graph.Node("PRelu", [value, graph.Floats([.. Enumerable.Repeat(0.25f, channels)], channels, 1, 1)]);
        }

        value = graph.Node("Conv", [value, graph.Random(channels, channels, 1, 1), graph.Floats(new float[channels], channels)], ("kernel_shape", new long[] { 1, 1 }));

        int columns = channels * (size / stride) * ((width ?? size) / stride);
        return graph.ToBytes(graph.Node("Gemm", [graph.Node("Flatten", [value]), graph.Random(outputs, columns), graph.Floats(new float[outputs], outputs)], ("transB", 1L)));
    }

    /// <summary>A recognizer that gives embeddings of length 1 and, as AdaFace's exports do, the lengths that they had.</summary>
    public static (byte[] File, string Norm) WriteWithNorm()
    {
        const int channels = 32, stride = 16, columns = channels * (112 / stride) * (112 / stride);
        var graph = new GraphModel(11);
        string map = graph.Node("Conv", [graph.Input("data", TensorProto.Types.DataType.Float, 1, 3, 112, 112), graph.Random(channels, 3, stride, stride)], ("strides", new long[] { stride, stride }));
        string raw = graph.Head(graph.Node("PRelu", [map, graph.Random(channels, 1, 1)]), columns, EmbeddingSize);
        string norm = graph.Node("ReduceL2", [raw], ("axes", (long[])[1]), ("keepdims", 1L));
        return (graph.ToBytes(graph.Node("Div", [raw, norm]), norm), norm);
    }

    /// <summary>A recognizer with a Softplus, which the library does not compute: [1, 3, size, size] → [1, 16] of unit length, and the length.</summary>
    /// <param name="size">Rows and columns of the picture, a multiple of 16.</param>
    /// <param name="factor">What the embedding is multiplied with before it becomes of unit length.</param>
    public static (byte[] File, string Norm) WriteForRuntime(int size = 112, float factor = 1)
    {
        const int channels = 32, stride = 16;
        var graph = new GraphModel();
        string map = graph.Node("Conv", [graph.Input("data", TensorProto.Types.DataType.Float, 1, 3, size, size), graph.Random(channels, 3, stride, stride)], ("strides", new long[] { stride, stride }));
        string raw = graph.Head(graph.Node("Softplus", [map]), channels * (size / stride) * (size / stride), EmbeddingSize);
        raw = graph.Node("Mul", [raw, graph.Float(factor)]);
        string norm = graph.Node("ReduceL2", [raw], ("axes", (long[])[1]), ("keepdims", 1L));
        return (graph.ToBytes(graph.Node("Div", [raw, norm]), norm), norm);
    }

    /// <summary>What ONNX Runtime makes of a face that was given in certain pixels by plain loops.</summary>
    public static float[] Reference(byte[] file, byte[] face, FacePixels pixels, string? output = null)
    {
        const int area = 112 * 112;
        float[] planes = new float[3 * area];
        double[] mean = [pixels.Mean.Red, pixels.Mean.Green, pixels.Mean.Blue], deviation = [pixels.Deviation.Red, pixels.Deviation.Green, pixels.Deviation.Blue];
        for (int pixel = 0; pixel < area; pixel++)
        {
            for (int color = 0; color < 3; color++)
            {
                int channel = pixels.ColorOrder == FaceColorOrder.Bgr ? 2 - color : color;
                planes[(channel * area) + pixel] = (float)((face[(pixel * 3) + color] - mean[color]) / deviation[color]);
            }
        }

        return GraphModel.Run(file, "data", [1, 3, 112, 112], planes, output);
    }
}
