using Google.Protobuf;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// Reads ONNX graphs of others. What it gives away holds nothing but declared fields, operators of <see cref="GraphOperators"/>
/// and tensors that are whole, so that a runtime never sees more than was looked at.
/// </summary>
internal static class GraphFile
{
    private static readonly MessageParser<ModelProto> s_parser = ModelProto.Parser.WithDiscardUnknownFields(true);

    /// <summary>Parses a file and refuses what has no place in a network of faces.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="external">Reads tensors that lie beside the file; null: they are refused.</param>
    /// <param name="mayBeEmptied">Whether tensors may have no numbers, as those of <see cref="OriginalGraph"/>.</param>
    /// <exception cref="WeightsFormatException">It is no ONNX model, or has parts elsewhere, functions, subgraphs, operators that are not allowed, or damaged tensors.</exception>
    public static ModelProto Parse(byte[] bytes, ExternalData? external = null, bool mayBeEmptied = false)
    {
        GraphScan.Check(bytes);
        ModelProto model;
        try
        {
            model = s_parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new WeightsFormatException($"The {bytes.Length} bytes are no ONNX model, or a part of one ({error.Message.TrimEnd('.')}). Copy or download the file again.", error);
        }

        if (model.Graph is not { } graph || graph.Node.Count == 0)
        {
            throw new WeightsFormatException($"The {bytes.Length} bytes are no ONNX model: they hold no graph.");
        }

        CheckTensors(graph, "the graph", external, mayBeEmptied);
        CheckFunctions(model);
        GraphOperators.Check(graph);
        return model;
    }

    /// <summary>Looks for data in other files, sparse tensors and damaged ones, in subgraphs and attributes, too.</summary>
    private static void CheckTensors(GraphProto graph, string where, ExternalData? external, bool mayBeEmptied)
    {
        foreach (TensorProto tensor in graph.Initializer)
        {
            external?.Embed(tensor, where);
            GraphTensor.Check(tensor, where, mayBeEmptied);
        }

        CheckSparse(graph.SparseInitializer, where);
        for (int i = 0; i < graph.Node.Count; i++)
        {
            string node = GraphNode.Describe(graph.Node[i], i);
            foreach (AttributeProto attribute in graph.Node[i].Attribute)
            {
                foreach (TensorProto tensor in attribute.T is { } one ? attribute.Tensors.Prepend(one) : attribute.Tensors)
                {
                    external?.Embed(tensor, node);
                    GraphTensor.Check(tensor, node, mayBeEmptied);
                }

                CheckSparse(attribute.SparseTensor is { } sparse ? attribute.SparseTensors.Prepend(sparse) : attribute.SparseTensors, node);
                foreach (GraphProto inner in attribute.G is { } subgraph ? attribute.Graphs.Prepend(subgraph) : attribute.Graphs)
                {
                    CheckTensors(inner, node, external, mayBeEmptied);
                }
            }
        }
    }

    private static void CheckSparse(IEnumerable<SparseTensorProto> tensors, string where)
    {
        if (tensors.FirstOrDefault() is { } tensor)
        {
            throw new WeightsFormatException($"The tensor '{tensor.Values?.Name}' of {where} is sparse: a few bytes that become any number. Save the network with dense tensors.");
        }
    }

    private static void CheckFunctions(ModelProto model)
    {
        if (model.Functions.Count > 0)
        {
            FunctionProto function = model.Functions[0];
            throw new WeightsFormatException($"The model defines operators of its own, such as the function '{function.Name}' of the domain '{function.Domain}'. Inline them (onnx.inliner.inline_local_functions) and save it again.");
        }
    }
}
