using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Backbones.Inference.General;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

// Nodes that no convolution takes in, as networks of others have them.
internal sealed partial class InferenceNetworkBuilder
{
    private void AddGeneral(NetworkNode node)
    {
        if (node.Operator == Operators.Flatten && !_network.IsOutput(node.Output) && _network.ReadersOf(node.Output).All(reader => reader.Operator == Operators.Linear))
        {
            // A product of matrices reads the map as it lies.
            _maps[node.Output] = _maps[node.Input];
            return;
        }

        long[] shape = _network.ShapeOf(node.Output);
        FeatureMap[] inputs = [.. node.Inputs.Where(name => _network.FindTensor(name) is null).Select(name => _maps[name])];
        if (inputs is [{ Height: 1, Width: 1 } pixel] && node.Operator is Operators.Flatten or Operators.Reshape && TensorIndexes.Count(shape[2..]) == 1)
        {
            _maps[node.Output] = pixel;
            return;
        }

        if (Operators.OfLayout.Contains(node.Operator) || Operators.OfReduction.Contains(node.Operator))
        {
            // One place for each number.
            Charge(node, inputs.Sum(map => (long)map.Height * map.Width * map.Channels) + TensorIndexes.Count(shape[1..]));
        }

        FeatureMap output = MapLayout.MapOf(shape) ?? throw Unknown(node, $"its result has {shape.Length} sizes");
        NeedsSingles = true;
        Array.ForEach(inputs, map => map.KeepSingle());
        if (node.Operator == Operators.Concat)
        {
            AddConcat(node, inputs);
            return;
        }

        _steps.Add(StepOf(node, inputs, output));
        _maps[node.Output] = output;
    }

    private Func<InferenceStep> StepOf(NetworkNode node, FeatureMap[] inputs, FeatureMap output)
    {
        FeatureMap input = inputs[0];
        switch (node.Operator)
        {
            case var name when Operators.OfOneValue.Contains(name):
                return () => new ElementStep(input, output, ElementFunctions.Of(node));
            case var name when Operators.OfTwoValues.Contains(name):
                return CombinationOf(node, inputs, output);
            case Operators.BatchNormalization:
                return () => new ElementStep(input, output, AffineOf(node));
            case Operators.ParametricRelu:
                float[] slopes = Values(node.Inputs[1]);
                return () => new ElementStep(input, output, (values, results) => Activate(values, results, slopes));
            case Operators.GlobalAveragePool:
                return () => new WindowStep(input, output, ConvolutionWindow.Whole(input), isAverage: true, countsPadding: false);
            case Operators.AveragePool or Operators.MaxPool:
                long[] kernel = node.Attributes.Numbers("kernel_shape");
                bool countsPadding = node.Attributes.Number("count_include_pad", 0) != 0;
                var window = ConvolutionWindow.Of(node, kernel[0], kernel[1]);
                return node.Operator == Operators.MaxPool && window.IsWithin(input, output)
                    ? () => _factory.Greatest(input, output, window)
                    : () => new WindowStep(input, output, window, node.Operator == Operators.AveragePool, countsPadding);
            case Operators.Graph:
                return () => new RuntimeStep(input, output, RuntimeNetwork.Open(node, _folded.Tensors[node.Inputs[1]], input.Width, input.Height, output.UsedChannels, _runtime));
            case Operators.Resize:
                return () => new ResizeStep(input, output, node);
            case var name when Operators.OfReduction.Contains(name):
                return () => new ReductionStep(input, output, node, ForOneImage(node.Input));
            case var name when Operators.OfLayout.Contains(name):
                int[] indexes = TensorIndexes.Of(node, [ForOneImage(node.Input)], ForOneImage(node.Output));
                return () => new ArrangementStep(input, null, output, indexes, (float)node.Attributes.Real("value", 0));
            default:
                throw Unknown(node, "there is no step for its operator");
        }
    }

    private Func<InferenceStep> CombinationOf(NetworkNode node, FeatureMap[] inputs, FeatureMap output)
    {
        ElementCombination function = ElementFunctions.OfTwo(node);
        int rank = _network.ShapeOf(node.Output).Length;
        if (node.Inputs.FirstOrDefault(name => _network.FindTensor(name) is not null) is not { } tensor)
        {
            if (node.Inputs.Any(name => _network.ShapeOf(name).Length != rank))
            {
                throw Unknown(node, "what it reads has not equally many sizes");
            }

            return () => new CombinationStep(inputs[0], inputs[^1], output, function);
        }

        long[] shape = _network.ShapeOf(tensor);
        string value = node.Inputs.First(name => name != tensor);
        if (_network.ShapeOf(value).Length != rank)
        {
            throw Unknown(node, "the constant has more sizes than the value");
        }

        MapConstant constant = MapLayout.ConstantOf(Values(tensor), shape.Length == rank ? shape[1..] : shape, rank);
        return () => new CombinationStep(inputs[0], constant, node.Inputs[0] == tensor, output, function);
    }

    /// <summary>Joins the first two values, then that to the next.</summary>
    private void AddConcat(NetworkNode node, FeatureMap[] inputs)
    {
        int axis = (int)node.Attributes.Number("axis", 1);
        (FeatureMap joined, long[] shape) = (inputs[0], ForOneImage(node.Inputs[0]));
        for (int i = 1; i < inputs.Length; i++)
        {
            (FeatureMap left, FeatureMap right) = (joined, inputs[i]);
            long[] first = shape, second = ForOneImage(node.Inputs[i]);
            shape = [.. first];
            shape[axis] += second[axis];
            int[] indexes = TensorIndexes.Of(node, [first, second], shape);
            FeatureMap output = joined = MapLayout.MapOf(shape)!;
            _steps.Add(() => new ArrangementStep(left, right, output, indexes, outside: 0));
        }

        _maps[node.Output] = joined;
    }

    private ElementFunction AffineOf(NetworkNode norm)
    {
        (double[] scales, double[] shifts) = FoldedNetwork.Affine(norm, _folded.Tensors);
        float[] scale = Array.ConvertAll(scales, value => (float)value), shift = Array.ConvertAll(shifts, value => (float)value);
        return (values, results) => TensorPrimitives.MultiplyAdd(values, scale, shift, results);
    }

    private static void Activate(ReadOnlySpan<float> values, Span<float> results, float[] slopes)
    {
        for (int channel = 0; channel < results.Length; channel++)
        {
            results[channel] = values[channel] < 0 ? values[channel] * slopes[channel] : values[channel];
        }
    }

    private long[] ForOneImage(string value) => [1, .. _network.ShapeOf(value)[1..]];

    /// <summary>Says that a node is not computed here, though another program may.</summary>
    private WeightsFormatException Unknown(NetworkNode node, string why) => new($"No step computes what the network '{_network.Name}' needs: {node}, for {why}.", new NotSupportedException(why));
}
