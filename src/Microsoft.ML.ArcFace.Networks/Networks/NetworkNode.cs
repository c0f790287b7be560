namespace Microsoft.ML.ArcFace.Networks;

/// <summary>One operation of a network. Operators, their attributes and the order of their inputs are those of ONNX.</summary>
/// <param name="Operator">The operation, such as "Conv".</param>
/// <param name="Name">The name of the layer, with which the names of its tensors begin.</param>
/// <param name="Inputs">Names of values and tensors.</param>
/// <param name="Outputs">Names of the values that it makes.</param>
internal sealed record NetworkNode(string Operator, string Name, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs)
{
    public NodeAttributes Attributes { get; init; } = NodeAttributes.None;

    /// <summary>0 for the stem, then the stages by number; the head has the number after the last stage.</summary>
    public int Stage { get; init; }

    /// <summary>The value that it reads first.</summary>
    public string Input => Inputs[0];

    /// <summary>Its only output.</summary>
    public string Output => Outputs.Count == 1 ? Outputs[0] : throw new InvalidOperationException($"{this} has {Outputs.Count} outputs.");

    /// <summary>Name and operator, for messages.</summary>
    public override string ToString() => $"The node '{Name}' ({Operator})";
}
