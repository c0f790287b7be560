using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;
using DataType = Microsoft.ML.ArcFace.Graphs.TensorProto.Types.DataType;

namespace Microsoft.ML.ArcFace.Graphs;

// The rule of each operator, and those of operators that compute each number for itself.
internal sealed partial class GraphReader
{
    private static readonly Dictionary<string, Func<NodeReading, GraphOperand[]>> s_rules = new(StringComparer.Ordinal)
    {
        ["Abs"] = Plain,
        ["Add"] = ReadAdd,
        ["AveragePool"] = ReadPool,
        ["BatchNormalization"] = ReadBatchNormalization,
        ["Cast"] = ReadCast,
        ["Clip"] = ReadClip,
        ["Concat"] = ReadConcat,
        ["Constant"] = ReadConstant,
        ["Conv"] = ReadConvolution,
        ["Div"] = Arithmetic,
        ["Dropout"] = ReadDropout,
        ["Exp"] = Plain,
        ["Expand"] = ReadExpand,
        ["Flatten"] = ReadShape,
        ["Gemm"] = ReadGemm,
        ["GlobalAveragePool"] = Plain,
        ["GlobalMaxPool"] = static reading => [reading.Emit("ReduceMax", [reading.ValueIn(0)], ("axes", new long[] { 2, 3 }), ("keepdims", 1L))],
        ["HardSigmoid"] = static reading => [reading.Emit("HardSigmoid", [reading.In(0)], ("alpha", reading.Real("alpha", 0.2)), ("beta", reading.Real("beta", 0.5)))],
        ["HardSwish"] = static reading => [reading.Emit(Operators.Multiply, [reading.In(0), reading.Emit("HardSigmoid", [reading.In(0)], ("alpha", 1.0 / 6), ("beta", 0.5))])],
        ["Identity"] = static reading => [reading.In(0)],
        ["LeakyRelu"] = static reading => [reading.Emit(Operators.LeakyRelu, [reading.In(0)], ("alpha", reading.Real("alpha", 0.01)))],
        ["LpNormalization"] = ReadLpNormalization,
        ["MatMul"] = ReadMatMul,
        ["Max"] = ReadLimit,
        ["MaxPool"] = ReadPool,
        ["Min"] = ReadLimit,
        ["Mul"] = Arithmetic,
        ["Neg"] = Plain,
        ["PRelu"] = ReadParametricRelu,
        ["Pad"] = ReadPad,
        ["Pow"] = ReadPower,
        ["Reciprocal"] = Plain,
        ["ReduceL1"] = ReadReduction,
        ["ReduceL2"] = ReadReduction,
        ["ReduceMax"] = ReadReduction,
        ["ReduceMean"] = ReadReduction,
        ["ReduceMin"] = ReadReduction,
        ["ReduceSum"] = ReadReduction,
        ["ReduceSumSquare"] = ReadReduction,
        ["Relu"] = Plain,
        ["Reshape"] = ReadShape,
        ["Resize"] = ReadResize,
        ["Sigmoid"] = Plain,
        ["Slice"] = ReadSlice,
        ["Softmax"] = ReadSoftmax,
        ["Split"] = ReadSplit,
        ["Sqrt"] = Plain,
        ["Squeeze"] = ReadShape,
        ["Sub"] = Arithmetic,
        ["Sum"] = static reading => [Enumerable.Range(1, reading.InputCount - 1).Aggregate(reading.In(0), (sum, input) => reading.Emit(Operators.Add, [sum, reading.In(input)]))],
        ["Tanh"] = Plain,
        ["Transpose"] = ReadTranspose,
        ["Unsqueeze"] = ReadShape,
        ["Upsample"] = ReadResize,
    };

    /// <summary>The operators that can be read.</summary>
    public static IEnumerable<string> OperatorNames => s_rules.Keys;

    private static GraphOperand[] Plain(NodeReading reading) => [reading.Emit(reading.Node.OpType, [reading.In(0)])];

    private static GraphOperand[] Arithmetic(NodeReading reading)
    {
        // Before version 7, what is broadcast stood in attributes.
        Demand(!reading.Numbers.HasAttribute("broadcast") && !reading.Numbers.HasAttribute("axis"), "its attributes broadcast and axis are of an operator set before 7; export the network with a newer one");
        GraphOperand second = reading.In(1);
        Demand(reading.Node.OpType != "Div" || second.Tensor is null || !second.Tensor.ToSingles().Contains(0), $"it divides by {second}, which has zeros");
        return [reading.Emit(reading.Node.OpType, [reading.In(0), second])];
    }

    private static GraphOperand[] ReadAdd(NodeReading reading)
    {
        (GraphOperand first, GraphOperand second) = (reading.In(0), reading.In(1));
        if (first.Half is { } one && second.Half is { } other && one != other && first.Name == second.Name)
        {
            reading.Reader.AddsMirrorImage = true;
            return [first with { Half = null }];
        }

        // A bias that is added behind a product of matrices.
        (int value, GraphOperand row) = first.Tensor is null ? (0, second) : (1, first);
        GraphOperand product = reading.In(value);
        int maker = reading.Reader._nodes.FindIndex(node => node.Output == product.Name);
        if (row.Tensor is not null && maker >= 0 && reading.Reader._nodes[maker] is { Operator: Operators.Linear, Inputs.Count: 2 } linear
            && reading.ReadersOfInput(value) == 1 && row.Shape is [.., var columns] && columns == product.Shape[1] && TensorIndexes.Count(row.Shape) == columns)
        {
            string bias = reading.Reader.Describe(WithShape(row, [columns]), Operators.Linear, linear.Output, 2);
            reading.Reader._nodes[maker] = linear with { Inputs = [.. linear.Inputs, bias] };
            return [product];
        }

        return Arithmetic(reading);
    }

    private static GraphOperand[] ReadPower(NodeReading reading) => reading.In(1).Tensor is { } exponent && exponent.Count == 1
        ? exponent.ToSingles()[0] switch
        {
            1 => [reading.In(0)],
            2 => [reading.Emit(Operators.Multiply, [reading.In(0), reading.In(0)])],
            0.5f => [reading.Emit("Sqrt", [reading.In(0)])],
            _ => Arithmetic(reading),
        }
        : Arithmetic(reading);

    private static GraphOperand[] ReadLimit(NodeReading reading)
    {
        GraphOperand result = reading.In(0);
        for (int input = 1; input < reading.InputCount; input++)
        {
            GraphOperand next = reading.In(input);
            (GraphOperand value, GraphOperand limit) = result.Tensor is null ? (result, next) : (next, result);
            bool isLimit = value.Tensor is null && limit.Tensor is { Count: 1 };
            double number = isLimit ? limit.Tensor!.ToSingles()[0] : 0;
            result = !isLimit ? reading.Emit(reading.Node.OpType, [result, next])
                : reading.Node.OpType == "Max" ? Limit(reading, value, number, float.MaxValue)
                : Limit(reading, value, float.MinValue, number);
        }

        return [result];
    }

    private static GraphOperand[] ReadClip(NodeReading reading)
    {
        return [Limit(reading, reading.In(0), Bound("min", 1, float.MinValue), Bound("max", 2, float.MaxValue))];

        // No limit may be written as an infinite one.
        double Bound(string name, int input, double otherwise) => !reading.Has(input) ? double.IsInfinity(reading.Numbers.Float(name)) ? otherwise : reading.Real(name, otherwise)
            : reading.Numbers.HasAttribute(name) ? throw new WeightsFormatException($"it has {name} both as an attribute and as an input")
            : reading.TensorIn(input).Tensor!.ToSingles() is [var number] ? number
            : throw new WeightsFormatException($"its limit {name} is not one number");
    }

    private static GraphOperand Limit(NodeReading reading, GraphOperand value, double least, double most)
    {
        Demand(least <= most, FormattableString.Invariant($"its limits {least} and {most} have changed places"));
        return reading.Emit(Operators.Clip, [value], ("min", least), ("max", most));
    }

    private static GraphOperand[] ReadDropout(NodeReading reading)
    {
        Demand(!reading.Has(2) || reading.Numbers.In(2).Numbers is [0], "it drops numbers as in training; export the network for evaluation");
        return [reading.In(0)];
    }

    private static GraphOperand[] ReadCast(NodeReading reading)
    {
        var type = (DataType)reading.Numbers.Int("to", 0);
        Require(type is DataType.Float or DataType.Float16 or DataType.Double or DataType.Bfloat16, $"it makes numbers of type {type}, where real ones are needed");
        return [reading.In(0)];
    }

    private static GraphOperand[] ReadConstant(NodeReading reading) => reading.Numbers.Tensor("value") is { } tensor
        ? [new GraphOperand(reading.Output, [.. tensor.Dims], GraphStateTensor.Of(tensor, reading.Output)) { Source = new TensorSource(reading.Output, []) }]
        : reading.Numbers.Floats("value_floats") is { } numbers
            ? [new GraphOperand(reading.Output, [numbers.Length], PlainTensor.Of([numbers.Length], numbers))]
            : throw new WeightsFormatException("it has no tensor as its value");

    private static GraphOperand[] ReadParametricRelu(NodeReading reading)
    {
        (GraphOperand value, GraphOperand slopes) = (reading.ValueIn(0), reading.TensorIn(1));
        Require(value.Shape.Length > 1, $"it reads {value}, which has no channels");
        long channels = value.Shape[1];
        long[] shape = [.. slopes.Shape.SkipWhile(size => size == 1)];
        bool isOne = TensorIndexes.Count(slopes.Shape) == 1;

        // Files from before version 7 have slopes [C]; newer ones mean columns by that, of which there are seldom as many.
        bool isOfChannels = shape is [var count, .. var rest] && count == channels && Array.TrueForAll(rest, size => size == 1)
            && (rest.Length == value.Shape.Length - 2 || (rest.Length == 0 && (reading.Version < 7 || value.Shape[^1] != channels)));
        Require(isOne || isOfChannels, $"its slopes {slopes} are not one for each channel of {value}");
        slopes = isOne && channels > 1 ? Repeated(slopes, [channels, .. Enumerable.Repeat(1L, value.Shape.Length - 2)]) : WithShape(slopes, [channels]);
        return [reading.Emit(Operators.ParametricRelu, [value, slopes])];
    }

    private static GraphOperand[] ReadBatchNormalization(NodeReading reading)
    {
        GraphOperand value = reading.ValueIn(0);
        Require(value.Shape.Length > 1, $"it reads {value}, which has no channels");
        GraphOperand[] norm = [.. Enumerable.Range(1, 4).Select(reading.TensorIn)];
        double epsilon = reading.Real("epsilon", 1e-5);
        Demand(reading.Numbers.Int("training_mode", 0) == 0, "it takes statistics of the batch as in training; export the network for evaluation");
        int count = TensorIndexes.Count(norm[0].Shape);
        Require(Array.TrueForAll(norm, tensor => TensorIndexes.Count(tensor.Shape) == count), "its tensors are not equally many numbers");
        float[] gamma = norm[0].Tensor!.ToSingles(), variance = norm[3].Tensor!.ToSingles();
        double[] scales = [.. gamma.Select((number, i) => number / Math.Sqrt(variance[i] + epsilon))];
        Demand(Array.TrueForAll(scales, scale => float.IsFinite((float)scale)), "its variances have no root to divide by; the file is damaged");
        if (count == value.Shape[1])
        {
            return [reading.Emit(Operators.BatchNormalization, [value, .. norm.Select(tensor => WithShape(tensor, [count]))], ("epsilon", epsilon))];
        }

        // Before version 9 each number could have statistics of its own (spatial is 0).
        Require(count == TensorIndexes.Count(value.Shape), $"its {count} numbers are not those of the channels of {value}");
        long[] shape = value.Shape[1..];
        float[] beta = norm[1].Tensor!.ToSingles(), mean = norm[2].Tensor!.ToSingles();
        GraphOperand scale = norm[0] with
        {
            Shape = shape,
            Tensor = PlainTensor.Of(shape, Array.ConvertAll(scales, number => (float)number)),
            Source = norm[0].Source.Then(new TensorStep(TensorStepKind.NormScale, Number: epsilon, Statistic: Statistic(norm[3]))),
        };
        GraphOperand shift = norm[1] with
        {
            Shape = shape,
            Tensor = PlainTensor.Of(shape, [.. scales.Select((number, i) => (float)(beta[i] - (mean[i] * number)))]),
            Source = norm[1].Source.Then(new TensorStep(TensorStepKind.NormShift, Statistic: Statistic(norm[2]))),
        };
        return [reading.Emit(Operators.Add, [reading.Emit(Operators.Multiply, [value, scale]), shift])];

        static string Statistic(GraphOperand tensor) => tensor.Source is { Root: { } root, Steps.Count: 0 } ? root : "";
    }

    private static GraphOperand WithShape(GraphOperand tensor, long[] shape) =>
        tensor.Shape.SequenceEqual(shape) ? tensor : tensor with { Shape = shape, Tensor = PlainTensor.Of(shape, tensor.Tensor!.ToSingles()) };

    /// <summary>Makes one number as many as a node takes instead of it.</summary>
    /// <param name="number">The number.</param>
    /// <param name="sizes">The sizes that the node of the graph takes; the description has a row of them.</param>
    private static GraphOperand Repeated(GraphOperand number, long[] sizes)
    {
        int count = TensorIndexes.Count(sizes);
        return number with
        {
            Shape = [count],
            Tensor = PlainTensor.Of([count], [.. Enumerable.Repeat(number.Tensor!.ToSingles()[0], count)]),
            Source = number.Source.Then(new TensorStep(TensorStepKind.Repeat, sizes)),
        };
    }

    /// <summary>Refuses what is a mistake of the file, whoever computes it.</summary>
    private static void Demand(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new InvalidDataException(otherwise);
        }
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new WeightsFormatException(otherwise);
        }
    }
}
