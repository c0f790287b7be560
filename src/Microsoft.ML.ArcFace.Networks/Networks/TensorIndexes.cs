namespace Microsoft.ML.ArcFace.Networks;

/// <summary>
/// Tells for each element of a result which element of the inputs it is: all that operators do that only arrange numbers.
/// Elements are counted row by row, those of a second input behind those of the first.
/// </summary>
internal static class TensorIndexes
{
    /// <summary>Stands for the constant of a <see cref="Operators.Pad"/>.</summary>
    public const int Outside = -1;

    /// <summary>The index of each element.</summary>
    /// <param name="node">A node of <see cref="Operators.OfLayout"/>.</param>
    /// <param name="inputs">The sizes of what it reads, for one image.</param>
    /// <param name="output">The sizes of what it makes, for one image.</param>
    public static int[] Of(NetworkNode node, IReadOnlyList<long[]> inputs, long[] output) => node.Operator switch
    {
        Operators.Concat => OfConcat(node, inputs, output),
        Operators.Expand => OfBroadcast(inputs[0], output),
        Operators.Flatten or Operators.Reshape => [.. Enumerable.Range(0, Count(output))],
        Operators.Pad => OfPad(node, inputs[0], output),
        Operators.Slice => OfSlice(node, inputs[0], output),
        Operators.Transpose => OfTranspose(node, inputs[0], output),
        _ => throw new NotSupportedException($"{node} does more than to arrange numbers."),
    };

    /// <summary>The index in a value for each element of what it is broadcast to, as NumPy does it.</summary>
    public static int[] OfBroadcast(long[] input, long[] output)
    {
        long[] steps = Steps(input), ofOutput = new long[output.Length];
        for (int axis = 1; axis <= input.Length; axis++)
        {
            ofOutput[^axis] = input[^axis] == 1 ? 0 : steps[^axis];
        }

        return ByPlace(output, place => Dot(place, ofOutput));
    }

    public static int Count(long[] shape) => (int)shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>Elements from one place of an axis to the next.</summary>
    public static long[] Steps(long[] shape)
    {
        long[] steps = new long[shape.Length];
        long step = 1;
        for (int axis = shape.Length - 1; axis >= 0; axis--)
        {
            steps[axis] = step;
            step *= shape[axis];
        }

        return steps;
    }

    private static int[] OfTranspose(NetworkNode node, long[] input, long[] output)
    {
        long[] steps = Steps(input), order = node.Attributes.Numbers("perm");
        long[] ofOutput = Array.ConvertAll(order, axis => steps[axis]);
        return ByPlace(output, place => Dot(place, ofOutput));
    }

    private static int[] OfSlice(NetworkNode node, long[] input, long[] output)
    {
        long[] steps = Steps(input), ofOutput = [.. steps];
        long first = 0;
        (long[] starts, long[] axes, long[] strides) = (node.Attributes.Numbers("starts"), node.Attributes.Numbers("axes"), node.Attributes.Numbers("steps"));
        for (int i = 0; i < starts.Length; i++)
        {
            first += starts[i] * steps[axes[i]];
            ofOutput[axes[i]] = steps[axes[i]] * strides[i];
        }

        return ByPlace(output, place => first + Dot(place, ofOutput));
    }

    private static int[] OfPad(NetworkNode node, long[] input, long[] output)
    {
        long[] steps = Steps(input), pads = node.Attributes.Numbers("pads");
        return ByPlace(output, place =>
        {
            long index = 0;
            for (int axis = 0; axis < place.Length; axis++)
            {
                long at = place[axis] - pads[axis];
                if (at < 0 || at >= input[axis])
                {
                    return Outside;
                }

                index += at * steps[axis];
            }

            return index;
        });
    }

    private static int[] OfConcat(NetworkNode node, IReadOnlyList<long[]> inputs, long[] output)
    {
        int axis = (int)node.Attributes.Number("axis", 1);
        int[] owners = [.. inputs.SelectMany((input, number) => Enumerable.Repeat(number, (int)input[axis]))];
        int[] begins = [.. inputs.Select((_, number) => inputs.Take(number).Sum(input => (int)input[axis]))], offsets = [.. inputs.Select((_, number) => inputs.Take(number).Sum(Count))];
        long[][] steps = [.. inputs.Select(Steps)];
        return ByPlace(output, place =>
        {
            int owner = owners[place[axis]];
            return offsets[owner] + Dot(place, steps[owner]) - (begins[owner] * steps[owner][axis]);
        });
    }

    private static long Dot(long[] place, long[] steps)
    {
        long sum = 0;
        for (int axis = 0; axis < place.Length; axis++)
        {
            sum += place[axis] * steps[axis];
        }

        return sum;
    }

    private static int[] ByPlace(long[] shape, Func<long[], long> indexOf)
    {
        int[] indexes = new int[Count(shape)];
        long[] place = new long[shape.Length];
        for (int element = 0; element < indexes.Length; element++)
        {
            indexes[element] = (int)indexOf(place);
            for (int axis = shape.Length - 1; axis >= 0 && ++place[axis] == shape[axis]; axis--)
            {
                place[axis] = 0;
            }
        }

        return indexes;
    }
}
