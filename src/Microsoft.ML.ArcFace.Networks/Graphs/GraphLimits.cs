namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>Bounds what one pass of a graph may cost, by the number of pixels that it sees.</summary>
/// <param name="Bytes">Numbers that are held at once: constants, and values between nodes.</param>
/// <param name="Work">Multiplications, or what takes as long.</param>
internal readonly record struct GraphLimits(long Bytes, double Work)
{
    /// <summary>Published networks of faces have 100 to 2,000 nodes; the time that ONNX Runtime takes to load a graph grows with the square of their number.</summary>
    public const int MostNodes = 3_000;

    /// <summary>A pass that takes longer is ended between two nodes.</summary>
    public static readonly TimeSpan LongestPass = TimeSpan.FromMinutes(1);

    private const long FreeBytes = 256L << 20, BytesPerPixel = 1 << 10, MostBytes = 4L << 30;

    // IResNet200 takes 2.3e10 for a face; SCRFD-34G 5.5e4 for a pixel.
    private const double FreeWork = 5e10, WorkPerPixel = 1e5;

    /// <summary>Says that a pass took too long.</summary>
    public static WeightsFormatException TooLong(long[] shape, Exception error) =>
        new(FormattableString.Invariant($"The graph did not finish [{string.Join(", ", shape)}] within {LongestPass.TotalSeconds} s. Use a smaller network, or a machine that has less to do."), error);

    /// <summary>Gives the limits for an input of that many pixels.</summary>
    public static GraphLimits For(long pixels) => new(Math.Min(FreeBytes + (BytesPerPixel * pixels), MostBytes), FreeWork + (WorkPerPixel * pixels));
}
