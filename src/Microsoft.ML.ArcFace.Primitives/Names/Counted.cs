using System.Globalization;

namespace Microsoft.ML.ArcFace.Names;

/// <summary>Writes how many there are of something: "1 photograph", "2,545 photographs", "1 person".</summary>
internal static class Counted
{
    /// <summary>Writes a number, in the invariant culture, and the name of what is counted.</summary>
    /// <param name="count">How many there are.</param>
    /// <param name="one">What one of them is called.</param>
    /// <param name="several">What any other number of them is called; null: the same with an s.</param>
    public static string Of(long count, string one, string? several = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? one : several ?? one + "s")}");

    /// <summary>Writes how many people there are.</summary>
    public static string People(long count) => Of(count, "person", "people");
}
