using System.CommandLine;
using System.Globalization;
using Microsoft.ML.ArcFace.Tool.Commands;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>The whole command line: <c>arcface COMMAND [options]</c>.</summary>
internal static class ArcFaceCommand
{
    private const string Description = """
        Face recognition on the command line: from a folder of photographs to a calibrated recogniser.
          arcface train --data faces/train --output faces.zip
          arcface calibrate --model faces.zip --data faces/test --rate 0.001
          arcface enrol --model faces.zip --gallery people.db --data faces/known
          arcface identify --model faces.zip --gallery people.db visitor.jpg
        Exit codes: 0 done, or yes; 1 failed; 2 wrong command line; 3 no (another person, unknown, a finding of doctor); 130 cancelled.
        """;

    public static RootCommand Create() => new(Description)
    {
        TrainCommand.Create(),
        EvaluateCommand.Create(),
        ReportCommand.Create(),
        CalibrateCommand.Create(),
        EmbedCommand.Create(),
        VerifyCommand.Create(),
        EnrolCommand.Create(),
        IdentifyCommand.Create(),
        RemoveCommand.Create(),
        ExportCommand.Create(),
        PackCommand.Create(),
        DoctorCommand.Create(),
        ToolCommand.Json,
        ToolCommand.Verbose,
    };

    /// <summary>Parses, runs, answers.</summary>
    /// <param name="arguments">What stands behind <c>arcface</c>.</param>
    /// <param name="output">The answer; with --json one object in one line.</param>
    /// <param name="error">Progress, log and messages.</param>
    /// <param name="cancellationToken">Stops it, as Ctrl+C does.</param>
    /// <returns>The exit code (<see cref="ExitCode"/>).</returns>
    public static async Task<int> InvokeAsync(string[] arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken = default)
    {
        // Numbers have one form, in options and in answers, whatever the culture of the machine. Callers keep theirs.
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        ParseResult parsed = Create().Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            ToolCommand.FailToParse(parsed, output, error, parsed.Errors.Select(wrong => wrong.Message));
            return ExitCode.WrongCommandLine;
        }

        var invocation = new InvocationConfiguration
        {
            Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30),
        };
        return await parsed.InvokeAsync(invocation, cancellationToken);
    }
}
