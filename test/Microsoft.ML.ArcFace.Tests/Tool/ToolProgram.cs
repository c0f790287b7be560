using System.Text.Json;
using Microsoft.ML.ArcFace.Tool;

namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>What a command left behind.</summary>
internal sealed record ToolOutcome(int ExitCode, string Output, string Error)
{
    /// <summary>The one JSON object on standard output.</summary>
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public string ErrorKind => Json.GetProperty("error").GetProperty("kind").GetString()!;
}

/// <summary>The tool in this process, as its command line would run it.</summary>
internal static class ToolProgram
{
    public static ToolOutcome Run(params string[] arguments) => Run(CancellationToken.None, arguments);

    public static ToolOutcome Run(CancellationToken cancellationToken, params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int exitCode = ArcFaceCommand.InvokeAsync(arguments, output, error, cancellationToken).GetAwaiter().GetResult();
        return new ToolOutcome(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs it with --json, expects an exit code, and gives the answer.</summary>
    public static JsonElement Answer(int exitCode, params string[] arguments)
    {
        ToolOutcome outcome = Run([.. arguments, "--json"]);
        Assert.AreEqual(exitCode, outcome.ExitCode, $"{string.Join(' ', arguments)}: {outcome.Error}");
        Assert.AreEqual(1, outcome.Output.TrimEnd().Split('\n').Length, "One object on one line.");
        return outcome.Json;
    }
}
