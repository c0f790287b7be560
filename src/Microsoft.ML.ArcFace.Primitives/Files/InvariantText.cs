using System.Globalization;
using System.Text;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>Writes records with numbers in the invariant culture, whatever the culture of the thread.</summary>
internal static class InvariantText
{
    /// <summary>Writes a record as the compiler does, whose own code follows the culture of the thread.</summary>
    /// <param name="name">The record's name.</param>
    /// <param name="printMembers">What the compiler generates for the record.</param>
    public static string OfRecord(string name, Func<StringBuilder, bool> printMembers)
    {
        StringBuilder text = new StringBuilder(name).Append(" { ");
        CultureInfo culture = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            text.Append(printMembers(text) ? " }" : "}");
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }

        return text.ToString();
    }
}
