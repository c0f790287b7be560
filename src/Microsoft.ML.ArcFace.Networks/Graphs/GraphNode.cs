using System.Text;
using Microsoft.ML.ArcFace.Weights;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// Gives the rules of operators what they ask of a node: its inputs, attributes, and the sizes that it is told by numbers.
/// Messages are parts of sentences; who evaluates the graph names the node.
/// </summary>
internal sealed class GraphNode(NodeProto node, GraphValue?[] inputs)
{
    public int InputCount => inputs.Length;

    public int OutputCount => node.Output.Count;

    /// <summary>Names a node for messages.</summary>
    /// <param name="node">The node.</param>
    /// <param name="index">Its place in the graph, by which nodes without a name are known.</param>
    public static string Describe(NodeProto node, int index) =>
        $"the node {(node.Name.Length > 0 ? $"'{node.Name}'" : $"number {index + 1}")} ({(node.Domain.Length > 0 ? $"{node.Domain}." : "")}{node.OpType})";

    public bool Has(int index) => index < inputs.Length && inputs[index] is not null;

    /// <summary>Gives an input.</summary>
    public GraphValue In(int index) => Has(index) ? inputs[index]! : throw new WeightsFormatException($"its input {index + 1} is missing");

    public IEnumerable<GraphValue> Inputs => inputs.OfType<GraphValue>();

    public bool HasAttribute(string name) => Find(name) is not null;

    public long Int(string name, long otherwise) => Find(name) is { } attribute ? attribute.I : otherwise;

    public string? Text(string name) => Find(name)?.S is { } text ? Encoding.UTF8.GetString(text.Span) : null;

    public long[]? Ints(string name) => Find(name) is { } attribute ? [.. attribute.Ints] : null;

    public float[]? Floats(string name) => Find(name) is { } attribute ? [.. attribute.Floats] : null;

    public float Float(string name) => Find(name)?.F ?? 0;

    public TensorProto? Tensor(string name) => Find(name)?.T;

    /// <summary>Gives the numbers of an input that decides over sizes.</summary>
    /// <exception cref="WeightsFormatException">They depend on the picture, so that no memory would be enough for all pictures.</exception>
    public double[] Numbers(int index) => In(index).Numbers
        ?? throw new WeightsFormatException($"the size of what it gives depends on numbers (its input {index + 1}) that are computed from pixels, or are more than {GraphValue.MostNumbers}");

    /// <summary>Gives whole numbers from an attribute or, in newer versions of the operator, an input; null: neither is there.</summary>
    /// <exception cref="WeightsFormatException">Both are there, of which a runtime would use one.</exception>
    public long[]? Sizes(string attribute, int input) => (HasAttribute(attribute), Has(input)) switch
    {
        (true, true) => throw new WeightsFormatException($"it has {attribute} both as an attribute and as an input"),
        (true, false) => Ints(attribute),
        (false, true) => Sizes(input),
        _ => null,
    };

    /// <summary>Gives the whole numbers of an input that decides over sizes.</summary>
    public long[] Sizes(int index) => Array.ConvertAll(Numbers(index), number => number >= long.MaxValue ? long.MaxValue : number <= long.MinValue ? long.MinValue : (long)number);

    /// <summary>Gives the axis that an attribute names, counted from the front.</summary>
    public int Axis(string name, long otherwise, int rank) => Axis(Int(name, otherwise), rank);

    /// <summary>Counts an axis from the front.</summary>
    public static int Axis(long axis, int rank) => axis >= -rank && axis < rank
        ? (int)(axis < 0 ? axis + rank : axis)
        : throw new WeightsFormatException($"it names the axis {axis} of a value that has {rank}");

    /// <summary>Gives the element type that an attribute or, if there is none, an input decides.</summary>
    public DataType TypeOf(int input, DataType otherwise) => Has(input) ? In(input).Type : otherwise;

    private AttributeProto? Find(string name) => node.Attribute.LastOrDefault(attribute => attribute.Name == name);
}

/// <summary>Tells what a node gives, and what it costs beside reading its inputs and writing its outputs.</summary>
/// <param name="Outputs">The values that it gives.</param>
/// <param name="Work">Multiplications, or what takes as long.</param>
/// <param name="Workspace">Bytes that it needs while it is computed.</param>
internal sealed record GraphStep(GraphValue[] Outputs, double Work = 0, long Workspace = 0)
{
    public static implicit operator GraphStep(GraphValue output) => new([output]);
}
