using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Backbones;

/// <summary>
/// Compares libtorch's own convolutions with themselves in the two memory orders. On some processors (seen: Zen 5 in a virtual
/// machine that tells no cache sizes) oneDNN's AVX-512 code gives other numbers for channels-last input.
/// </summary>
internal static class TorchConvolutions
{
    // Those of MobileFaceNet: channels in and out, kernel, stride, padding, groups, side.
    private static readonly (int In, int Out, int Kernel, int Stride, int Padding, int Groups, int Side)[] Shapes =
    [
        (3, 128, 3, 2, 1, 1, 112), (128, 128, 3, 1, 1, 64, 56), (128, 128, 1, 1, 0, 1, 56), (128, 128, 3, 2, 1, 128, 56), (128, 128, 3, 1, 1, 128, 28), (128, 256, 1, 1, 0, 1, 28),
        (256, 256, 3, 2, 1, 256, 28), (256, 256, 1, 1, 0, 1, 14), (256, 256, 3, 1, 1, 256, 14), (256, 512, 1, 1, 0, 1, 14), (512, 512, 3, 2, 1, 512, 14), (512, 256, 1, 1, 0, 1, 7),
        (256, 512, 1, 1, 0, 1, 7), (512, 512, 7, 1, 0, 512, 7),
    ];

    /// <summary>Tells whether all agree to a relative error of 1e-4.</summary>
    public static bool AgreeInBothMemoryOrders(out string difference)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var generator = new Generator(1);
        var differences = new List<string>();
        foreach (var shape in Shapes)
        {
            Tensor input = rand([2, shape.In, shape.Side, shape.Side], generator: generator) - 0.5f, weight = rand([shape.Out, shape.In / shape.Groups, shape.Kernel, shape.Kernel], generator: generator) - 0.5f;
            Tensor channelsLast = input.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
            Tensor expected = nn.functional.conv2d(input, weight, null, [shape.Stride, shape.Stride], [shape.Padding, shape.Padding], [1, 1], shape.Groups);
            Tensor actual = nn.functional.conv2d(channelsLast, weight, null, [shape.Stride, shape.Stride], [shape.Padding, shape.Padding], [1, 1], shape.Groups);
            float error = ((actual - expected).norm() / expected.norm()).item<float>();
            if (!(error < 1e-4))
            {
                differences.Add($"{shape} by {error:E1}");
            }
        }

        difference = string.Join(", ", differences);
        return differences.Count == 0;
    }
}
