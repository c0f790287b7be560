using System.CommandLine;
using System.Globalization;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>Options that take a number of a range.</summary>
internal static class NumberOption
{
    /// <summary>A whole number from <paramref name="lowest"/> to <paramref name="highest"/>.</summary>
    public static Option<int?> Whole(string name, string description, int lowest, int highest, int example) => new(name)
    {
        Description = $"{description} ({lowest} to {highest})",
        HelpName = "N",
        CustomParser = argument =>
        {
            string text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
            if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= lowest && number <= highest)
            {
                return number;
            }

            argument.AddError($"{name} is '{text}'; it must be a whole number from {lowest} to {highest}, for example {name} {example}.");
            return null;
        },
    };

    /// <summary>A number that <paramref name="isAllowed"/>; <paramref name="range"/> says in words which.</summary>
    public static Option<double?> Real(string name, string description, string range, Func<double, bool> isAllowed, double example) => new(name)
    {
        Description = $"{description} ({range})",
        HelpName = "X",
        CustomParser = argument =>
        {
            string text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && isAllowed(number))
            {
                return number;
            }

            argument.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} is '{text}'; it must be {range}, for example {name} {example}."));
            return null;
        },
    };
}
