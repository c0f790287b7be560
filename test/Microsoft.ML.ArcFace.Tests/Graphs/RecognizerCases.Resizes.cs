using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Graphs;

// Maps that are enlarged and shrunk, in the forms of all versions.
internal static partial class RecognizerCases
{
    private static IEnumerable<RecognizerCase> Resizes =>
    [
        .. new[] { "asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners" }.SelectMany(rule => new[]
        {
            OnMap($"Resize to twice the size, linear, {rule}", (model, map) => Scaled(model, map, "linear", rule, "floor", 2, 2), version: 11),
            OnMap($"Resize by broken scales, linear, {rule}", (model, map) => Scaled(model, map, "linear", rule, "floor", 1.6f, 0.7f)),
        }),
        .. new[] { "asymmetric", "half_pixel", "tf_half_pixel_for_nn", "align_corners" }.SelectMany(rule => new[] { "floor", "ceil", "round_prefer_floor", "round_prefer_ceil" }, (rule, rounding) =>
            OnMap($"Resize by broken scales, nearest, {rule}, {rounding}", (model, map) => Scaled(model, map, "nearest", rule, rounding, 1.6f, 0.7f), version: 11)),
        OnMap("Resize to a size without edges, linear", (model, map) => Scaled(model, map, "linear", "half_pixel_symmetric", "floor", 1.6f, 0.7f), version: 19),
        OnMap("Resize to sizes", (model, map) => model.Node("Resize", [map, "", "", model.Longs(1, 5, 11, 4)], ("mode", "nearest"))),
        OnMap("Resize to sizes of axes", (model, map) => model.Node("Resize", [map, "", "", model.Longs(11, 4)], ("mode", "linear"), ("axes", (long[])[2, 3])), version: 18),
        OnMap("Resize to the sizes of another map", (model, map) =>
        {
            string large = model.Node("Pad", [map, model.Longs(0, 0, 1, 2, 0, 0, 3, 0)]), sizes = model.Node("Slice", [model.Node("Shape", [large]), model.Longs(2), model.Longs(4), model.Longs(0)]);
            string all = model.Node("Concat", [model.Node("Slice", [model.Node("Shape", [map]), model.Longs(0), model.Longs(2), model.Longs(0)]), sizes], ("axis", 0L));
            return model.Node("Add", [large, model.Node("Resize", [map, model.Floats([], 0), model.Floats([], 0), all], ("coordinate_transformation_mode", "asymmetric"), ("mode", "nearest"), ("nearest_mode", "floor"))]);
        }, version: 11),
        OnMap("Resize of version 10", (model, map) => model.Node("Resize", [map, model.Floats([1, 1, 2.5f, 2], 4)], ("mode", "linear")), version: 10),
        OnMap("Resize of version 10 to nearest neighbors", (model, map) => model.Node("Resize", [map, model.Floats([1, 1, 2.5f, 2], 4)], ("mode", "nearest")), version: 10),
        OnMap("Upsample", (model, map) => model.Node("Upsample", [map, model.Floats([1, 1, 2, 3], 4)], ("mode", "nearest")), version: 9),
    ];

    private static string Scaled(GraphModel model, string map, string mode, string rule, string rounding, float rows, float columns) => model.Node(
        "Resize", [map, model.Floats([], 0), model.Floats([1, 1, rows, columns], 4)], ("mode", mode), ("coordinate_transformation_mode", rule), ("nearest_mode", rounding));
}
