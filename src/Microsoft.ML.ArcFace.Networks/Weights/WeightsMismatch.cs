namespace Microsoft.ML.ArcFace.Weights;

/// <summary>Says how the tensors of a file and of a network differ, with all of it in one message.</summary>
internal static class WeightsMismatch
{
    private const int LargestListing = 8;

    /// <param name="missing">Tensors of the network that the file does not have.</param>
    /// <param name="surplus">Tensors of the file that the network does not have.</param>
    /// <param name="ofAnotherKind">Tensors of another type or shape.</param>
    /// <param name="remedy">A sentence that says what to do.</param>
    /// <exception cref="WeightsFormatException">One of the lists is not empty.</exception>
    public static void ThrowIfAny(IReadOnlyCollection<string> missing, IReadOnlyCollection<string> surplus, IReadOnlyCollection<string> ofAnotherKind, string remedy)
    {
        string[] problems = [.. new[] { Listing("missing", missing), Listing("not expected", surplus), Listing("of another kind", ofAnotherKind) }.OfType<string>()];
        if (problems.Length > 0)
        {
            throw new WeightsFormatException($"The weights do not fit the network. {string.Join("; ", problems)}. {remedy}");
        }
    }

    private static string? Listing(string what, IReadOnlyCollection<string> tensors) => tensors.Count == 0
        ? null
        : $"{tensors.Count} {what}: {string.Join(", ", tensors.Take(LargestListing))}{(tensors.Count > LargestListing ? $" and {tensors.Count - LargestListing} more" : "")}";
}
