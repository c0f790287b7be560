using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Small detectors with random weights, put together as YuNet and SCRFD are.</summary>
internal static class DrawnDetectors
{
    private static readonly int[] s_strides = [8, 16, 32];

    public static byte[] Of(string name) => name switch
    {
        "YuNet" => YuNet(),
        "SCRFD" => ScrfdWith((_, map) => map),
        "SCRFD of mobile convolutions" => ScrfdWith((_, map) => map, isMobile: true),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    /// <summary>As SCRFD: residual blocks, a pyramid whose maps take the sizes of others, outputs without a batch.</summary>
    /// <param name="change">What is done with the map of the first stride.</param>
    /// <param name="isMobile">Whether convolutions go channel by channel.</param>
    public static byte[] ScrfdWith(Func<GraphModel, string, string> change, bool isMobile = false)
    {
        var model = new GraphModel(11);
        string map = Conv(model, model.Input("input.1", DataType.Float, 1, 3, 0, 0), 3, 16, stride: 2);
        map = model.Node("MaxPool", [map], ("kernel_shape", (long[])[2, 2]), ("strides", (long[])[2, 2]));
        string[] maps = new string[3];
        for (int level = 0, channels = 16; level < 3; level++, channels *= 2)
        {
            string shortcut = model.Node("Conv", [model.Node("AveragePool", [map], ("kernel_shape", (long[])[2, 2]), ("strides", (long[])[2, 2]), ("ceil_mode", 1L)), model.Random(2 * channels, channels, 1, 1)]);
            map = isMobile ? Conv(model, Conv(model, map, channels, channels, stride: 2, groups: channels), channels, 2 * channels, kernel: 1) : Conv(model, map, channels, 2 * channels, stride: 2);
            map = maps[level] = model.Node("Relu", [model.Node("Add", [map, shortcut])]);
        }

        maps[0] = change(model, maps[0]);
        string[] lateral = [.. maps.Select((value, level) => Conv(model, value, 32 << level, 24, kernel: 1))];
        for (int level = 1; level >= 0; level--)
        {
            string sizes = model.Node("Slice", [model.Node("Shape", [lateral[level]]), model.Longs(2), model.Longs(4), model.Longs(0)]);
            string all = model.Node("Concat", [model.Node("Slice", [model.Node("Shape", [lateral[level + 1]]), model.Longs(0), model.Longs(2), model.Longs(0)]), sizes], ("axis", 0L));
            lateral[level] = model.Node("Add", [lateral[level], model.Node("Resize", [lateral[level + 1], model.Floats([], 0), model.Floats([], 0), all], ("coordinate_transformation_mode", "asymmetric"), ("mode", "nearest"), ("nearest_mode", "floor"))]);
        }

        List<string> outputs = [];
        foreach ((string part, int width) in new[] { ("score", 1), ("box", 4), ("kps", 10) })
        {
            for (int level = 0; level < 3; level++)
            {
                string head = model.Node("Conv", [lateral[level], model.Random(2 * width, 24, 3, 3), model.Random(2 * width)], ("pads", (long[])[1, 1, 1, 1]));
                head = part == "box" ? model.Node("Mul", [head, model.Float(0.3f)]) : head;
                string rows = model.Node("Reshape", [model.Node("Transpose", [head], ("perm", (long[])[2, 3, 0, 1])), model.Longs(-1, width)]);
                outputs.Add(Named(model, part == "score" ? "Sigmoid" : "Identity", rows, $"{part}_{s_strides[level]}"));
            }
        }

        return model.ToBytes([.. outputs]);
    }

    /// <summary>As YuNet: pointwise and channel-by-channel convolutions, maxima, a pyramid by factors of two, outputs with a batch.</summary>
    private static byte[] YuNet()
    {
        const int channels = 16;
        var model = new GraphModel(11);
        string map = Conv(model, model.Input("input", DataType.Float, 1, 3, 640, 640), 3, channels, stride: 2);
        map = Unit(model, model.Node("MaxPool", [map], ("kernel_shape", (long[])[2, 2]), ("strides", (long[])[2, 2])), channels);
        string[] maps = new string[3];
        for (int level = 0; level < 3; level++)
        {
            map = maps[level] = Unit(model, model.Node("MaxPool", [map], ("kernel_shape", (long[])[2, 2]), ("strides", (long[])[2, 2])), channels);
        }

        for (int level = 1; level >= 0; level--)
        {
            string larger = model.Node("Resize", [maps[level + 1], model.Floats([], 0), model.Floats([1, 1, 2, 2], 4)], ("coordinate_transformation_mode", "asymmetric"), ("mode", "nearest"), ("nearest_mode", "floor"));
            maps[level] = Unit(model, model.Node("Add", [maps[level], larger]), channels);
        }

        List<string> outputs = [];
        foreach ((string part, int width) in new[] { ("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10) })
        {
            for (int level = 0; level < 3; level++)
            {
                string head = model.Node("Conv", [model.Node("Conv", [maps[level], model.Random(width, channels, 1, 1), model.Random(width)]), model.Random(width, 1, 3, 3), model.Random(width)], ("group", (long)width), ("pads", (long[])[1, 1, 1, 1]));
                string rows = model.Node("Reshape", [model.Node("Transpose", [head], ("perm", (long[])[0, 2, 3, 1])), model.Longs(1, -1, width)]);
                outputs.Add(Named(model, width == 1 ? "Sigmoid" : "Identity", rows, $"{part}_{s_strides[level]}"));
            }
        }

        return model.ToBytes([.. outputs]);
    }

    private static string Unit(GraphModel model, string map, int channels) =>
        Conv(model, model.Node("Conv", [map, model.Random(channels, channels, 1, 1), model.Random(channels)]), channels, channels, groups: channels);

    private static string Conv(GraphModel model, string map, int inputs, int outputs, int kernel = 3, int stride = 1, int groups = 1)
    {
        long pad = kernel / 2;
        float[] weights = Array.ConvertAll(model.Draw([outputs, inputs / groups, kernel, kernel]), weight => weight * MathF.Sqrt(3f * groups / (inputs * kernel * kernel)));
        string sums = model.Node(
            "Conv", [map, model.Floats(weights, outputs, inputs / groups, kernel, kernel), model.Random(outputs)],
            ("strides", (long[])[stride, stride]), ("pads", (long[])[pad, pad, pad, pad]), ("group", (long)groups));
        return model.Node("Relu", [sums]);
    }

    private static string Named(GraphModel model, string operation, string value, string name)
    {
        model.Node(operation, [value]);
        model.Graph.Node[^1].Output[0] = name;
        return name;
    }
}
