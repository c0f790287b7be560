using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference.General;

/// <summary>Makes one number of all along some axes.</summary>
internal sealed unsafe class ReductionStep : InferenceStep
{
    private readonly int[][] _sources;      // for each result
    private readonly int[] _places;
    private readonly Func<float[], float> _reduce;

    /// <param name="input">The map that is read.</param>
    /// <param name="output">The map that is written.</param>
    /// <param name="node">A node of <see cref="Operators.OfReduction"/>.</param>
    /// <param name="shape">The sizes of its value for one image.</param>
    public ReductionStep(FeatureMap input, FeatureMap output, NetworkNode node, long[] shape)
        : base(input, output, shortcut: null)
    {
        long[] kept = [.. shape.Select((size, axis) => node.Attributes.Numbers("axes").Contains(axis) ? 1 : size)];
        int[] from = MapLayout.Places(input);
        _places = MapLayout.Places(output);
        _sources = [.. TensorIndexes.OfBroadcast(kept, shape).Select((result, element) => (result, element)).GroupBy(entry => entry.result).OrderBy(group => group.Key).Select(group => group.Select(entry => from[entry.element]).ToArray())];
        _reduce = node.Operator switch
        {
            "ReduceL1" => values => TensorPrimitives.SumOfMagnitudes<float>(values),
            Operators.ReduceLength => values => TensorPrimitives.Norm<float>(values),
            "ReduceMax" => values => TensorPrimitives.Max<float>(values),
            "ReduceMean" => values => TensorPrimitives.Sum<float>(values) / values.Length,
            "ReduceMin" => values => TensorPrimitives.Min<float>(values),
            Operators.ReduceSum => values => TensorPrimitives.Sum<float>(values),
            "ReduceSumSquare" => values => TensorPrimitives.SumOfSquares<float>(values),
            _ => throw new WeightsFormatException($"No step computes {node}."),
        };
    }

    public override int PartCount(int images) => images;

    public override void Run(StepMemory memory, int images, int begin, int end)
    {
        float[] values = new float[_sources[0].Length];
        for (int image = begin; image < end; image++)
        {
            float* from = (float*)memory.Input.Address + ((nint)image * Input.ImageStride), to = (float*)memory.Output.Address + ((nint)image * Output.ImageStride);
            new Span<float>(to, Output.ImageStride).Clear();
            for (int result = 0; result < _sources.Length; result++)
            {
                int[] sources = _sources[result];
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = from[sources[i]];
                }

                to[_places[result]] = _reduce(values);
            }
        }
    }

    public override void Dispose()
    {
    }
}
