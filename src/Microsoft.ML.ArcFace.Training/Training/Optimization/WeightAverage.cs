using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// An exponential moving average of a module's parameters and buffers, kept in a second module of the same kind.
/// The decay starts small, so that the random start is forgotten.
/// </summary>
internal sealed class WeightAverage(nn.Module source, nn.Module average, double decay)
{
    private const int BlockLength = 1024;

    private readonly (Tensor Source, Tensor Average)[] _pairs =
        [.. source.state_dict().Values.Zip(average.state_dict().Values, (s, a) => (s, a))];

    /// <summary>Moves the average towards the module as it is after a step.</summary>
    /// <param name="updatesBefore">How often the average was moved before.</param>
    public void Update(int updatesBefore)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        double keep = Math.Min(decay, (1 + updatesBefore) / (10.0 + updatesBefore));
        foreach ((Tensor from, Tensor to) in _pairs)
        {
            if (TensorMemory.AreFlat(from, to))
            {
                MoveTowards(TensorMemory.Values<float>(to), TensorMemory.Values<float>(from), (float)(1 - keep));
            }
            else if (to.is_floating_point())
            {
                to.lerp_(from, 1 - keep);
            }
            else
            {
                to.copy_(from);
            }
        }
    }

    private static void MoveTowards(Span<float> values, ReadOnlySpan<float> ends, float share)
    {
        Span<float> ways = stackalloc float[BlockLength];
        for (int start = 0; start < values.Length; start += BlockLength)
        {
            int length = Math.Min(BlockLength, values.Length - start);
            Span<float> block = values.Slice(start, length), way = ways[..length];
            TensorPrimitives.Subtract(ends.Slice(start, length), block, way);
            TensorPrimitives.MultiplyAddEstimate(way, share, block, block);
        }
    }
}
