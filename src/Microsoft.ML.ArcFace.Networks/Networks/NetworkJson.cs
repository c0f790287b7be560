using System.Text.Json;

namespace Microsoft.ML.ArcFace.Networks;

/// <summary>Writes a description as JSON, and reads it back with every count, length and size held to a bound, for whoever altered it.</summary>
internal static class NetworkJson
{
    /// <summary>The largest counts and sizes that are read. IResNet-200 has 600 nodes and 1,800 tensors.</summary>
    private const int MostCharacters = 8 << 20, MostNodes = 3000, MostTensors = 12_000, MostValuesOfNode = 64, MostAttributes = 32, MostNumbers = 64, MostDimensions = 8, LongestName = 1024;

    /// <summary>Writes a description. The same description gives the same text.</summary>
    public static string Write(NetworkDescription network) => JsonSerializer.Serialize(
        new StoredNetwork(
            network.Name, network.Input, network.ShapeOf(network.Input),
            [.. network.Nodes.Select(Stored)],
            [.. network.Tensors.Select(tensor => new StoredShape(tensor.Name, tensor.Shape, tensor.Kind))],
            network.Output),
        StoredNetworkJson.Default.StoredNetwork);

    /// <summary>Writes what a network computes, without its name and what only training looks at.</summary>
    public static string WriteComputation(NetworkDescription network) => JsonSerializer.Serialize(
        new StoredNetwork(null, network.Input, network.ShapeOf(network.Input), [.. network.Nodes.Select(node => Stored(node) with { Name = null, Stage = 0 })], null, network.Output),
        StoredNetworkJson.Default.StoredNetwork);

    /// <summary>Reads a description.</summary>
    /// <exception cref="FormatException">It is not what <see cref="Write"/> writes, or more than a network of faces has; the message says what.</exception>
    public static NetworkDescription Read(string json)
    {
        Check(json.Length <= MostCharacters, $"it has {json.Length} characters, where at most {MostCharacters} are due");
        StoredNetwork? stored;
        try
        {
            stored = JsonSerializer.Deserialize(json, StoredNetworkJson.Default.StoredNetwork);
        }
        catch (JsonException error)
        {
            throw new FormatException("The description of the network was altered: it is no JSON of the kind that is written here.", error);
        }

        Check(stored is { Nodes: not null, Tensors: not null } && IsShape(stored.InputShape, mayBeginWithBatch: true), "parts of it are missing");
        Check(IsName(stored!.Name) && IsName(stored.Input) && IsName(stored.Output), "its name, input or output is missing");
        Check(stored.Nodes!.Length is > 0 and <= MostNodes, $"it has {stored.Nodes.Length} nodes, where 1 to {MostNodes} are due");
        Check(stored.Tensors!.Length <= MostTensors, $"it has {stored.Tensors.Length} tensors, where at most {MostTensors} are due");
        Check(stored.Tensors.DistinctBy(tensor => tensor?.Name).Count() == stored.Tensors.Length, "two tensors have one name");
        NetworkNode[] nodes = Array.ConvertAll(stored.Nodes, Node);
        NetworkTensor[] tensors = Array.ConvertAll(stored.Tensors, Tensor);
        Check(nodes.Count(node => node.Operator == Operators.Graph) <= 1, "it has several graphs, where at most one is due");
        try
        {
            return new NetworkDescription(stored.Name!, stored.Input!, stored.InputShape!, nodes, tensors, stored.Output!);
        }
        catch (Exception error) when (error is WeightsFormatException or ArgumentException or NotSupportedException or ArithmeticException or InvalidOperationException or IndexOutOfRangeException or KeyNotFoundException or InvalidCastException)
        {
            throw new FormatException($"The description of the network was altered, or is of a newer version: {error.Message}", error);
        }
    }

    private static StoredNode Stored(NetworkNode node) => new(
        node.Operator, node.Name, [.. node.Inputs], [.. node.Outputs],
        node.Attributes.Values.Count == 0 ? null : [.. node.Attributes.Values.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(Attribute)], node.Stage);

    private static StoredAttribute Attribute(KeyValuePair<string, object> attribute) => attribute.Value switch
    {
        long number => new(attribute.Key, Number: number),
        long[] numbers => new(attribute.Key, Numbers: numbers),
        double real => new(attribute.Key, Real: real),
        double[] reals => new(attribute.Key, Reals: reals),
        string text => new(attribute.Key, Text: text),
        _ => throw new NotSupportedException($"The attribute '{attribute.Key}' is of {attribute.Value.GetType()}, which is not saved."),
    };

    private static NetworkNode Node(StoredNode? node)
    {
        Check(node is { Inputs: not null, Outputs: not null } && IsName(node.Operator) && IsName(node.Name), "a node lacks its operator, name, inputs or outputs");
        Check(
            node!.Inputs!.Length is > 0 and <= MostValuesOfNode && Array.TrueForAll(node.Inputs, input => input is "" || IsName(input))
            && node.Outputs!.Length is > 0 and <= MostValuesOfNode && Array.TrueForAll(node.Outputs, IsName) && node.Stage is >= 0 and <= MostNodes,
            $"the node '{node.Name}' has inputs, outputs or a stage that no node has");
        StoredAttribute[] attributes = node.Attributes ?? [];
        Check(attributes.Length <= MostAttributes && attributes.DistinctBy(attribute => attribute?.Name).Count() == attributes.Length, $"the node '{node.Name}' has {attributes.Length} attributes, or two of one name");
        return new NetworkNode(node.Operator!, node.Name!, node.Inputs, node.Outputs!)
        {
            Attributes = attributes.Length == 0 ? NodeAttributes.None : new NodeAttributes(attributes.ToDictionary(attribute => attribute.Name!, attribute => Value(attribute, node.Name!))),
            Stage = node.Stage,
        };
    }

    private static object Value(StoredAttribute attribute, string node)
    {
        object?[] values = [attribute.Number, attribute.Numbers, attribute.Real, attribute.Reals, attribute.Text];
        Check(
            IsName(attribute.Name) && values.Count(value => value is not null) == 1 && attribute.Numbers is null or { Length: <= MostNumbers } && attribute.Reals is null or { Length: <= MostNumbers }
            && attribute.Text is null or { Length: <= LongestName } && !(attribute.Real is double.NaN) && Array.TrueForAll(attribute.Reals ?? [], real => !double.IsNaN(real)),
            $"the attribute '{attribute.Name}' of the node '{node}' has no value, several, or too many numbers");
        return Array.Find(values, value => value is not null)!;
    }

    private static NetworkTensor Tensor(StoredShape? tensor)
    {
        Check(tensor is not null && IsName(tensor.Name) && IsShape(tensor.Shape, mayBeginWithBatch: false) && Enum.IsDefined(tensor.Kind), $"the tensor '{tensor?.Name}' has no name, shape or kind that a tensor has");
        return new NetworkTensor(tensor!.Name!, tensor.Shape!, tensor.Kind);
    }

    private static bool IsName(string? name) => name is { Length: > 0 and <= LongestName };

    /// <summary>Tells whether these are sizes, each and all together below what an array can hold.</summary>
    private static bool IsShape(long[]? shape, bool mayBeginWithBatch)
    {
        if (shape is not { Length: <= MostDimensions })
        {
            return false;
        }

        double count = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            bool isBatch = mayBeginWithBatch && i == 0 && shape[i] == NetworkDescription.Batch;
            count *= isBatch ? 1 : Math.Max(1, shape[i]);
            if (!isBatch && shape[i] is < 0 or > int.MaxValue)
            {
                return false;
            }
        }

        return count <= Array.MaxLength;
    }

    private static void Check(bool isSound, string why)
    {
        if (!isSound)
        {
            throw new FormatException($"The description of the network was altered: {why}.");
        }
    }
}
