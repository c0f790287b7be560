using System.CommandLine;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Tool;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>What a command has to say.</summary>
/// <param name="Facts">All of it for programs, one JSON object.</param>
/// <param name="Text">The same for people.</param>
/// <param name="ExitCode">One of <see cref="Tool.ExitCode"/>.</param>
internal sealed record ToolAnswer(ToolFacts Facts, string Text, int ExitCode = ExitCode.Done);

/// <summary>What all commands share: --json and --verbose, answers, errors.</summary>
internal static class ToolCommand
{
    /// <summary>Asks for one JSON object on standard output.</summary>
    public static Option<bool> Json { get; } = new("--json") { Description = "Answer with one JSON object on standard output.", Recursive = true };

    /// <summary>Asks for the log of ML.NET, and for stack traces.</summary>
    public static Option<bool> Verbose { get; } = new("--verbose") { Description = "Print ML.NET's log, and stack traces of errors.", Recursive = true };

    /// <summary>Names a folder for temporary files.</summary>
    public static Option<DirectoryInfo> TemporaryFolder { get; } = new("--temp") { Description = "The folder for temporary files: the weights of a model lie there, outside of memory. Default: the system's (TMPDIR).", HelpName = "DIR", Recursive = true };

    /// <summary>Asks for a GPU; for commands that compute embeddings.</summary>
    public static Option<int?> Gpu { get; } = NumberOption.Whole("--gpu", "The GPU to compute on. Default: the processor", 0, 1023, example: 0);

    /// <summary>Counts the threads that compute; for commands that compute embeddings.</summary>
    public static Option<int?> Threads { get; } = NumberOption.Whole("--threads", "Threads that compute on the processor. Default: as OMP_NUM_THREADS says, or all processors", 1, 1024, example: 1);

    /// <summary>Runs a command; what it throws becomes a message and an exit code.</summary>
    /// <param name="command">The command.</param>
    /// <param name="run">What it does.</param>
    /// <param name="check">What is wrong with the options together, a sentence each; null: nothing can be.</param>
    /// <param name="stopped">What there is after Ctrl+C, a sentence; commands that know more throw a <see cref="ToolStoppedException"/>.</param>
    /// <param name="isService">Whether it runs until Ctrl+C, so that it does not tell that it is at work.</param>
    public static void Answer(
        this Command command, Func<ToolRun, ToolAnswer> run, Func<ToolRun, IReadOnlyList<string>>? check = null, string stopped = "Nothing was written.", bool isService = false) => command.SetAction(async (parsed, cancellationToken) =>
    {
        InvocationConfiguration invocation = parsed.InvocationConfiguration;
        TimeProvider clock = (invocation as ToolInvocation)?.Clock ?? TimeProvider.System;
        using var display = new ProgressDisplay(invocation.Error, isShown: !parsed.GetValue(Json), clock);
        using CancellationTokenRegistration stopping = cancellationToken.Register(() => display.WriteLine("Stopping; Ctrl+C once more ends at once."));
        using IDisposable? threads = ProcessorThreads.Choose(parsed.GetValue(Threads));
        if (!isService)
        {
            display.ShowAtWork($"{command.Name} is at work");
        }

        try
        {
            var toolRun = new ToolRun(parsed, display, clock, cancellationToken);
            if (check?.Invoke(toolRun) is { Count: > 0 } violations)
            {
                FailToParse(parsed, invocation.Output, display.WriteLine, violations.Select(ToolWords.Of));
                return ExitCode.WrongCommandLine;
            }

            ToolAnswer answer = await Task.Run(() => run(toolRun), CancellationToken.None);
            display.Dispose();
            await invocation.Output.WriteLineAsync(parsed.GetValue(Json) ? ToolJson.Write(answer.Facts) : TerminalText.Of(answer.Text));
            return answer.ExitCode;
        }
        catch (Exception error) when (cancellationToken.IsCancellationRequested && error.GetBaseException() is OperationCanceledException)
        {
            Fail(parsed, invocation.Output, display.WriteLine, $"Stopped. {(error as ToolStoppedException)?.Message ?? stopped}", nameof(ExitCode.Cancelled));
            return ExitCode.Cancelled;
        }
#pragma warning disable CA1031 // The last stop of every error: it is printed and becomes the exit code.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Exception cause = ErrorCause.Of(error);
            string message = TerminalText.OfMessage($"{command.Name} failed: {ToolWords.Of(cause, command.Name)}");
            Fail(parsed, invocation.Output, display.WriteLine, parsed.GetValue(Verbose) ? message + Environment.NewLine + error : message, cause.GetType().Name);
            return ExitCode.Failed;
        }
    });

    /// <summary>What is wrong with the command line.</summary>
    public static void FailToParse(ParseResult parsed, TextWriter output, Action<string> error, IEnumerable<string> violations)
    {
        Command command = parsed.CommandResult.Command;
        string name = command is RootCommand ? "arcface" : $"arcface {command.Name}";
        Fail(parsed, output, error, $"{string.Join(Environment.NewLine, violations.Select(TerminalText.OfMessage))}{Environment.NewLine}See: {name} --help", nameof(ExitCode.WrongCommandLine));
    }

    /// <summary>An error for people on standard error, and with --json for programs on standard output.</summary>
    public static void Fail(ParseResult parsed, TextWriter output, Action<string> error, string message, string kind)
    {
        error(TerminalText.Of(message));
        if (parsed.GetValue(Json))
        {
            output.WriteLine(ToolJson.Write(new ErrorFacts(new(kind, message))));
        }
    }
}
