using Microsoft.ML.ArcFace.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>Draws the weights of a new network from torch's global generator.</summary>
internal static class WeightDrawing
{
    /// <summary>Fills the tensors for which a network says how, in its order; the others keep what their layers start with.</summary>
    /// <param name="network">The network.</param>
    /// <param name="state">Its tensors, which must be just those of the description.</param>
    public static void Draw(NetworkDescription network, IReadOnlyList<(string Name, Tensor Tensor)> state)
    {
        foreach (((string name, Tensor tensor), NetworkTensor described) in state.Zip(network.Tensors))
        {
            if (state.Count != network.Tensors.Count || name != described.Name || !tensor.shape.AsSpan().SequenceEqual(described.Shape))
            {
                throw new WeightsFormatException($"The network '{network.Name}' describes the tensor '{described.Name}' {described.Describe()} where its layers have '{name}' [{string.Join(", ", tensor.shape)}].");
            }

            switch (described.Initialization)
            {
                case WeightInitialization.Normal normal:
                    nn.init.normal_(tensor, 0, normal.Deviation);
                    break;
                case WeightInitialization.KaimingNormalByFanOut:
                    nn.init.kaiming_normal_(tensor, mode: nn.init.FanInOut.FanOut, nonlinearity: nn.init.NonlinearityType.ReLU);
                    break;
                case { } unknown:
                    throw new NotSupportedException($"The tensor '{name}' is to be drawn by {unknown}, which is not known here.");
            }

            if (described.Kind == TensorKind.FixedWeight && tensor is Parameter parameter)
            {
                parameter.requires_grad = false;
            }
        }
    }
}
