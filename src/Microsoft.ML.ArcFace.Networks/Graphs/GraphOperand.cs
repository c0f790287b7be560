using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>A value or tensor of a graph, as the description that is made of the graph has it.</summary>
/// <param name="Name">The name there.</param>
/// <param name="Shape">Its sizes; those of a value are for one image and begin with 1.</param>
/// <param name="Tensor">The numbers of a tensor; null for a value that depends on the image.</param>
internal sealed record GraphOperand(string Name, long[] Shape, StateTensor? Tensor)
{
    /// <summary>
    /// The sizes that it has in the graph, where these do not begin with the batch, as outputs of SCRFD [places, numbers]; null where
    /// they do. The numbers are the same in the same order.
    /// </summary>
    public long[]? Stated { get; init; }

    /// <summary>Whether the value is of a face and its mirror image, one behind the other in a batch.</summary>
    public bool IsMirrorPair { get; init; }

    /// <summary>Which half of a <see cref="IsMirrorPair"/> it is; null for neither.</summary>
    public int? Half { get; init; }

    /// <summary>Where the numbers of a tensor come from.</summary>
    public TensorSource Source { get; init; } = TensorSource.Computed;

    /// <summary>Which input of a node the tensor was read from last.</summary>
    public TensorUse? Use { get; init; }

    public override string ToString() => $"'{Name}' [{string.Join(", ", Shape)}]";
}
