using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// The people of a training set and the class of each row: a text label gives a class to each name in the order of
/// the names; a key keeps its own order, class = key − 1, and all its values, also those without a photograph.
/// </summary>
internal sealed class FaceLabels
{
    private readonly Dictionary<string, int>? _classOfName;

    private FaceLabels(int count, string[]? names, Dictionary<string, int>? classOfName)
    {
        Count = count;
        Names = names;
        _classOfName = classOfName;
    }

    /// <summary>One class for photographs of whomever.</summary>
    public static FaceLabels OfNobody { get; } = new(1, names: null, classOfName: null);

    /// <summary>The number of classes.</summary>
    public int Count { get; }

    /// <summary>The person of each class; null if the label was a key without names.</summary>
    public string[]? Names { get; }

    /// <summary>What to call a class in a message.</summary>
    public string NameOf(int label) => Names?[label] ?? $"key {label + 1}";

    /// <summary>The label column, checked.</summary>
    public static DataViewSchema.Column Column(IExceptionContext context, DataViewSchema schema, string name)
    {
        if (schema.GetColumnOrNull(name) is not { } column)
        {
            throw context.ExceptSchemaMismatch(nameof(schema), "label", name);
        }

        return column.Type is KeyDataViewType or TextDataViewType
            ? column
            : throw context.ExceptSchemaMismatch(nameof(schema), "label", name, "Key<UInt32> or String", column.Type.ToString()!);
    }

    /// <summary>The same check on an estimator's schema; says whether the people will have names.</summary>
    public static bool Check(IExceptionContext context, SchemaShape schema, string name)
    {
        if (!schema.TryFindColumn(name, out SchemaShape.Column column))
        {
            throw context.ExceptSchemaMismatch(nameof(schema), "label", name);
        }

        bool isText = column.ItemType is TextDataViewType;
        if (column.Kind != SchemaShape.Column.VectorKind.Scalar || !(column.IsKey || isText))
        {
            throw context.ExceptSchemaMismatch(nameof(schema), "label", name, "Key<UInt32> or String", column.GetTypeString());
        }

        return isText || (column.Annotations.TryFindColumn("KeyValues", out SchemaShape.Column names) && names.ItemType is TextDataViewType);
    }

    /// <summary>Reads the label column once and finds who there is.</summary>
    /// <exception cref="InvalidOperationException">A key has more values than there can be people.</exception>
    public static FaceLabels Read(IDataView data, DataViewSchema.Column column)
    {
        if (column.Type is KeyDataViewType key)
        {
            return key.Count <= EmbeddingFacts.MostPeople
                ? new FaceLabels((int)key.Count, KeyNames(column), null)
                : throw new InvalidOperationException(
                    $"The label column '{column.Name}' is a key of {key.Count} values; at most {EmbeddingFacts.MostPeople} people can be trained on. Make the key by MapValueToKey, which has as many values as there are people.");
        }

        var names = new SortedSet<string>(StringComparer.Ordinal);
        using DataViewRowCursor cursor = data.GetRowCursor([column]);
        ValueGetter<ReadOnlyMemory<char>> getLabel = cursor.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> label = default;
        while (cursor.MoveNext())
        {
            getLabel(ref label);
            if (!label.Span.IsWhiteSpace())
            {
                names.Add(label.ToString());
            }
        }

        string[] ordered = [.. names];
        return new FaceLabels(ordered.Length, ordered, ordered.Select((name, index) => (name, index)).ToDictionary(p => p.name, p => p.index, StringComparer.Ordinal));
    }

    /// <summary>The getter of a row's class; −1 if the row has no label.</summary>
    public Func<int> CreateGetter(DataViewRow row, DataViewSchema.Column column)
    {
        if (_classOfName is null)
        {
            return CreateKeyGetter(row, column);
        }

        ValueGetter<ReadOnlyMemory<char>> getName = row.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> name = default;
        return () =>
        {
            getName(ref name);
            return _classOfName.GetValueOrDefault(name.ToString(), -1);
        };
    }

    private static Func<int> CreateKeyGetter(DataViewRow row, DataViewSchema.Column column)
    {
        // Keys come in four widths; a missing one is 0.
        return column.Type.RawType switch
        {
            var t when t == typeof(byte) => Getter<byte>(v => v - 1),
            var t when t == typeof(ushort) => Getter<ushort>(v => v - 1),
            var t when t == typeof(ulong) => Getter<ulong>(v => checked((int)v) - 1),
            _ => Getter<uint>(v => checked((int)v) - 1),
        };

        Func<int> Getter<T>(Func<T, int> toClass)
        {
            ValueGetter<T> getKey = row.GetGetter<T>(column);
            T key = default!;
            return () =>
            {
                getKey(ref key);
                return toClass(key);
            };
        }
    }

    private static string[]? KeyNames(DataViewSchema.Column column)
    {
        DataViewSchema.Column? annotation = column.Annotations.Schema.GetColumnOrNull("KeyValues");
        if (annotation?.Type is not VectorDataViewType { ItemType: TextDataViewType })
        {
            return null;
        }

        VBuffer<ReadOnlyMemory<char>> names = default;
        column.Annotations.GetValue("KeyValues", ref names);
        return [.. names.DenseValues().Select(name => name.ToString())];
    }
}
