using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>Tells where the numbers of a tensor come from in a graph.</summary>
/// <param name="Root">The initializer, or the output of the Constant, that holds them; null where nodes compute them of several, or in ways that are not turned back.</param>
/// <param name="Steps">What was done to them, in this order. Between the steps they may have been given other sizes in the same order.</param>
internal sealed record TensorSource(string? Root, IReadOnlyList<TensorStep> Steps)
{
    /// <summary>The numbers that nodes of the graph compute.</summary>
    public static readonly TensorSource Computed = new(null, []);

    /// <summary>Adds a step.</summary>
    public TensorSource Then(TensorStep step) => this with { Steps = [.. Steps, step] };
}

/// <summary>Names what is done to the numbers of a graph's tensor for a description.</summary>
internal enum TensorStepKind
{
    /// <summary>Axes change places.</summary>
    Transpose,

    /// <summary>All numbers are multiplied by one.</summary>
    Scale,

    /// <summary>One number becomes as many as there are channels.</summary>
    Repeat,

    /// <summary>The factor of a norm is divided by the deviation, the root of a variance and an epsilon.</summary>
    NormScale,

    /// <summary>From what a norm adds, its mean is taken, multiplied by what <see cref="NormScale"/> makes.</summary>
    NormShift,
}

/// <summary>Is a step between a tensor of a graph and that of a description.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="Shape">The sizes before a <see cref="TensorStepKind.Transpose"/>; the sizes in which a node takes what a <see cref="TensorStepKind.Repeat"/> makes.</param>
/// <param name="Order">The axis of the input for each axis of the result of a <see cref="TensorStepKind.Transpose"/>.</param>
/// <param name="Number">The factor of a <see cref="TensorStepKind.Scale"/>; the epsilon of a norm.</param>
/// <param name="Statistic">The tensor of the graph that holds a norm's variance (<see cref="TensorStepKind.NormScale"/>) or mean (<see cref="TensorStepKind.NormShift"/>).</param>
internal sealed record TensorStep(TensorStepKind Kind, long[]? Shape = null, int[]? Order = null, double Number = 0, string? Statistic = null);

/// <summary>Is an input of a graph's node that a tensor of a description stands for.</summary>
/// <param name="Node">The index of the node.</param>
/// <param name="Input">The index of the input.</param>
/// <param name="Start">How many of the steps are done before the node reads the numbers.</param>
/// <param name="Shape">The sizes that it reads.</param>
/// <param name="Type">The type of element that it reads, as ONNX counts them.</param>
/// <param name="Value">What the node of the description makes that reads the tensor; empty in models that do not tell it.</param>
/// <param name="Place">Which of that node's inputs the tensor is: a training gives each node a tensor of its own, where the graph has one for several.</param>
internal sealed record TensorUse(int Node, int Input, int Start, long[] Shape, int Type, string Value = "", int Place = 0)
{
    /// <summary>Finds the tensor that stands for the numbers in a network; null where there is none.</summary>
    public NetworkTensor? In(NetworkDescription network)
    {
        NetworkNode? node = network.ProducerOf(Value);
        node = node is not null && RenewedNorms.IsRenewed(network, node) ? network.ProducerOf(node.Input) : node;
        return node is not null && Place >= 0 && Place < node.Inputs.Count ? network.FindTensor(node.Inputs[Place]) : null;
    }
}

/// <summary>Tells which numbers of a graph a tensor of a description stands for.</summary>
/// <param name="Tensor">The name in the description.</param>
/// <param name="Source">Where its numbers come from.</param>
/// <param name="Uses">Who reads them.</param>
internal sealed record TensorOrigin(string Tensor, TensorSource Source, IReadOnlyList<TensorUse> Uses)
{
    /// <summary>Whether nothing but this tensor comes of the root, so that the numbers there can be replaced.</summary>
    public bool IsOnlyOne { get; init; }

    /// <summary>What tells the numbers at the import from others; null where the graph that is kept does not have them any more.</summary>
    public string? Unchanged { get; init; }
}
