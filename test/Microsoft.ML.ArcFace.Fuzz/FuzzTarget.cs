using System.Text;

namespace Microsoft.ML.ArcFace.Fuzz;

/// <summary>A reader under attack: files to start from, how to damage them, and what it must do with the result.</summary>
internal abstract class FuzzTarget(string name)
{
    /// <summary>What the command line calls it.</summary>
    public string Name => name;

    /// <summary>Proper files, made by our own writers.</summary>
    public abstract IReadOnlyList<byte[]> Seeds { get; }

    /// <summary>What means something in the format, to put into files.</summary>
    public virtual IReadOnlyList<byte[]> Tokens => [];

    /// <summary>Files that are made to cost far more than they are long, and every file that was once read wrongly.</summary>
    public virtual IEnumerable<(string What, byte[] File)> Attacks => [];

    /// <summary>Bytes that an attack may take beside four for each of its own: what the limits of the reader allow whatever the length of a file.</summary>
    public virtual long FixedAllowance => 1 << 20;

    /// <summary>A damaged file.</summary>
    public virtual byte[] Mutate(Random random) => Mutate(random, Seeds);

    /// <summary>
    /// Reads all there is in a file, and checks that it is consistent. <paramref name="meter"/> starts anew with each part that is
    /// read by itself, such as a row.
    /// </summary>
    /// <exception cref="FuzzException">What was read is not consistent.</exception>
    public abstract void Read(byte[] file, AllocationMeter meter);

    /// <summary>Whether the reader may refuse a file by this exception.</summary>
    public abstract bool IsRefusal(Exception exception);

    protected static byte[][] Texts(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];

    protected byte[] Mutate(Random random, IReadOnlyList<byte[]> files) =>
        FileMutator.Mutate(random, files[random.Next(files.Count)], files[random.Next(files.Count)], Tokens);

    protected static void Require(bool condition, string what)
    {
        if (!condition)
        {
            throw new FuzzException(what);
        }
    }
}

/// <summary>A reader did what it must not do.</summary>
internal sealed class FuzzException(string message) : Exception(message);

/// <summary>Counts what the current thread allocates, garbage included, against what a file may cost.</summary>
internal sealed class AllocationMeter(long allowance)
{
    private long _start = GC.GetAllocatedBytesForCurrentThread();
    private long _allowance = allowance;

    /// <summary>The greatest share of the allowance that a part took; over 1 is too much.</summary>
    public double GreatestShare { get; private set; }

    /// <summary>The greatest number of bytes that a part took.</summary>
    public long GreatestBytes { get; private set; }

    /// <summary>The end of a part.</summary>
    public void Next()
    {
        long bytes = GC.GetAllocatedBytesForCurrentThread() - _start;
        GreatestBytes = Math.Max(GreatestBytes, bytes);
        GreatestShare = Math.Max(GreatestShare, (double)bytes / _allowance);
        _start = GC.GetAllocatedBytesForCurrentThread();
    }

    /// <summary>Allows more, for what is known to come.</summary>
    public void Allow(long bytes) => _allowance += bytes;
}
