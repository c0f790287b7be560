using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

// Convolutions, pools, products of matrices and reductions.
internal sealed partial class GraphReader
{
    private static GraphOperand[] ReadConvolution(NodeReading reading)
    {
        (GraphOperand value, GraphOperand weight) = (reading.ValueIn(0), reading.TensorIn(1));
        Require(value.Shape.Length == 4, $"it reads {value}, where a map of rows and columns is needed");
        Require(weight.Shape.Length == 4 && (reading.Numbers.Ints("kernel_shape") is not { } stated || stated.SequenceEqual(weight.Shape[2..])), $"its kernel is not that of its weight {weight}");
        (value, long[] around) = WithoutPadding(reading, value);
        long[] kernel = weight.Shape[2..];
        GraphOperand[] inputs = reading.Has(2) ? [value, weight, WithShape(reading.TensorIn(2), [weight.Shape[0]])] : [value, weight];
        return [reading.Emit(
            Operators.Convolution,
            inputs,
            ("kernel_shape", kernel),
            ("strides", Window(reading, "strides")),
            ("pads", Pads(reading, value.Shape, kernel, around)),
            ("dilations", Window(reading, "dilations")),
            ("group", reading.Numbers.Int("group", 1)))];
    }

    private static GraphOperand[] ReadPool(NodeReading reading)
    {
        GraphOperand value = reading.ValueIn(0);
        Require(value.Shape.Length == 4, $"it reads {value}, where a map of rows and columns is needed");
        bool isAverage = reading.Node.OpType == Operators.AveragePool;
        long[] kernel = reading.Numbers.Ints("kernel_shape") is [var rows, var columns] ? [rows, columns] : throw new WeightsFormatException("its kernel_shape is not two numbers");
        long[] pads = Pads(reading, value.Shape, kernel, new long[4]), dilations = Window(reading, "dilations");
        if (isAverage && Array.TrueForAll(pads, pad => pad == 0) && Array.TrueForAll(dilations, step => step == 1) && kernel.SequenceEqual(value.Shape[2..]))
        {
            return [reading.Emit(Operators.GlobalAveragePool, [value])];
        }

        Require(!isAverage || Array.TrueForAll(dilations, step => step == 1), "it spreads its window (dilations)");
        (string Name, object Value) own = isAverage ? ("count_include_pad", reading.Numbers.Int("count_include_pad", 0)) : ("dilations", dilations);
        return [reading.Emit(reading.Node.OpType, [value], ("kernel_shape", kernel), ("strides", Window(reading, "strides")), ("pads", pads), ("ceil_mode", reading.Numbers.Int("ceil_mode", 0)), own)];
    }

    private static GraphOperand[] ReadGemm(NodeReading reading)
    {
        (GraphOperand value, GraphOperand weight) = (reading.ValueIn(0), reading.TensorIn(1));
        Require(value.Shape.Length == 2 && weight.Shape.Length == 2, $"it multiplies {value} by {weight}; both must be matrices");
        Require(reading.Numbers.Int("transA", 0) == 0, "it exchanges rows and columns of what it reads (transA)");
        weight = Scaled(reading.Numbers.Int("transB", 0) != 0 ? weight : Transposed(weight), reading.Real("alpha", 1));
        if (!reading.Has(2))
        {
            return [reading.Emit(Operators.Linear, [value, weight], ("transB", 1L))];
        }

        GraphOperand bias = reading.TensorIn(2);
        long outputs = weight.Shape[0];
        Require(TensorIndexes.Count(bias.Shape) is var count && (count == 1 || (count == outputs && bias.Shape[^1] == outputs)), $"what it adds, {bias}, is not one number for each of {outputs} outputs");
        bias = count == outputs ? WithShape(bias, [outputs]) : Repeated(bias, [outputs]);
        return [reading.Emit(Operators.Linear, [value, weight, Scaled(bias, reading.Real("beta", 1))], ("transB", 1L))];
    }

    private static GraphOperand[] ReadMatMul(NodeReading reading)
    {
        (GraphOperand value, GraphOperand weight) = (reading.ValueIn(0), reading.TensorIn(1));
        Require(value.Shape.Length == 2 && weight.Shape.Length == 2, $"it multiplies {value} by {weight}; both must be matrices");
        return [reading.Emit(Operators.Linear, [value, Transposed(weight)], ("transB", 1L))];
    }

    private static GraphOperand[] ReadReduction(NodeReading reading)
    {
        GraphOperand value = reading.ValueIn(0);
        int rank = value.Shape.Length;
        long[] named = reading.Numbers.Sizes("axes", 1) ?? [];
        if (named.Length == 0 && reading.Numbers.Int("noop_with_empty_axes", 0) == 1)
        {
            return [value];
        }

        long[] axes = [.. named.Select(axis => (long)GraphNode.Axis(axis, rank)).Order()];
        Require(axes.Length > 0 && axes[0] > 0, "it makes one number of all pictures of a batch");
        bool keepsAxes = reading.Numbers.Int("keepdims", 1) == 1;
        if (reading.Node.OpType == "ReduceMean" && axes is [2, 3] && rank == 4)
        {
            GraphOperand average = reading.Emit(Operators.GlobalAveragePool, [value]);
            return [keepsAxes ? average : reading.Emit(Operators.Flatten, [average], ("axis", 1L))];
        }

        return [reading.Emit(reading.Node.OpType, [value], ("axes", axes), ("keepdims", keepsAxes ? 1L : 0L))];
    }

    private static GraphOperand[] ReadLpNormalization(NodeReading reading)
    {
        // What the shortest length is taken for: 0 stays 0.
        const double shortest = 1e-37;
        GraphOperand value = reading.ValueIn(0);
        int axis = reading.Numbers.Axis("axis", -1, value.Shape.Length);
        long power = reading.Numbers.Int("p", 2);
        Require(axis > 0 && power is 1 or 2, FormattableString.Invariant($"it divides by the norm L{power} along axis {axis}"));
        GraphOperand length = reading.Emit(power == 2 ? Operators.ReduceLength : "ReduceL1", [value], ("axes", new long[] { axis }), ("keepdims", 1L));
        return [reading.Emit("Div", [value, Limit(reading, length, shortest, float.MaxValue)])];
    }

    /// <summary>Shares of a whole, as attention within a network has them, by operators that there are; not the probabilities that a classifier ends with.</summary>
    private static GraphOperand[] ReadSoftmax(NodeReading reading)
    {
        // Before version 13 all axes from the one that is named on were one row.
        const int firstOfOneAxis = 13;
        GraphOperand value = reading.ValueIn(0);
        int rank = value.Shape.Length;
        bool isOfOneAxis = reading.Version >= firstOfOneAxis;
        int axis = reading.Numbers.Axis("axis", isOfOneAxis ? -1 : 1, rank);
        Require(axis > 0, "it makes shares of all pictures of a batch");
        Demand(reading.Reader._isOnePicture || !reading.Reader._outputs.Contains(reading.Output), "it makes probabilities of classes, where an embedding is due; export the network without its classifier");
        (string Name, object Value)[] all = [("axes", (long[])[.. Enumerable.Range(axis, isOfOneAxis ? 1 : rank - axis).Select(one => (long)one)]), ("keepdims", 1L)];
        GraphOperand powers = reading.Emit("Exp", [reading.Emit("Sub", [value, reading.Emit("ReduceMax", [value], all)])]);
        return [reading.Emit("Div", [powers, reading.Emit(Operators.ReduceSum, [powers], all)])];
    }

    /// <summary>Takes the zeros that a node before a convolution puts around its map into the convolution.</summary>
    private static (GraphOperand Value, long[] Pads) WithoutPadding(NodeReading reading, GraphOperand value)
    {
        if (reading.Reader._nodes.Find(node => node.Output == value.Name) is { Operator: Operators.Pad } pad && pad.Attributes.Real("value", 0) == 0 && reading.Node.Attribute.All(attribute => attribute.Name != "auto_pad")
            && pad.Attributes.Numbers("pads") is [0, 0, var top, var left, 0, 0, var bottom, var right])
        {
            long[] shape = value.Shape;
            return (value with { Name = pad.Input, Shape = [shape[0], shape[1], shape[2] - top - bottom, shape[3] - left - right] }, [top, left, bottom, right]);
        }

        return (value, new long[4]);
    }

    private static long[] Window(NodeReading reading, string name) => reading.Numbers.Ints(name) switch
    {
        null => [1, 1],
        [> 0 and <= int.MaxValue and var rows, > 0 and <= int.MaxValue and var columns] => [rows, columns],
        var other => throw new WeightsFormatException($"its attribute {name} is [{string.Join(", ", other)}]; two positive numbers are needed"),
    };

    /// <summary>Rows and columns around a map [top, left, bottom, right], also where an attribute leaves them to a rule.</summary>
    private static long[] Pads(NodeReading reading, long[] shape, long[] kernel, long[] around)
    {
        string rule = reading.Numbers.Text("auto_pad") ?? "NOTSET";
        long[] stated = reading.Numbers.Ints("pads") ?? new long[4];
        if (rule is "VALID" or "SAME_UPPER" or "SAME_LOWER")
        {
            long[] strides = Window(reading, "strides"), dilations = Window(reading, "dilations");
            stated = new long[4];
            for (int axis = 0; axis < 2 && rule != "VALID"; axis++)
            {
                long places = (shape[axis + 2] + strides[axis] - 1) / strides[axis];
                long missing = Math.Max(0, ((places - 1) * strides[axis]) + ((kernel[axis] - 1) * dilations[axis]) + 1 - shape[axis + 2]);
                (stated[axis], stated[axis + 2]) = rule == "SAME_UPPER" ? (missing / 2, missing - (missing / 2)) : (missing - (missing / 2), missing / 2);
            }
        }

        Require(stated.Length == 4 && Array.TrueForAll(stated, pad => pad >= 0), $"its padding [{string.Join(", ", stated)}] is not four numbers of 0 and more");
        return [.. stated.Zip(around, (pad, further) => pad + further)];
    }

    private static GraphOperand Transposed(GraphOperand matrix)
    {
        (int rows, int columns) = ((int)matrix.Shape[0], (int)matrix.Shape[1]);
        float[] values = matrix.Tensor!.ToSingles(), transposed = new float[values.Length];
        Parallel.For(0, columns, column =>
        {
            for (int row = 0; row < rows; row++)
            {
                transposed[(column * rows) + row] = values[(row * columns) + column];
            }
        });
        return new GraphOperand(matrix.Name + ".transposed", [columns, rows], PlainTensor.Of([columns, rows], transposed))
        {
            Source = matrix.Source.Then(new TensorStep(TensorStepKind.Transpose, matrix.Shape, [1, 0])),
            Use = matrix.Use,
        };
    }

    private static GraphOperand Scaled(GraphOperand operand, double factor)
    {
        if (factor == 1)
        {
            return operand;
        }

        StateTensor tensor = operand.Tensor!;
        var scaled = new ComputedTensor(operand.Shape, (first, rows) =>
        {
            tensor.CopyRows(first, rows);
            TensorPrimitives.Multiply(rows, (float)factor, rows);
        });
        bool isFinite = true;
        scaled.Read(piece => isFinite &= ElementConversion.AreFinite(piece, ElementType.Float32));
        Require(isFinite, FormattableString.Invariant($"its factor {factor} makes numbers that float32 does not hold of {operand}"));
        return operand with { Tensor = scaled, Source = operand.Source.Then(new TensorStep(TensorStepKind.Scale, Number: factor)) };
    }
}
