using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// Follows the sizes of all values through a graph, without computing any, and adds up what a pass takes. A runtime that is
/// given a graph with loops or sizes of its own choosing could take any memory before it could be stopped.
/// </summary>
internal sealed class GraphCost
{
    private readonly Dictionary<string, GraphValue> _values = new(StringComparer.Ordinal);
    private readonly GraphLimits _limits;
    private readonly string _input;
    private long _held;

    private GraphCost(GraphLimits limits, string input) => (_limits, _input) = (limits, input);

    /// <summary>The most bytes that are held at once.</summary>
    public long Bytes { get; private set; }

    /// <summary>Multiplications, or what takes as long.</summary>
    public double Work { get; private set; }

    /// <summary>The values of the graph by their names.</summary>
    public IReadOnlyDictionary<string, GraphValue> Values => _values;

    /// <summary>Evaluates a graph that <see cref="GraphFile"/> has checked.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="sizes">Gives the sizes of an input.</param>
    /// <param name="limits">What it may cost.</param>
    /// <exception cref="GraphSizesException">A node cannot be computed with such inputs.</exception>
    /// <exception cref="WeightsFormatException">It would cost more than it may.</exception>
    public static GraphCost Of(GraphProto graph, Func<ValueInfoProto, long[]> sizes, GraphLimits limits)
    {
        HashSet<string> constants = [.. graph.Initializer.Select(tensor => tensor.Name)];
        ValueInfoProto[] inputs = [.. graph.Input.Where(input => !constants.Contains(input.Name))];
        var cost = new GraphCost(limits, string.Join(", ", inputs.Select(input => $"'{input.Name}' of [{string.Join(", ", sizes(input))}]")));
        foreach (TensorProto tensor in graph.Initializer)
        {
            cost.Add(tensor.Name, GraphTensor.ToValue(tensor), $"the tensor '{tensor.Name}'");
        }

        foreach (ValueInfoProto input in inputs)
        {
            string name = $"the input '{input.Name}'";
            cost.Add(input.Name, cost.Explained(name, () => new GraphValue((TensorProto.Types.DataType)(input.Type?.TensorType?.ElemType ?? 0), sizes(input))), name);
        }

        cost.Walk(graph);
        return cost;
    }

    private void Walk(GraphProto graph)
    {
        Dictionary<string, int> lastUses = LastUses(graph);
        for (int i = 0; i < graph.Node.Count; i++)
        {
            NodeProto node = graph.Node[i];
            string name = GraphNode.Describe(node, i);
            GraphStep step = Evaluate(node, name);
            for (int output = 0; output < node.Output.Count; output++)
            {
                if (node.Output[output].Length > 0)
                {
                    Add(node.Output[output], output < step.Outputs.Length ? step.Outputs[output] : throw Misfit(name, $"it has {node.Output.Count} outputs; {step.Outputs.Length} are known"), name);
                }
            }

            Charge(step, node, name);
            foreach (string done in node.Input.Concat(node.Output).Distinct().Where(value => value.Length > 0 && lastUses.GetValueOrDefault(value, i) == i))
            {
                // What ONNX Runtime computes from constants it keeps.
                _held -= _values[done].IsConstant ? 0 : _values[done].Bytes;
            }
        }
    }

    private GraphStep Evaluate(NodeProto node, string name)
    {
        GraphValue?[] inputs = [.. node.Input.Select(input => input.Length == 0 ? null : _values.GetValueOrDefault(input) ?? throw Misfit(name, $"it takes '{input}', which neither the graph nor a node before it gives"))];
        GraphStep step = Explained(name, () => GraphOperators.Evaluate(node, inputs));
        return Array.TrueForAll(inputs, input => input is null or { IsConstant: true }) ? step with { Outputs = Array.ConvertAll(step.Outputs, output => output with { IsConstant = true }) } : step;
    }

    /// <summary>Says of what goes wrong in which node it did.</summary>
    private T Explained<T>(string name, Func<T> evaluate)
    {
        try
        {
            return evaluate();
        }
        catch (WeightsFormatException error)
        {
            throw Misfit(name, error.Message);
        }
        catch (OverflowException)
        {
            throw Misfit(name, "a size that it gives fits no memory");
        }
    }

    private void Charge(GraphStep step, NodeProto node, string name)
    {
        Hold(step.Workspace, name);
        _held -= step.Workspace;
        Work += step.Work + step.Outputs.Sum(output => (double)output.Count) + node.Input.Where(input => input.Length > 0).Sum(input => (double)_values[input].Count);
        if (Work > _limits.Work)
        {
            throw new WeightsFormatException(FormattableString.Invariant($"The graph takes more than {_limits.Work:0.#e0} multiplications for {_input}, at {name}; that is the most that is allowed. Use a smaller network."));
        }
    }

    private void Add(string name, GraphValue value, string source)
    {
        if (!_values.TryAdd(name, value))
        {
            throw Misfit(source, $"the graph has the value '{name}' twice");
        }

        Hold(value.Bytes, source);
    }

    private void Hold(long bytes, string source)
    {
        _held += bytes;
        Bytes = Math.Max(Bytes, _held);
        if (_held > _limits.Bytes)
        {
            throw new WeightsFormatException($"The graph takes more than {_limits.Bytes >> 20} MiB of memory for {_input}, at {source}; that is the most that is allowed. Use a smaller network.");
        }
    }

    private static Dictionary<string, int> LastUses(GraphProto graph)
    {
        var last = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < graph.Node.Count; i++)
        {
            foreach (string input in graph.Node[i].Input)
            {
                last[input] = i;
            }
        }

        foreach (ValueInfoProto output in graph.Output)
        {
            last[output.Name] = graph.Node.Count;
        }

        return last;
    }

    private GraphSizesException Misfit(string name, string problem) => new($"The graph cannot be computed for {_input}: in {name}, {problem.TrimEnd('.')}.");
}

/// <summary>A graph does not fit the size of its input; it may fit another one.</summary>
internal sealed class GraphSizesException(string message) : Exception(message);
