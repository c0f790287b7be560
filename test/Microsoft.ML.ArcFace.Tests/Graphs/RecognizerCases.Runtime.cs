using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Graphs;

// Recognizers that are not computed here.
internal static partial class RecognizerCases
{
    /// <summary>Small recognizers with a node that is allowed and that the library does not compute, in every form of input and output.</summary>
    public static IReadOnlyList<RecognizerCase> ForRuntime { get; } =
    [
        OnMap("Softplus", (model, map) => model.Node("Softplus", [map])),
        OnMap("GELU by Erf", (model, map) => model.Node("Mul", [map, model.Node("Add", [model.Node("Erf", [model.Node("Div", [map, model.Float(1.4142135f)])]), model.Float(1)])])),
        OnMap("LayerNormalization", (model, map) => model.Node("LayerNormalization", [map, model.Positive(6), model.Random(6)], ("axis", -1L)), version: 17),
        OnMap("Where on the picture", (model, map) => model.Node("Where", [model.Node("Greater", [map, model.Float(0)]), map, model.Node("Mul", [map, model.Float(0.1f)])])),
        OnMap("sizes of five axes", (model, map) => model.Node("Relu", [model.Node("Reshape", [map, model.Longs(1, 5, 3, 2, 6)])])),
        OnMap("a mode that is not known here", (model, map) => model.Node("Pad", [map, model.Longs(0, 0, 1, 1, 0, 0, 1, 1)], ("mode", "reflect"))),
        OnPicture("scaled pixels", (model, face) => model.Node("Softplus", [Conv(model, model.Node("Div", [model.Node("Sub", [face, model.Float(0.25f)]), model.Float(0.5f)]), [5, 3, 3, 3])])),
        new("channels last", Current, model => model.Head(Softened(model, model.Node("Transpose", [model.Input(0, 8, 8, 3)], ("perm", (long[])[0, 3, 1, 2]))), 5 * 36)),
        new("an open batch and a norm", Current, model =>
        {
            string raw = model.Head(Softened(model, model.Input(0, 3, 8, 8)), 5 * 36);
            return model.Node("Div", [raw, model.Node("ReduceL2", [raw], ("axes", (long[])[1]), ("keepdims", 1L))]);
        }),
        new("LpNormalization of an embedding", Current, model => model.Node("LpNormalization", [model.Head(Softened(model, model.Input(1, 3, 8, 8)), 5 * 36)], ("axis", 1L), ("p", 2L))),
        new("another width", Current, model => model.Head(Softened(model, model.Input(1, 3, 10, 6)), 5 * 8 * 4)),
        new("both halves of a face and its mirror image", Current, model =>
        {
            string face = model.Input(1, 3, 8, 8), mirrored = model.Node("Slice", [face, model.Longs(-1), model.Longs(-1000), model.Longs(3), model.Longs(-1)]);
            string[] halves = model.Nodes("Split", [model.Node("Concat", [face, mirrored], ("axis", 0L))], 2, ("axis", 0L));
            string weight = model.Random(8, 3 * 8 * 8);
            string One(string half) => model.Node("Gemm", [model.Node("Flatten", [model.Node("Softplus", [half])]), weight], ("transB", 1L));
            return model.Node("Add", [One(halves[0]), One(halves[1])]);
        }),
    ];

    private static string Softened(GraphModel model, string face) => model.Node("Softplus", [Conv(model, face, [5, 3, 3, 3])]);
}
