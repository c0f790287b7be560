using System.Globalization;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>Counts the threads that a call may compute with on the processor.</summary>
internal static class ProcessorThreads
{
    /// <summary>The variable of OpenMP, which counts without it as well.</summary>
    public const string Variable = "OMP_NUM_THREADS";

    private static readonly int s_usual = Usual(Environment.GetEnvironmentVariable(Variable));
    private static readonly Lock s_lock = new();
    private static volatile Library? s_library;

    /// <summary>The number that was chosen; 0: none.</summary>
    private static volatile int s_chosen;

    /// <summary>Gets the number of threads, at least 1: the one that was chosen, otherwise libtorch's where it is loaded, otherwise that of <see cref="Variable"/>, otherwise all processors.</summary>
    /// <remarks>libtorch keeps a number for each thread that has called it, so that it cannot tell on one thread what was chosen on another.</remarks>
    public static int Count => s_chosen is > 0 and var chosen ? chosen : s_library?.Count() ?? s_usual;

    /// <summary>Has another library count, so that both use as many; it is told the number that was chosen.</summary>
    /// <param name="count">Gives the library's number.</param>
    /// <param name="set">Sets it; null: the library keeps its own.</param>
    public static void CountBy(Func<int> count, Action<int>? set = null)
    {
        lock (s_lock)
        {
            s_library = new Library(count, set);
            if (s_chosen > 0)
            {
                set?.Invoke(s_chosen);
            }
        }
    }

    /// <summary>Chooses the number of threads, with or without libtorch, until what it gives is disposed of.</summary>
    /// <param name="threads">The number, at least 1; null: it stays as it is, and null is given.</param>
    public static IDisposable? Choose(int? threads)
    {
        if (threads is not { } number)
        {
            return null;
        }

        lock (s_lock)
        {
            var choice = new Choice(s_chosen, Count);
            Set(number, number);
            return choice;
        }
    }

    /// <summary>Reads the variable, whose first number counts ("4,2" is nested).</summary>
    internal static int Usual(string? variable) =>
        int.TryParse(variable?.Split(',')[0], NumberStyles.Integer, CultureInfo.InvariantCulture, out int threads) && threads > 0 ? threads : Environment.ProcessorCount;

    private static void Set(int chosen, int count)
    {
        s_chosen = chosen;
        s_library?.Set?.Invoke(count);
    }

    private sealed record Library(Func<int> Count, Action<int>? Set);

    /// <summary>Brings back what was before.</summary>
    private sealed class Choice(int chosen, int count) : IDisposable
    {
        public void Dispose()
        {
            lock (s_lock)
            {
                Set(chosen, count);
            }
        }
    }
}
