using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>Turns the numbers of a network's tensor back into those of the graph that the tensor comes from.</summary>
internal static class TensorStepsBack
{
    /// <summary>Undoes the steps behind the first few.</summary>
    /// <param name="writing">Gives numbers by name.</param>
    /// <param name="origin">The steps.</param>
    /// <param name="start">How many steps stay done.</param>
    /// <returns>The numbers, and the sizes that they need where one number has become several; null otherwise.</returns>
    public static (float[] Values, long[]? Widened) Undo(GraphWriting writing, TensorOrigin origin, int start)
    {
        float[] values = writing.Numbers(origin.Tensor);
        long[]? widened = null;
        for (int i = origin.Source.Steps.Count - 1; i >= start; i--)
        {
            TensorStep step = origin.Source.Steps[i];
            switch (step.Kind)
            {
                case TensorStepKind.Transpose:
                    values = Transposed(values, step);
                    break;
                case TensorStepKind.Scale:
                    values = Divided(values, step.Number, origin.Tensor);
                    break;
                case TensorStepKind.Repeat when Array.TrueForAll(values, value => value == values[0]):
                    values = [values[0]];
                    break;
                case TensorStepKind.Repeat:
                    widened = step.Shape;
                    break;
                case TensorStepKind.NormScale:
                    values = [.. values.Zip(writing.Statistic(step.Statistic!, values.Length), (value, variance) => (float)(value * Math.Sqrt(variance + step.Number)))];
                    break;
                default:
                    float[] mean = writing.Statistic(step.Statistic!, values.Length), scale = writing.ScaleBeside(origin, values.Length);
                    values = [.. values.Select((value, place) => (float)(value + ((double)mean[place] * scale[place])))];
                    break;
            }
        }

        return (values, widened);
    }

    private static float[] Transposed(float[] values, TensorStep step)
    {
        long[] made = Array.ConvertAll(step.Order!, axis => step.Shape![axis]);
        long[] back = new long[made.Length];
        for (int axis = 0; axis < made.Length; axis++)
        {
            back[step.Order![axis]] = axis;
        }

        var node = new NetworkNode(Operators.Transpose, Operators.Transpose, ["numbers"], ["turned"]) { Attributes = new NodeAttributes(new Dictionary<string, object> { ["perm"] = back }) };
        return Array.ConvertAll(TensorIndexes.Of(node, [made], step.Shape!), index => values[index]);
    }

    private static float[] Divided(float[] values, double factor, string tensor) => factor != 0
        ? Array.ConvertAll(values, value => (float)(value / factor))
        : Array.TrueForAll(values, value => value == 0) ? values
        : throw GraphWriting.NotWritten($"A node multiplies the tensor '{tensor}' by 0");
}
