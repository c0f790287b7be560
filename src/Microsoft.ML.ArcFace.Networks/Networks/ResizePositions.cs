namespace Microsoft.ML.ArcFace.Networks;

/// <summary>Two places of an axis, and how much the second one counts; nearest neighbors have the same place twice.</summary>
internal readonly record struct ResizePosition(int First, int Second, float ShareOfSecond);

/// <summary>Tells where the numbers of a <see cref="Operators.Resize"/> come from, axis by axis, computed in float32 as ONNX Runtime does.</summary>
internal static class ResizePositions
{
    /// <summary>The rules by which a place of the result becomes a place of the value.</summary>
    public static IReadOnlySet<string> Transformations { get; } = new HashSet<string> { "align_corners", "asymmetric", "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "tf_half_pixel_for_nn" };

    /// <summary>The rules by which nearest neighbors round.</summary>
    public static IReadOnlySet<string> Roundings { get; } = new HashSet<string> { "ceil", "floor", "round_prefer_ceil", "round_prefer_floor" };

    /// <summary>The places for each row or column of the result.</summary>
    /// <param name="node">A <see cref="Operators.Resize"/>.</param>
    /// <param name="axis">0 for rows, 1 for columns.</param>
    /// <param name="size">Rows or columns of the value.</param>
    public static ResizePosition[] Of(NetworkNode node, int axis, int size)
    {
        int results = (int)node.Attributes.Numbers("sizes")[axis];
        float scale = (float)node.Attributes.Reals("scales")[axis];
        string transformation = node.Attributes.Text("coordinate_transformation_mode", "half_pixel"), rounding = node.Attributes.Text("nearest_mode", "round_prefer_floor");
        bool isLinear = node.Attributes.Text("mode", "nearest") == "linear";
        var positions = new ResizePosition[results];
        for (int place = 0; place < results; place++)
        {
            float origin = Origin(transformation, place, scale, results, size);
            if (isLinear)
            {
                origin = Math.Clamp(origin, 0, size - 1);
                int first = (int)origin;
                positions[place] = new ResizePosition(first, Math.Min(first + 1, size - 1), origin - first);
            }
            else
            {
                int nearest = (int)Math.Clamp(Rounded(rounding, origin), 0, size - 1);
                positions[place] = new ResizePosition(nearest, nearest, 0);
            }
        }

        return positions;
    }

    private static float Origin(string transformation, int place, float scale, int results, int size) => transformation switch
    {
        "align_corners" => results == 1 ? 0 : (float)place * (size - 1) / (results - 1),
        "asymmetric" => place / scale,
        "half_pixel" => ((place + 0.5f) / scale) - 0.5f,
        "half_pixel_symmetric" => (size / 2f * (1 - (results / (scale * size)))) + ((place + 0.5f) / scale) - 0.5f,
        "pytorch_half_pixel" => results > 1 ? ((place + 0.5f) / scale) - 0.5f : 0,
        "tf_half_pixel_for_nn" => (place + 0.5f) / scale,
        _ => throw new NotSupportedException($"Places are not found by the rule '{transformation}'."),
    };

    private static float Rounded(string rounding, float origin) => rounding switch
    {
        "ceil" => MathF.Ceiling(origin),
        "floor" => MathF.Floor(origin),
        "round_prefer_ceil" => MathF.Floor(origin + 0.5f),
        "round_prefer_floor" => MathF.Ceiling(origin - 0.5f),
        _ => throw new NotSupportedException($"Nearest neighbors are not rounded by the rule '{rounding}'."),
    };
}
