using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>A storage as a checkpoint names it: elements from <paramref name="First"/> on of what lies under a key.</summary>
internal sealed record TorchStorage(string Key, ElementType Type, long Count, long First, long ViewCount);

/// <summary>A tensor as a checkpoint describes it; nothing is checked yet.</summary>
internal sealed record TorchTensor(TorchStorage Storage, long Offset, long[] Shape, long[] Stride);

/// <summary>
/// The names that a state dictionary needs: OrderedDict, torch's functions that put tensors together, and its storages.
/// PyTorch's own safe loading (<c>weights_only</c>) knows these and some more.
/// </summary>
internal sealed class TorchVocabulary(ByteSource source) : PickleVocabulary
{
    private const int LongestKey = 256;

    private static readonly Dictionary<string, ElementType> Storages = new()
    {
        ["DoubleStorage"] = ElementType.Float64,
        ["FloatStorage"] = ElementType.Float32,
        ["HalfStorage"] = ElementType.Float16,
        ["BFloat16Storage"] = ElementType.BFloat16,
        ["LongStorage"] = ElementType.Int64,
        ["IntStorage"] = ElementType.Int32,
        ["ShortStorage"] = ElementType.Int16,
        ["CharStorage"] = ElementType.Int8,
        ["ByteStorage"] = ElementType.UInt8,
        ["BoolStorage"] = ElementType.Bool,
    };

    private enum Function
    {
        OrderedDictionary,
        Tensor,
        Parameter,
        Size,
    }

    /// <summary>Type and element count of every storage that the pickle refers to, by key.</summary>
    public Dictionary<string, (ElementType Type, long Count)> StoragesUsed { get; } = [];

    public override object Global(string module, string name) => (module, name) switch
    {
        ("collections", "OrderedDict") => Function.OrderedDictionary,
        ("torch._utils", "_rebuild_tensor_v2" or "_rebuild_tensor") => Function.Tensor,
        ("torch._utils", "_rebuild_parameter") => Function.Parameter,
        ("torch", "Size") => Function.Size,
        ("torch" or "torch.cuda", _) when Storages.TryGetValue(name, out ElementType type) => type,
        _ => throw Unknown(module, name, TorchCheckpoint.Remedy),
    };

    public override object? Call(object? callable, PickleTuple arguments) => (callable, arguments.Items) switch
    {
        (Function.OrderedDictionary, []) => new PickleDictionary([]),
        (Function.OrderedDictionary, [PickleList pairs]) => Dictionary(pairs),
        (Function.Tensor, [TorchStorage storage, long offset, PickleTuple shape, PickleTuple stride, ..]) =>
            new TorchTensor(storage, offset, Numbers(shape), Numbers(stride)),
        (Function.Parameter, [TorchTensor tensor, ..]) => tensor,
        (Function.Size, [PickleTuple sizes]) => sizes,
        (Function function, _) => throw new PickleException($"it calls the function for '{function}' with {arguments.Items.Length} arguments of other kinds than torch gives it"),
        _ => throw new PickleException("it calls what is no function (REDUCE)"),
    };

    /// <summary>A state dictionary carries the versions of its layers, which say nothing about the numbers.</summary>
    public override void Build(object? target, object? state)
    {
        if (target is not PickleDictionary || state is not PickleDictionary)
        {
            base.Build(target, state);
        }
    }

    /// <summary>('storage', type, key, device, element count), and in older files a view (key, first, count) or None.</summary>
    public override object? Persistent(object? identifier)
    {
        if (identifier is not PickleTuple { Items: [PickleText kind, ElementType type, PickleText key, PickleText, long count, .. var rest] } || kind.Read(source, LongestKey) != "storage")
        {
            throw new PickleException("it refers to data outside of itself that is no storage of numbers");
        }

        string name = key.Read(source, LongestKey);
        if (count < 0 || (!StoragesUsed.TryAdd(name, (type, count)) && StoragesUsed[name] != (type, count)))
        {
            throw new PickleException($"it uses the storage '{name}' as {count} elements of {type} and in another way as well");
        }

        return rest switch
        {
            [] or [null] => new TorchStorage(name, type, count, 0, count),
            [PickleTuple { Items: [_, long first, long viewCount] }] => new TorchStorage(name, type, count, first, viewCount),
            _ => throw new PickleException($"the view of storage '{name}' is not one"),
        };
    }

    private static PickleDictionary Dictionary(PickleList pairs) => new([.. pairs.Items.Select(pair => pair switch
    {
        PickleTuple { Items: [var key, var value] } => new KeyValuePair<object?, object?>(key, value),
        PickleList { Items: [var key, var value] } => new KeyValuePair<object?, object?>(key, value),
        _ => throw new PickleException("it makes a dictionary of what are no pairs"),
    })]);

    private static long[] Numbers(PickleTuple tuple) =>
        [.. tuple.Items.Select(item => item is long number ? number : throw new PickleException("a shape or stride holds what is no number"))];
}
