using Microsoft.ML.ArcFace.Backbones.Kernels;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>Makes calls of libtorch from nodes, with layers for those that have tensors. A further operator is a further case.</summary>
/// <param name="network">The network whose nodes they are.</param>
/// <param name="isTraining">Whether the pass that runs is one of training.</param>
internal sealed class TorchOperators(NetworkDescription network, Func<bool> isTraining)
{
    private readonly List<(string Name, nn.Module Layer)> _layers = [];

    /// <summary>The layers made so far.</summary>
    public IReadOnlyList<(string Name, nn.Module Layer)> Layers => _layers;

    /// <summary>The node that is computed together with the one before it: the PReLU behind a BatchNorm.</summary>
    public NetworkNode? FusedBehind(NetworkNode node) => node.Operator == Operators.BatchNormalization ? network.OnlyReaderOf(node.Output, Operators.ParametricRelu) : null;

    /// <summary>Makes the call for a node and for what is fused behind it.</summary>
    /// <param name="node">The node.</param>
    /// <exception cref="WeightsFormatException">There is no code for it.</exception>
    public Func<Tensor[], Tensor> Create(NetworkNode node)
    {
        switch (node.Operator)
        {
            case Operators.Convolution when node.Inputs.Count == 2:
                long[] shape = network.ShapeOf(node.Inputs[1]);
                return Call(Add(node, new Convolution(shape, ConvolutionShape.Of(node, shape))));
            case Operators.BatchNormalization:
                var norm = Add(node, new BatchNormalization(network.ShapeOf(node.Inputs[1])[0]));
                if (FusedBehind(node) is not { } next)
                {
                    return Call(norm);
                }

                var activation = Add(next, new ParametricRelu(network.ShapeOf(next.Inputs[1])[0]));
                return inputs => NormalizedActivation.Call(inputs[0], norm, activation);
            case Operators.ParametricRelu:
                return Call(Add(node, new ParametricRelu(network.ShapeOf(node.Inputs[1])[0])));
            case Operators.Linear:
                long[] weight = network.ShapeOf(node.Inputs[1]);
                return Call(Add(node, nn.Linear(weight[1], weight[0], hasBias: node.Inputs.Count > 2)));
            case Operators.Flatten:
                return inputs => Flatten(inputs[0]);
            case Operators.Dropout:
                double ratio = node.Attributes.Real("ratio", 0.5);
                return inputs => nn.functional.dropout(inputs[0], ratio, isTraining());

            // Neither a BatchNorm nor a sum keeps its result for the way back, so that it may be changed where nobody else reads it.
            case Operators.Add when network.OnlyProducerOf(node.Input, Operators.BatchNormalization) is not null || network.OnlyProducerOf(node.Input, Operators.Add) is not null:
                return inputs => inputs[0].AddInPlace(inputs[1]);
            case Operators.Add:
                return inputs => inputs[0].Plus(inputs[1]);
            default:
                throw new WeightsFormatException($"The network '{network.Name}' cannot be trained: {node} has no code in libtorch's terms here.");
        }
    }

    private static Func<Tensor[], Tensor> Call(nn.Module<Tensor, Tensor> layer) => inputs => layer.call(inputs[0]);

    /// <summary>
    /// [B,C,H,W] → [B,C·H·W] in the published order (channel, row, column) whatever the memory order, in the element type of the
    /// weights: what follows is the head.
    /// </summary>
    private Tensor Flatten(Tensor input)
    {
        using var scope = NewDisposeScope();
        return input.flatten(1).to(_layers[0].Layer.parameters().First().dtype).MoveToOuterDisposeScope();
    }

    private T Add<T>(NetworkNode node, T layer)
        where T : nn.Module
    {
        _layers.Add((node.Name, layer));
        return layer;
    }
}
