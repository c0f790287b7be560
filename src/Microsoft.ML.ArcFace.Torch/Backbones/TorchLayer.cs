using Microsoft.ML.ArcFace.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>A module of libtorch that holds tensors of a network.</summary>
/// <param name="Node">The node that it computes; null for a constant, which several nodes may read.</param>
/// <param name="Module">The module.</param>
/// <param name="Tensors">The names of its tensors in the description, in the order of the module's own state, which may have more.</param>
internal sealed record TorchLayer(NetworkNode? Node, nn.Module Module, IReadOnlyList<string> Tensors);
