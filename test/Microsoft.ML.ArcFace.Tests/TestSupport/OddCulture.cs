using System.Globalization;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>
/// Runs something in a culture in which numbers look different in every respect. It is made by hand, because the projects
/// here know the invariant culture alone, while those of users have all.
/// </summary>
internal static class OddCulture
{
    /// <summary>As in Germany: a comma and dots.</summary>
    public static CultureInfo German { get; } = Make(",", ".", "-", "%");

    /// <summary>As in Iran: other signs for all of it.</summary>
    public static CultureInfo Persian { get; } = Make("٫", "٬", "\u200e−", "٪");

    public static CultureInfo[] All { get; } = [German, Persian];

    public static T Run<T>(CultureInfo culture, Func<T> work)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = culture;
        try
        {
            return work();
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static CultureInfo Make(string point, string group, string minus, string percent)
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        NumberFormatInfo numbers = culture.NumberFormat;
        (numbers.NumberDecimalSeparator, numbers.PercentDecimalSeparator, numbers.CurrencyDecimalSeparator) = (point, point, point);
        (numbers.NumberGroupSeparator, numbers.PercentGroupSeparator) = (group, group);
        (numbers.NegativeSign, numbers.PercentSymbol, numbers.NaNSymbol, numbers.PositiveInfinitySymbol) = (minus, percent, "no number", "endless");
        (culture.DateTimeFormat.ShortDatePattern, culture.DateTimeFormat.LongTimePattern) = ("dd.MM.yyyy", "HH.mm.ss");
        return culture;
    }
}
