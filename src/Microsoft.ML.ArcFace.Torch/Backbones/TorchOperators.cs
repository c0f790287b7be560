using Microsoft.ML.ArcFace.Backbones.Inference;
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
    private readonly List<TorchLayer> _layers = [];
    private readonly Dictionary<string, ConstantTensor> _constants = [];

    /// <summary>The layers made so far.</summary>
    public IReadOnlyList<TorchLayer> Layers => _layers;

    /// <summary>The node that is computed together with the one before it: the PReLU behind a BatchNorm.</summary>
    public NetworkNode? FusedBehind(NetworkNode node) => node.Operator == Operators.BatchNormalization ? network.OnlyReaderOf(node.Output, Operators.ParametricRelu) : null;

    /// <summary>Makes the call for a node and for what is fused behind it.</summary>
    /// <param name="node">The node.</param>
    /// <exception cref="WeightsFormatException">There is no code for it.</exception>
    public Func<Tensor[], Tensor> Create(NetworkNode node)
    {
        switch (node.Operator)
        {
            case Operators.Convolution:
                long[] shape = network.ShapeOf(node.Inputs[1]);
                var window = ConvolutionWindow.Of(node, shape[2], shape[3]);
                return Call(Add(node, new Convolution(shape, window, node.Attributes.Number("group", 1), hasBias: node.Inputs.Count > 2)));
            case Operators.BatchNormalization:
                var norm = Add(node, new BatchNormalization(network.ShapeOf(node.Inputs[1])[0], node.Attributes.Real("epsilon", BatchNormalization.Epsilon)));
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
                var linear = Add(node, nn.Linear(weight[1], weight[0], hasBias: node.Inputs.Count > 2));
                return inputs => InTypeOf(linear, inputs[0]);
            case Operators.Flatten:
                return inputs => Flatten(inputs[0]);
            case Operators.Dropout:
                double ratio = node.Attributes.Real("ratio", 0.5);
                return inputs => nn.functional.dropout(inputs[0], ratio, isTraining());

            // Neither a BatchNorm nor a sum keeps its result for the way back, so that it may be changed where nobody else reads it.
            case Operators.Add when HaveOneShape(node) && (network.OnlyProducerOf(node.Input, Operators.BatchNormalization) is not null || network.OnlyProducerOf(node.Input, Operators.Add) is not null):
                return inputs => inputs[0].AddInPlace(inputs[1]);
            case var name when Operators.OfOneValue.Contains(name):
                Func<Tensor, Tensor> function = TorchFunctions.OfOne(node);
                return inputs => function(inputs[0]);
            case var name when Operators.OfTwoValues.Contains(name):
                return Combination(node);
            case var name when Operators.OfReduction.Contains(name):
                Func<Tensor, Tensor> reduction = TorchFunctions.OfReduction(node);
                return inputs => reduction(inputs[0]);
            case var name when Operators.OfLayout.Contains(name) && !node.Inputs.Any(IsTensor):
                return TorchFunctions.OfLayout(node, network.ShapeOf(node.Input), network.ShapeOf(node.Output));
            case Operators.GlobalAveragePool:
                return static inputs => inputs[0].mean([2, 3], keepdim: true);
            case Operators.AveragePool:
                TorchPool averages = PoolOf(node);
                return inputs => averages.Average(inputs[0]);
            case Operators.MaxPool:
                TorchPool greatest = PoolOf(node);
                return inputs => greatest.Max(inputs[0]);
            case Operators.Resize:
                var resize = new TorchResize(node, network.ShapeOf(node.Input));
                return inputs => resize.Apply(inputs[0]);
            default:
                throw new WeightsFormatException($"The network '{network.Name}' cannot be trained: {node} has no code in libtorch's terms here.");
        }
    }

    private bool IsTensor(string name) => network.FindTensor(name) is not null;

    private bool HaveOneShape(NetworkNode node) => !node.Inputs.Any(IsTensor) && network.ShapeOf(node.Inputs[0]).SequenceEqual(network.ShapeOf(node.Inputs[1]));

    private TorchPool PoolOf(NetworkNode node) => new(node, network.ShapeOf(node.Input), network.ShapeOf(node.Output));

    /// <summary>Combines two values in the element type of the larger one, or a value and a constant in that of the value.</summary>
    private Func<Tensor[], Tensor> Combination(NetworkNode node)
    {
        Func<Tensor, Tensor, Tensor> function = TorchFunctions.OfTwo(node);
        if (node.Inputs.FirstOrDefault(IsTensor) is not { } name)
        {
            return inputs =>
            {
                ScalarType type = inputs[0].numel() >= inputs[1].numel() ? inputs[0].dtype : inputs[1].dtype;
                using Tensor left = inputs[0].As(type), right = inputs[1].As(type);
                return function(left, right);
            };
        }

        ConstantTensor constant = ConstantOf(name);
        bool isFirst = node.Inputs[0] == name;
        return inputs =>
        {
            using Tensor numbers = constant.Value.As(inputs[0].dtype);
            return isFirst ? function(numbers, inputs[0]) : function(inputs[0], numbers);
        };
    }

    private ConstantTensor ConstantOf(string name)
    {
        if (!_constants.TryGetValue(name, out ConstantTensor? constant))
        {
            constant = _constants[name] = new ConstantTensor(network.ShapeOf(name));
            _layers.Add(new TorchLayer(null, constant, [name]));
        }

        return constant;
    }

    /// <summary>Computes a linear layer in the element type of its weights.</summary>
    private static Tensor InTypeOf(Linear layer, Tensor input)
    {
        using Tensor matching = input.As(layer.weight!.dtype);
        return layer.call(matching);
    }

    private static Func<Tensor[], Tensor> Call(nn.Module<Tensor, Tensor> layer) => inputs => layer.call(inputs[0]);

    /// <summary>The element type of the weights, in which rows of numbers are computed.</summary>
    public ScalarType HeadType => _layers.SelectMany(layer => layer.Module.parameters()).FirstOrDefault()?.dtype ?? ScalarType.Float32;

    /// <summary>
    /// [B,C,H,W] → [B,C·H·W] in the published order (channel, row, column) whatever the memory order, in the element type of the
    /// weights: what follows is the head.
    /// </summary>
    private Tensor Flatten(Tensor input)
    {
        using var scope = NewDisposeScope();
        return input.flatten(1).to(HeadType).MoveToOuterDisposeScope();
    }

    private T Add<T>(NetworkNode node, T layer)
        where T : nn.Module
    {
        _layers.Add(new TorchLayer(node, layer, [.. node.Inputs.Skip(1)]));
        return layer;
    }
}
