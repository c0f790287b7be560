using System.CommandLine;

namespace Microsoft.ML.ArcFace.Samples.Support;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>What the commands of all samples share: exit codes and error messages.</summary>
internal static class SampleCommand
{
    /// <summary>Exit code of a run that was stopped with Ctrl+C, as shells expect it.</summary>
    public const int Cancelled = 130;

    /// <summary>Exit code of a run that failed.</summary>
    public const int Failed = 1;

    /// <summary>Asks for the log of ML.NET, and for stack traces.</summary>
    public static Option<bool> Verbose { get; } = new("--verbose") { Description = "Print ML.NET's log, and stack traces of errors.", Recursive = true };

    /// <summary>Errors are ours to print, and a cancelled training gets time to tidy up.</summary>
    public static InvocationConfiguration Invocation { get; } = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) };

    /// <summary>Runs a sample and turns what it throws into a plain message and an exit code.</summary>
    public static void SetSample(this Command command, Action<ParseResult, CancellationToken> sample) => command.SetSample((parsed, cancellationToken) =>
    {
        sample(parsed, cancellationToken);
        return 0;
    });

    /// <summary>The same for a sample that answers by its exit code.</summary>
    public static void SetSample(this Command command, Func<ParseResult, CancellationToken, int> sample) => command.SetAction(async (parsed, cancellationToken) =>
    {
        try
        {
            return await Task.Run(() => sample(parsed, cancellationToken), CancellationToken.None);
        }
        catch (OperationCanceledException error) when (cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync(error is TrainingCanceledException ? error.Message : "Canceled.");
            return Cancelled;
        }
#pragma warning disable CA1031 // The last stop of every error: it is printed and becomes the exit code.
        catch (Exception error)
#pragma warning restore CA1031
        {
            await Console.Error.WriteLineAsync(TerminalText.OfMessage(parsed.GetValue(Verbose) ? error.ToString() : $"{command.Name} failed: {ErrorCause.Of(error).Message}"));
            return Failed;
        }
    });
}
