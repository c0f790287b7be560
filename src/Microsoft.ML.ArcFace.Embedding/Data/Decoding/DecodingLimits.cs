namespace Microsoft.ML.ArcFace.Data.Decoding;

/// <summary>Bounds what a photograph may take.</summary>
/// <param name="MaximumPixels">Photographs of more are refused; null: <see cref="PixelLimit"/>'s defaults.</param>
/// <param name="Budget">The memory that it shares with others.</param>
internal sealed record DecodingLimits(long? MaximumPixels, DecodeBudget Budget)
{
    /// <summary>Those of photographs that are read one by one, by any number of threads of the process.</summary>
    public static DecodingLimits OfProcess(long? maximumPixels) => new(maximumPixels, DecodeBudget.Shared);
}
