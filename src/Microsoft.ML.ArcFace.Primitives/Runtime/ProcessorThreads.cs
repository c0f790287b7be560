using System.Globalization;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>Counts the threads that a call may compute with on the processor.</summary>
internal static class ProcessorThreads
{
    /// <summary>The variable of OpenMP, which counts without it as well.</summary>
    public const string Variable = "OMP_NUM_THREADS";

    private static readonly int s_usual = Usual(Environment.GetEnvironmentVariable(Variable));
    private static volatile Func<int>? s_count;

    /// <summary>Gets the number of threads, at least 1: libtorch's where it is loaded, otherwise that of <see cref="Variable"/>, otherwise all processors.</summary>
    public static int Count => s_count?.Invoke() ?? s_usual;

    /// <summary>Has another library count, so that both use as many.</summary>
    public static void CountBy(Func<int> count) => s_count = count;

    /// <summary>Reads the variable, whose first number counts ("4,2" is nested).</summary>
    internal static int Usual(string? variable) =>
        int.TryParse(variable?.Split(',')[0], NumberStyles.Integer, CultureInfo.InvariantCulture, out int threads) && threads > 0 ? threads : Environment.ProcessorCount;
}
