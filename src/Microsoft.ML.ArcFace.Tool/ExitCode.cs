namespace Microsoft.ML.ArcFace.Tool;

/// <summary>What the process ends with.</summary>
internal static class ExitCode
{
    /// <summary>It is done; the same person, somebody of the gallery.</summary>
    public const int Done = 0;

    /// <summary>It failed; the message says why.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong; nothing was done.</summary>
    public const int WrongCommandLine = 2;

    /// <summary>The answer is no: different people, an unknown face, a problem that doctor found.</summary>
    public const int No = 3;

    /// <summary>Stopped with Ctrl+C, as shells expect it.</summary>
    public const int Cancelled = 130;
}
