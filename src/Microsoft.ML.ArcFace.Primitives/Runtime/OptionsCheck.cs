using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>Collects what is wrong with a set of options, so that all of it is reported at once.</summary>
internal sealed class OptionsCheck
{
    private readonly List<string> _violations = [];

    public IReadOnlyList<string> Violations => _violations;

    /// <summary>Throws one <see cref="ArgumentOutOfRangeException"/> that lists every violation.</summary>
    public static void ThrowIfAny(IReadOnlyList<string> violations, string parameterName)
    {
        if (violations.Count > 0)
        {
            throw new ArgumentOutOfRangeException(parameterName, string.Join(Environment.NewLine, violations));
        }
    }

    public void That(bool condition, string violation)
    {
        if (!condition)
        {
            _violations.Add(violation);
        }
    }

    public void AddRange(IEnumerable<string>? violations) => _violations.AddRange(violations ?? []);

    public void NotNull(object? value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        That(value is not null, $"{name} is null. Give one, or leave the default.");

    public void Name(string value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        That(!string.IsNullOrEmpty(value), $"{name} is empty; it must name a column.");

    public void OptionalName(string? value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        That(value is null || value.Length > 0, $"{name} is empty; name a column, or leave it null for none.");

    public void OptionalFolder(string? value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        That(value is null || !string.IsNullOrWhiteSpace(value), $"{name} is empty; name a folder, or leave it null for none.");

    public void Distinct(params string?[] columnNames)
    {
        IEnumerable<string> twice = columnNames.OfType<string>().GroupBy(n => n).Where(g => g.Count() > 1).Select(g => g.Key);
        AddRange(twice.Select(name => $"The output column name '{name}' is used twice. Give each output column its own name."));
    }

    public void Defined<T>(T value, [CallerArgumentExpression(nameof(value))] string name = "") where T : struct, Enum =>
        That(Enum.IsDefined(value), $"{name} is {value}; it must be one of {string.Join(", ", Enum.GetNames<T>())}.");

    public void Defined<T>(T? value, [CallerArgumentExpression(nameof(value))] string name = "") where T : struct, Enum
    {
        if (value is { } given)
        {
            Defined(given, name);
        }
    }

    public void InRange<T>(T value, T least, T most, [CallerArgumentExpression(nameof(value))] string name = "") where T : struct, INumber<T> =>
        That(value >= least && value <= most, Text($"{name} is {value}; it must be from {least} to {most}."));

    public void InRange<T>(T? value, T least, T most, [CallerArgumentExpression(nameof(value))] string name = "") where T : struct, INumber<T>
    {
        if (value is { } given)
        {
            InRange(given, least, most, name);
        }
    }

    public void InHalfOpenUnit(double? value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        That(value is null or (>= 0 and < 1), Text($"{name} is {value}; it must be at least 0 and below 1."));

    public void InClosedUnit(double? value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        That(value is null or (>= 0 and <= 1), Text($"{name} is {value}; it must be from 0 to 1."));

    public void Positive(double? value, bool infinityAllowed = false, [CallerArgumentExpression(nameof(value))] string name = "") =>
        That(value is null || (value > 0 && (infinityAllowed || double.IsFinite(value.Value))), Text($"{name} is {value}; it must be a number over 0."));

    public void NotNegative(double? value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        That(value is null || (value >= 0 && double.IsFinite(value.Value)), Text($"{name} is {value}; it must be 0 or more."));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
