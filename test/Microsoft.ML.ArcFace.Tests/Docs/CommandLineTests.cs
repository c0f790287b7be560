using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tool;

namespace Microsoft.ML.ArcFace.Tests.Docs;

/// <summary>Every example of the command line, in README, docs and help, is one that the tool takes.</summary>
[TestClass]
public class CommandLineTests
{
    [TestMethod]
    [DynamicData(nameof(Examples))]
    public void Example_IsTaken(string where, string example)
    {
        ParseResult parsed = ArcFaceCommand.Create().Parse([.. CommandLineParser.SplitCommandLine(example).Skip(1)]);

        // Its files are not here.
        string[] errors = [.. parsed.Errors.Select(error => error.Message).Where(message => !message.Contains("does not exist", StringComparison.Ordinal))];
        Assert.IsEmpty(errors, $"{where}: {example}: {string.Join("; ", errors)}");
    }

    [TestMethod]
    public void EveryCommand_HasAnExampleInHelpAndDocs()
    {
        foreach (string command in ArcFaceCommand.Create().Subcommands.Select(command => command.Name))
        {
            foreach (string where in new[] { $"help of {command}", "docs/command-line.md" })
            {
                Assert.IsTrue(Examples().Any(example => (string)example[0] == where && ((string)example[1]).StartsWith($"arcface {command}", StringComparison.Ordinal)), $"{where}: {command}");
            }
        }
    }

    [TestMethod]
    public void ExitCodes_OfHelpAndDocs_AreTheTools()
    {
        string help = ArcFaceCommand.Create().Description!;
        foreach (int code in new[] { ExitCode.Done, ExitCode.Failed, ExitCode.WrongCommandLine, ExitCode.No, ExitCode.Cancelled })
        {
            StringAssert.Contains(help, $" {code} ");
            Assert.IsTrue(Lines("docs/command-line.md").Any(line => line.StartsWith($"| {code} |", StringComparison.Ordinal)), $"{code}");
        }
    }

    public static IEnumerable<object[]> Examples()
    {
        string root = SharedFolders.RepositoryRoot!;
        string[] documents = ["README.md", .. SnippetTests.Packages(), .. Directory.EnumerateFiles(Path.Combine(root, "docs"), "*.md").Select(file => Path.GetRelativePath(root, file)).Order(StringComparer.Ordinal)];
        foreach (string document in documents)
        {
            foreach (string line in Lines(document).Where(IsExample))
            {
                yield return [document, line];
            }
        }

        RootCommand tool = ArcFaceCommand.Create();
        foreach (System.CommandLine.Command command in tool.Subcommands.Prepend(tool))
        {
            foreach (string line in command.Description!.Split('\n', StringSplitOptions.TrimEntries).Where(IsExample))
            {
                yield return [command == tool ? "help" : $"help of {command.Name}", line];
            }
        }
    }

    internal static string[] Lines(string document) => File.ReadAllLines(Path.Combine(SharedFolders.RepositoryRoot!, document));

    private static bool IsExample(string line) => line.StartsWith("arcface ", StringComparison.Ordinal);
}
