using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>Tells how much of the processors other programs take, by taking all of them for a moment.</summary>
/// <param name="TakenByOthers">The share of the processors' time that this process asked for and did not get, 0 to 1.</param>
internal sealed record MachineLoad(double TakenByOthers)
{
    /// <summary>The share from which a machine counts as busy. An idle one was measured at 0.00 to 0.05.</summary>
    public const double Busy = 0.2;

    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(300);

    /// <summary>Tells whether training and embedding wait for other programs.</summary>
    public bool IsBusy => TakenByOthers >= Busy;

    /// <summary>Keeps every processor at work for a moment and compares the time that it got with the time that went by.</summary>
    public static MachineLoad Measure()
    {
        using Process process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        Thread[] threads = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Work) { IsBackground = true })];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        process.Refresh();
        return Of(process.TotalProcessorTime - before, elapsed, threads.Length);

        void Work()
        {
            while (Stopwatch.GetElapsedTime(start) < Moment)
            {
                Thread.SpinWait(100);
            }
        }
    }

    /// <summary>Finds the load from the processor time that threads got while time went by.</summary>
    internal static MachineLoad Of(TimeSpan got, TimeSpan elapsed, int threads) => new(Math.Clamp(1 - (got / (elapsed * threads)), 0, 1));

    /// <inheritdoc/>
    public override string ToString() => IsBusy
        ? string.Create(CultureInfo.InvariantCulture, $"busy: other programs take {TakenByOthers:P0} of the processors. Training and embedding are slower by that, and one thread (--threads 1, OMP_NUM_THREADS=1) often beats several here")
        : string.Create(CultureInfo.InvariantCulture, $"idle: other programs take {TakenByOthers:P0} of the processors");
}
