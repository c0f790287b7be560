using System.Globalization;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

internal sealed partial class GraphReader
{
    /// <summary>A node of a graph, and what the rule of its operator asks of it.</summary>
    /// <param name="node">The node.</param>
    /// <param name="index">Its place in the graph.</param>
    /// <param name="version">The version of ONNX's operators.</param>
    /// <param name="values">The types and sizes of what it reads.</param>
    /// <param name="reader">Whoever reads the graph.</param>
    private sealed class NodeReading(NodeProto node, int index, int version, GraphValue?[] values, GraphReader reader)
    {
        public NodeProto Node => node;

        /// <summary>The version of ONNX's operators.</summary>
        public int Version => version;

        /// <summary>The name of the first output.</summary>
        public string Output => node.Output[0];

        /// <summary>Its attributes, and numbers that decide over sizes.</summary>
        public GraphNode Numbers { get; } = new(node, values);

        public int InputCount => node.Input.Count;

        public bool Has(int input) => Numbers.Has(input);

        public GraphOperand In(int input)
        {
            GraphOperand operand = Has(input) ? reader.Operand(node.Input[input]) : throw new WeightsFormatException($"its input {input + 1} is missing");
            return operand.Tensor is null ? operand : operand with { Use = new TensorUse(index, input, operand.Source.Steps.Count, operand.Shape, (int)values[input]!.Type) };
        }

        /// <summary>An input that must be a tensor.</summary>
        public GraphOperand TensorIn(int input) => In(input) is { Tensor: not null } operand
            ? operand
            : throw new WeightsFormatException($"its input {input + 1} depends on the picture, where a constant is needed");

        /// <summary>An input that must depend on the picture.</summary>
        public GraphOperand ValueIn(int input) => In(input) is { Tensor: null } operand ? operand : throw new WeightsFormatException($"its input {input + 1} is a constant, where a map of the picture is needed");

        /// <summary>How many nodes read a value of the graph; its outputs count, too.</summary>
        public int ReadersOfInput(int input) => reader._readers[node.Input[input]];

        /// <summary>A real number, which must be finite, as its writer meant it: 1E-05, which float32 holds no better.</summary>
        public double Real(string name, double otherwise) => !Numbers.HasAttribute(name) ? otherwise
            : Numbers.Float(name) is var number && float.IsFinite(number) ? double.Parse(number.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)
            : throw new WeightsFormatException(FormattableString.Invariant($"its attribute {name} is {number}; a finite number is needed"));

        public GraphOperand Emit(string operation, IReadOnlyList<GraphOperand> inputs, params (string Name, object Value)[] attributes) => reader.Emit(this, operation, inputs, attributes);

        public GraphReader Reader => reader;

        /// <summary>Says of what goes wrong in which node it did.</summary>
        public T Explained<T>(Func<T> rule)
        {
            try
            {
                return rule();
            }
            catch (WeightsFormatException error) when (!error.Message.StartsWith(NotRead, StringComparison.Ordinal))
            {
                throw Refusal(error.Message);
            }
            catch (InvalidDataException error)
            {
                throw Refusal(error.Message, error);
            }
            catch (Exception error) when (error is ArgumentException or NotSupportedException or OverflowException)
            {
                throw Refusal(error.Message);
            }
        }

        /// <summary>Says that the node is not read.</summary>
        /// <param name="problem">Why not.</param>
        /// <param name="mistake">Tells that no program should compute it; null: another one may.</param>
        public WeightsFormatException Refusal(string problem, InvalidDataException? mistake = null) => new($"{NotRead}in {GraphNode.Describe(node, index)}, {problem.TrimEnd('.')}.", mistake);
    }
}
