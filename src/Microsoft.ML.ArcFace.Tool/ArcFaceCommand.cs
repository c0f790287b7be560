using System.CommandLine;
using System.Globalization;
using Microsoft.ML.ArcFace.Tool.Commands;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>The whole command line: <c>arcface COMMAND [options]</c>.</summary>
internal static class ArcFaceCommand
{
    private const string Description = """
        Face recognition on the command line: from a folder of photographs to a calibrated recognizer.
          arcface train --data faces/train --output faces.zip
          arcface calibrate --model faces.zip --data faces/test --rate 0.001
          arcface enroll --model faces.zip --gallery people.db --data faces/known
          arcface identify --model faces.zip --gallery people.db visitor.jpg
        Exit codes: 0 done, or yes; 1 failed, or nothing to work on; 2 wrong command line; 3 no (another person, unknown, a finding of doctor, a loss in recover); 130 stopped with Ctrl+C.
        """;

    public static RootCommand Create() => new(Description)
    {
        TrainCommand.Create(),
        EvaluateCommand.Create(),
        ReportCommand.Create(),
        CalibrateCommand.Create(),
        EmbedCommand.Create(),
        VerifyCommand.Create(),
        EnrollCommand.Create(),
        IdentifyCommand.Create(),
        GroupCommand.Create(),
        RemoveCommand.Create(),
        PeopleCommand.Create(),
        ServeCommand.Create(),
        KeysCommand.Create(),
        BackupCommand.Create(),
        RecoverCommand.Create(),
        InfoCommand.Create(),
        ExportCommand.Create(),
        ImportCommand.Create(),
        PackCommand.Create(),
        DoctorCommand.Create(),
        ToolCommand.Json,
        ToolCommand.Verbose,
        ToolCommand.TemporaryFolder,
    };

    /// <summary>Parses, runs, answers.</summary>
    /// <param name="arguments">What stands behind <c>arcface</c>.</param>
    /// <param name="output">The answer; with --json one object in one line.</param>
    /// <param name="error">Progress, log and messages.</param>
    /// <param name="cancellationToken">Stops it, as Ctrl+C does.</param>
    /// <param name="clock">The time; null: the system's.</param>
    /// <param name="answers">Where answers to questions come from; null: the terminal, if there is one.</param>
    /// <returns>The exit code (<see cref="ExitCode"/>).</returns>
    public static async Task<int> InvokeAsync(string[] arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken = default, TimeProvider? clock = null, TextReader? answers = null)
    {
        // Numbers have one form, in options and in answers, whatever the culture of the machine. Callers keep theirs.
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

        // Signals come as the token.
        var invocation = new ToolInvocation { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Clock = clock ?? TimeProvider.System, Answers = answers };
        RootCommand tool = Create();
        if (arguments.Length == 0)
        {
            return await tool.Parse(["--help"]).InvokeAsync(invocation, cancellationToken);
        }

        // The parser throws where a path is empty.
        int empty = Array.IndexOf(arguments, "");
        if (empty >= 0)
        {
            ParseResult filled = tool.Parse([.. arguments.Select(argument => argument.Length == 0 ? "empty" : argument)]);
            ToolCommand.FailToParse(filled, output, error.WriteLine,
                [$"What stands behind '{(empty == 0 ? "arcface" : arguments[empty - 1])}' is empty; a variable of the shell may not be set. Give a value, or leave it out."]);
            return ExitCode.WrongCommandLine;
        }

        ParseResult parsed = tool.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            ToolCommand.FailToParse(parsed, output, error.WriteLine, MistypedWord.Explain(parsed));
            return ExitCode.WrongCommandLine;
        }

        return await parsed.InvokeAsync(invocation, cancellationToken);
    }
}
