using System.Text.Json.Serialization;

namespace Microsoft.ML.ArcFace.Networks;

/// <summary>Holds a <see cref="NetworkDescription"/> as the header of a saved model keeps it; null where something is missing.</summary>
internal sealed record StoredNetwork(string? Name, string? Input, long[]? InputShape, StoredNode[]? Nodes, StoredShape[]? Tensors, string? Output);

/// <summary>Holds a node.</summary>
internal sealed record StoredNode(string? Operator, string? Name, string[]? Inputs, string[]? Outputs, StoredAttribute[]? Attributes = null, int Stage = 0);

/// <summary>Holds name, sizes and kind of a tensor; its numbers lie elsewhere.</summary>
internal sealed record StoredShape(string? Name, long[]? Shape, TensorKind Kind);

/// <summary>Holds an attribute: one of the values is there.</summary>
internal sealed record StoredAttribute(string? Name, long? Number = null, long[]? Numbers = null, double? Real = null, double[]? Reals = null, string? Text = null);

/// <summary>Writes networks into the headers of saved models.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, UseStringEnumConverter = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, MaxDepth = 8)]
[JsonSerializable(typeof(StoredNetwork))]
internal sealed partial class StoredNetworkJson : JsonSerializerContext;
