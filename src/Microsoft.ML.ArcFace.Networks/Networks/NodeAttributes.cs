namespace Microsoft.ML.ArcFace.Networks;

/// <summary>The attributes of a node by their names in ONNX: whole and real numbers, lists of them, and text.</summary>
/// <param name="values">Values of <see cref="long"/>, <see cref="long"/>[], <see cref="double"/>, <see cref="double"/>[] and <see cref="string"/>.</param>
internal sealed class NodeAttributes(IReadOnlyDictionary<string, object> values)
{
    public static NodeAttributes None { get; } = new(new Dictionary<string, object>());

    public IReadOnlyDictionary<string, object> Values => values;

    /// <summary>A whole number; <paramref name="otherwise"/> where the node does not say it.</summary>
    public long Number(string name, long otherwise) => values.TryGetValue(name, out object? value) ? (long)value : otherwise;

    /// <summary>A real number; <paramref name="otherwise"/> where the node does not say it.</summary>
    public double Real(string name, double otherwise) => values.TryGetValue(name, out object? value) ? (double)value : otherwise;

    /// <summary>Whole numbers; <paramref name="otherwise"/> where the node does not say them.</summary>
    public long[] Numbers(string name, params long[] otherwise) => values.TryGetValue(name, out object? value) ? (long[])value : otherwise;

    /// <summary>Real numbers, which the node must say.</summary>
    public double[] Reals(string name) => (double[])values[name];

    /// <summary>Text; <paramref name="otherwise"/> where the node does not say it.</summary>
    public string Text(string name, string otherwise) => values.TryGetValue(name, out object? value) ? (string)value : otherwise;
}
