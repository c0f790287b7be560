using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Docs;

/// <summary>Every C# snippet of README and docs compiles as a program of its own, with the implicit usings of a console project.</summary>
[TestClass]
public partial class SnippetTests
{
    internal const string ImplicitUsings = "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Threading; global using System.Threading.Tasks;";

    // Programs of one file begin with lines such as #:package.
    private static readonly CSharpParseOptions FileBasedProgram = CSharpParseOptions.Default.WithFeatures([new("FileBasedProgram", "true")]);

    [TestMethod]
    [DynamicData(nameof(Snippets))]
    public void Snippet_OfTheDocs_Compiles(string file, int line, string code)
    {
        MetadataReference[] references =
        [
            .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Where(File.Exists).Select(path => MetadataReference.CreateFromFile(path)),
        ];
        var compilation = CSharpCompilation.Create(
            "Snippet",
            [CSharpSyntaxTree.ParseText(ImplicitUsings, FileBasedProgram), CSharpSyntaxTree.ParseText(code, FileBasedProgram)],
            references,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        Diagnostic[] errors = [.. compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)];
        Assert.IsEmpty(errors, $"{file}, line {line}: {string.Join("; ", errors.Select(error => error.ToString()))}");
    }

    [TestMethod]
    public void Readme_OpensWithTwoCommandsAndCode()
    {
        string readme = File.ReadAllText(Path.Combine(SharedFolders.RepositoryRoot!, "README.md"));
        int commands = readme.IndexOf("```bash", StringComparison.Ordinal), code = readme.IndexOf("```csharp", StringComparison.Ordinal);
        Assert.IsTrue(commands > 0 && code > commands);
        StringAssert.Contains(readme[commands..code], "build/quickstart.sh");
        StringAssert.Contains(readme[commands..code], "build/test.sh");
        StringAssert.Contains(readme[commands..code], "dotnet add package ArcFace.MLNet");
    }

    [TestMethod]
    public void Readme_OfAPackage_HasNoRelativeLink()
    {
        foreach (string readme in Packages())
        {
            string[] relative = [.. Link().Matches(File.ReadAllText(Path.Combine(SharedFolders.RepositoryRoot!, readme))).Select(match => match.Groups[1].Value).Where(target => !target.StartsWith("https://", StringComparison.Ordinal))];
            Assert.IsEmpty(relative, $"{readme} is shown on a gallery, where relative links lead nowhere: {string.Join(", ", relative)}");
        }
    }

    /// <summary>The READMEs of the packages, below the repository's root.</summary>
    internal static string[] Packages() =>
        [.. Libraries.Names.Append("Microsoft.ML.ArcFace.Tool").Select(project => $"src/{project}/README.md")];

    public static IEnumerable<object[]> Snippets()
    {
        string root = SharedFolders.RepositoryRoot!;
        string[] files = [Path.Combine(root, "README.md"), .. Packages().Select(readme => Path.Combine(root, readme)), .. Directory.EnumerateFiles(Path.Combine(root, "docs"), "*.md", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        foreach (string file in files)
        {
            string text = File.ReadAllText(file);
            foreach (Match match in Fence().Matches(text))
            {
                yield return [Path.GetRelativePath(root, file), text[..match.Index].Count(c => c == '\n') + 1, match.Groups[1].Value];
            }
        }
    }

    [GeneratedRegex(@"\]\(([^)]*)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^```csharp\r?\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();
}
