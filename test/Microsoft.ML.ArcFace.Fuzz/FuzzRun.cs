using System.Diagnostics;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Fuzz;

/// <summary>A file that was read wrongly.</summary>
internal sealed record FuzzFailure(string What, byte[] File, string Problem);

/// <summary>What came of a run.</summary>
/// <param name="MutationBytes">What the costliest of seeds and damaged files allocated.</param>
/// <param name="AttackBytes">What the costliest of the attacks did.</param>
/// <param name="GreatestShare">The greatest share of its allowance that a file took.</param>
internal sealed record FuzzReport(
    string Reader, int Inputs, int Accepted, int Refused, TimeSpan Time, long MutationBytes, long AttackBytes, double GreatestShare, TimeSpan Slowest, IReadOnlyList<FuzzFailure> Failures);

/// <summary>
/// Damaged files, one after the other. File number i depends on the reader, the seed and i alone, so that any of them can be
/// made again.
/// </summary>
internal static class FuzzRun
{
    private const int MostFailures = 20;

    /// <summary>The seeds and the attacks, then mutations <paramref name="first"/> to first + count − 1 until the time is over.</summary>
    /// <param name="target">The reader.</param>
    /// <param name="seed">Decides the mutations.</param>
    /// <param name="first">Number of the first mutation.</param>
    /// <param name="count">How many.</param>
    /// <param name="limit">Time for the mutations.</param>
    /// <param name="mostForOne">Time after which a single file is a failure; far beyond what a busy machine needs.</param>
    /// <param name="starting">Called with the number of each mutation before it is read: a crash takes the process along.</param>
    public static FuzzReport Run(FuzzTarget target, int seed, int first, int count, TimeSpan limit, TimeSpan mostForOne, Action<int>? starting = null)
    {
        // The table of Unicode's compositions is loaded once a process, and is no file's memory.
        UnicodeNames.Compose("e\u0301");
        var run = new Tally(target, mostForOne);
        foreach (byte[] file in target.Seeds)
        {
            run.Judge("seed", file, mustBeAccepted: true);
        }

        foreach ((string what, byte[] file) in target.Attacks)
        {
            run.Judge(what, file, isAttack: true);
        }

        var clock = Stopwatch.StartNew();
        for (int number = first; number < first + count && clock.Elapsed < limit && run.Failures.Count < MostFailures; number++)
        {
            starting?.Invoke(number);
            run.Judge($"seed {seed}, number {number}", Make(target, seed, number));
        }

        return run.Report(clock.Elapsed);
    }

    /// <summary>Makes a damaged file anew.</summary>
    public static byte[] Make(FuzzTarget target, int seed, int number) => target.Mutate(new Random(HashOf(seed, number)));

    /// <summary>One file from outside.</summary>
    public static FuzzReport Replay(FuzzTarget target, string what, byte[] file, TimeSpan mostForOne)
    {
        var run = new Tally(target, mostForOne);
        run.Judge(what, file, isAttack: true);
        return run.Report(TimeSpan.Zero);
    }

    // Neighbouring numbers give unrelated generators.
    private static int HashOf(int seed, int number)
    {
        ulong z = ((ulong)(uint)seed << 32) + (uint)number + 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return (int)(z ^ (z >> 31));
    }

    private sealed class Tally(FuzzTarget target, TimeSpan mostForOne)
    {
        private int _inputs, _accepted, _refused;
        private double _share;
        private long _mutationBytes, _attackBytes;
        private TimeSpan _slowest;

        public List<FuzzFailure> Failures { get; } = [];

        public void Judge(string what, byte[] file, bool mustBeAccepted = false, bool isAttack = false)
        {
            const long perByte = 4, buffers = 1 << 20;
            _inputs++;
            var meter = new AllocationMeter((perByte * file.Length) + (isAttack ? target.FixedAllowance : buffers));
            var clock = Stopwatch.StartNew();
            try
            {
                target.Read(file, meter);
                _accepted++;
            }
            catch (Exception refusal) when (target.IsRefusal(refusal) && !mustBeAccepted)
            {
                _refused++;
            }
            catch (Exception error)
            {
                Failures.Add(new FuzzFailure(what, file, error.ToString()));
            }

            TimeSpan time = clock.Elapsed;
            meter.Next();
            _slowest = time > _slowest ? time : _slowest;
            _share = Math.Max(_share, meter.GreatestShare);
            ref long bytes = ref isAttack ? ref _attackBytes : ref _mutationBytes;
            bytes = Math.Max(bytes, meter.GreatestBytes);
            if (meter.GreatestShare > 1)
            {
                Failures.Add(new FuzzFailure(what, file, $"It took {meter.GreatestBytes} bytes of memory for a file of {file.Length}, {meter.GreatestShare:0.00} of what is allowed."));
            }

            if (time > mostForOne)
            {
                Failures.Add(new FuzzFailure(what, file, $"It took {time}."));
            }
        }

        public FuzzReport Report(TimeSpan time) => new(target.Name, _inputs, _accepted, _refused, time, _mutationBytes, _attackBytes, _share, _slowest, Failures);
    }
}
