using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;
using Microsoft.ML.ArcFace.Samples;
using Microsoft.ML.ArcFace.Samples.Support;

// Numbers have one form, whatever the culture of the machine.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

var samples = new RootCommand("Samples of face recognition with ML.NET. Each is one short program: read it, run it, copy from it.")
{
    QuickStartCommand.Create(),
    AngularMarginCommand.Create(),
    CompareLossesCommand.Create(),
    ExperimentWithLossesCommand.Create(),
    FineTuneCommand.Create(),
    Export.CreateCommand(),
    Pack.CreateCommand(),
    PhotoToEmbeddingCommand.Create(),
    Verify.CreateCommand(),
    WebApi.CreateCommand(),
    IdentifyCommand.Create(),
    SecondProcess.CreateCommand(),
};
samples.Options.Add(SampleCommand.Verbose);

// QuickStart, quickstart and QUICKSTART are the same sample.
string[] arguments = [.. args];
if (arguments.Length > 0 && samples.Subcommands.FirstOrDefault(sample => sample.Name.Equals(arguments[0], StringComparison.OrdinalIgnoreCase)) is { } named)
{
    arguments[0] = named.Name;
}

ParseResult parsed = samples.Parse(arguments);
if (parsed.Action is ParseErrorAction wrongArguments)
{
    wrongArguments.ShowHelp = arguments.Length == 0;
}

return await parsed.InvokeAsync(SampleCommand.Invocation);
