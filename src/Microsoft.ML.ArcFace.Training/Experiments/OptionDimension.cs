using System.Globalization;
using System.Reflection;
using Microsoft.ML.SearchSpace;

namespace Microsoft.ML.ArcFace.Experiments;

/// <summary>One searched option: where it stands, and what it may be.</summary>
/// <param name="Path">The properties that lead to it from the options, itself last.</param>
/// <param name="Draw">A random value of the property's type.</param>
/// <param name="First">The attribute's default; null: what the property starts with.</param>
internal sealed record OptionDimension(IReadOnlyList<PropertyInfo> Path, Func<Random, object?> Draw, object? First)
{
    public string Name => string.Join('.', Path.Select(property => property.Name));

    public object? ValueIn(object options) => Path[^1].GetValue(Owner(options));

    public void SetIn(object options, object? value) => Path[^1].SetValue(Owner(options), value);

    private object Owner(object options) => Path.SkipLast(1).Aggregate(options, (owner, property) => property.GetValue(owner)!);

    /// <summary>What a property's attribute makes of it; null if it has none of a search space.</summary>
    /// <exception cref="ArgumentException">The attribute does not fit the property; the message says why.</exception>
    public static OptionDimension? Of(IReadOnlyList<PropertyInfo> path)
    {
        PropertyInfo property = path[^1];
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        OptionDimension? dimension = property switch
        {
            _ when property.GetCustomAttribute<RangeAttribute>() is { } range => OfRange(path, range, type),
            _ when property.GetCustomAttribute<ChoiceAttribute>() is { } choice => OfChoice(path, choice, type),
            _ when property.GetCustomAttribute<BooleanChoiceAttribute>() is { } boolean => OfBoolean(path, boolean, type),
            _ => null,
        };
        return dimension is null || property.SetMethod is not null ? dimension : throw new ArgumentException("it cannot be set. Give the property a setter.");
    }

    private static OptionDimension OfRange(IReadOnlyList<PropertyInfo> path, RangeAttribute range, Type type)
    {
        (double least, double most) = (Number(range.Min), Number(range.Max));
        if (!(least <= most) || !double.IsFinite(most - least))
        {
            throw new ArgumentException(FormattableString.Invariant($"its range is from {least} to {most}. Give the smaller number first."));
        }

        if (range.LogBase && least <= 0)
        {
            throw new ArgumentException(FormattableString.Invariant($"its range starts at {least}, which has no logarithm. Start it above 0, or leave logBase out."));
        }

        if (range.Init is not null && !(Number(range.Init) >= least && Number(range.Init) <= most))
        {
            throw new ArgumentException(FormattableString.Invariant($"its initial value is {range.Init}, outside of {least} to {most}."));
        }

        bool isWhole = type == typeof(int) || type == typeof(long);
        if (isWhole && !(double.IsInteger(least) && double.IsInteger(most)))
        {
            throw new ArgumentException(FormattableString.Invariant($"it is {type.Name}, but its range is from {least} to {most}. Give whole numbers."));
        }

        object? first = range.Init is null ? null : Converted(range.Init, type);
        return type switch
        {
            _ when isWhole => new OptionDimension(path, random => Converted(WholeNumber(random), type), first),
            _ when type == typeof(double) || type == typeof(float) => new OptionDimension(path, random => Converted(Between(random, least, most), type), first),
            _ => throw new ArgumentException($"it is {type.Name}; a range takes int, long, float or double."),
        };

        double Between(Random random, double from, double to) => Math.Clamp(
            range.LogBase ? Math.Exp(double.Lerp(Math.Log(from), Math.Log(to), random.NextDouble())) : double.Lerp(from, to, random.NextDouble()), from, to);

        // Both ends are drawn as often as what lies between: by the unit above a number, rounded down.
        double WholeNumber(Random random) => Math.Min(Math.Floor(Between(random, least, most + 1)), most);
    }

    private static OptionDimension OfChoice(IReadOnlyList<PropertyInfo> path, ChoiceAttribute choice, Type type)
    {
        object?[] candidates = [.. choice.Candidates.Select(candidate => candidate is null && AcceptsNull(path[^1]) ? null : Converted(candidate, type))];
        return candidates.Length > 0
            ? new OptionDimension(path, random => candidates[random.Next(candidates.Length)], choice.DefaultValue is null ? null : Converted(choice.DefaultValue, type))
            : throw new ArgumentException("it has nothing to choose from. Name the candidates.");
    }

    private static OptionDimension OfBoolean(IReadOnlyList<PropertyInfo> path, BooleanChoiceAttribute boolean, Type type) =>
        type == typeof(bool)
            ? new OptionDimension(path, random => random.Next(2) == 1, boolean.DefaultValue)
            : throw new ArgumentException($"it is {type.Name}; a boolean choice takes bool.");

    private static bool AcceptsNull(PropertyInfo property) => !property.PropertyType.IsValueType || Nullable.GetUnderlyingType(property.PropertyType) is not null;

    private static double Number(object value) => Convert.ToDouble(value, CultureInfo.InvariantCulture);

    private static object Converted(object? value, Type type)
    {
        try
        {
            return value switch
            {
                not null when type.IsInstanceOfType(value) => value,
                string name when type.IsEnum => Enum.Parse(type, name, ignoreCase: true),
                IConvertible when !type.IsEnum => Convert.ChangeType(value, type, CultureInfo.InvariantCulture),
                _ => throw new InvalidCastException(),
            };
        }
        catch (Exception error) when (error is InvalidCastException or FormatException or OverflowException or ArgumentException)
        {
            throw new ArgumentException($"'{value}' is no {type.Name}.", error);
        }
    }
}
