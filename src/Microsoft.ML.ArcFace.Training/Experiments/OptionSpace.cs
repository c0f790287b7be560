using System.Globalization;
using System.Reflection;
using Microsoft.ML.SearchSpace;

namespace Microsoft.ML.ArcFace.Experiments;

/// <summary>
/// What a class may be by the attributes of ML.NET's search spaces on its properties. (The tuners that go with them are in
/// Microsoft.ML.AutoML; the attributes are all that Microsoft.ML has.)
/// </summary>
internal sealed class OptionSpace
{
    /// <summary>How often a point that was drawn before is drawn again before the space counts as exhausted.</summary>
    private const int Redraws = 1000;

    private readonly Func<object> _create;
    private readonly IReadOnlyList<OptionDimension> _dimensions;
    private readonly IReadOnlyList<PropertyInfo[]> _nested;

    private OptionSpace(Func<object> create, IReadOnlyList<OptionDimension> dimensions, IReadOnlyList<PropertyInfo[]> nested)
    {
        _create = create;
        _dimensions = dimensions;
        _nested = nested;
    }

    /// <summary>Reads the attributes of a class.</summary>
    /// <exception cref="ArgumentException">No property has one, or some do not fit; the message lists all.</exception>
    public static OptionSpace Of<T>() where T : class, new()
    {
        var dimensions = new List<OptionDimension>();
        var nested = new List<PropertyInfo[]>();
        var violations = new List<string>();
        Collect(typeof(T), []);
        if (violations.Count == 0 && dimensions.Count == 0)
        {
            violations.Add($"{typeof(T).Name} has nothing to search: no property has [Range], [Choice] or [BooleanChoice] of the namespace {typeof(RangeAttribute).Namespace}.");
        }

        return violations.Count == 0
            ? new OptionSpace(() => new T(), dimensions, nested)
            : throw new ArgumentException(string.Join(Environment.NewLine, violations));

        void Collect(Type type, PropertyInfo[] outer)
        {
            foreach (FieldInfo field in type.GetFields().Where(field => field.GetCustomAttributes().Any(attribute => attribute is RangeAttribute or ChoiceAttribute or BooleanChoiceAttribute or NestOptionAttribute)))
            {
                violations.Add($"{type.Name}.{field.Name} is a field, which is not searched. Make it a property.");
            }

            foreach (PropertyInfo property in type.GetProperties().OrderBy(property => property.MetadataToken))
            {
                PropertyInfo[] path = [.. outer, property];
                try
                {
                    if (property.GetCustomAttribute<NestOptionAttribute>() is not null)
                    {
                        CheckNested(property, [typeof(T), .. outer.Select(above => above.PropertyType)]);
                        nested.Add(path);
                        Collect(property.PropertyType, path);
                    }
                    else if (OptionDimension.Of(path) is { } dimension)
                    {
                        dimensions.Add(dimension);
                    }
                }
                catch (ArgumentException error)
                {
                    violations.Add($"{type.Name}.{property.Name} cannot be searched: {error.Message}");
                }
            }
        }
    }

    /// <summary>
    /// The first point, which is the space's own default, and different random ones after it; fewer than asked for where the
    /// space has fewer. A longer list starts with the shorter one.
    /// </summary>
    public IReadOnlyList<object> Points(int count, int seed)
    {
        var random = new Random(seed);
        var points = new List<object> { First() };
        var seen = new HashSet<string>(StringComparer.Ordinal) { Key(points[0]) };
        for (int redraws = 0; points.Count < count && redraws < Redraws;)
        {
            object point = Create();
            foreach (OptionDimension dimension in _dimensions)
            {
                dimension.SetIn(point, dimension.Draw(random));
            }

            bool isNew = seen.Add(Key(point));
            redraws = isNew ? 0 : redraws + 1;
            if (isNew)
            {
                points.Add(point);
            }
        }

        return points;
    }

    /// <summary>The searched values of a point, by name.</summary>
    public IReadOnlyDictionary<string, object?> Parameters(object point) => _dimensions.ToDictionary(dimension => dimension.Name, dimension => dimension.ValueIn(point));

    private object First()
    {
        object point = Create();
        foreach (OptionDimension dimension in _dimensions.Where(dimension => dimension.First is not null))
        {
            dimension.SetIn(point, dimension.First);
        }

        return point;
    }

    private object Create()
    {
        object point = _create();
        foreach (PropertyInfo[] path in _nested)
        {
            object owner = path.SkipLast(1).Aggregate(point, (value, property) => property.GetValue(value)!);
            if (path[^1].GetValue(owner) is null)
            {
                path[^1].SetValue(owner, Activator.CreateInstance(path[^1].PropertyType));
            }
        }

        return point;
    }

    private string Key(object point) => string.Join('\n', Parameters(point).Values.Select(value => Convert.ToString(value, CultureInfo.InvariantCulture)));

    private static void CheckNested(PropertyInfo property, IEnumerable<Type> outerTypes)
    {
        Type type = property.PropertyType;
        if (!type.IsClass || type.GetConstructor(Type.EmptyTypes) is null || property.SetMethod is null)
        {
            throw new ArgumentException("a nested option is a property with a setter, of a class with a constructor without parameters.");
        }

        if (outerTypes.Contains(type))
        {
            throw new ArgumentException("it is nested within its own type.");
        }
    }
}
