using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Docs;

/// <summary>The order of the stages that docs/architecture.md gives, held against what the code of each folder refers to.</summary>
[TestClass]
public partial class LayerTests
{
    private static readonly string Root = SharedFolders.RepositoryRoot!;
    private static readonly string Source = Path.Combine(Root, "src", "Microsoft.ML.ArcFace");

    // What each file refers to of the library's folders and of other assemblies.
    private static readonly Lazy<(string File, string Folder, string Used)[]> References = new(() => [.. FindReferences()]);

    [TestMethod]
    public void Stages_UseOnlyWhatStandsBeforeThem()
    {
        string[] order = StagesOfTheDocs();
        foreach (string stage in new[] { "Data", "Losses", "Training", "Evaluation" })
        {
            Assert.Contains(stage, order);
        }

        string[] violations =
        [
            .. from reference in References.Value
               let place = Array.IndexOf(order, reference.Folder)
               where place >= 0 && Array.IndexOf(order, reference.Used) > place
               select $"{reference.File} uses {reference.Used}",
        ];
        Assert.IsEmpty(violations.Distinct().ToArray(), string.Join('\n', violations.Distinct()));
    }

    [TestMethod]
    [DataRow("Evaluation", "Microsoft.ML.DataView", "Evaluation", "Files", "Names", "Runtime", "Views")]
    public void Folder_KnowsPlainVectorsOnly(string folder, string resolved, params string[] allowed)
    {
        string[] used = [.. References.Value.Where(reference => reference.Folder == folder).Select(reference => reference.Used).Distinct()];
        Assert.Contains(resolved, used, "The references were not resolved.");
        Assert.IsFalse(used.Any(name => name is "TorchSharp" or "SkiaSharp"), string.Join(", ", used));
        CollectionAssert.IsSubsetOf(used.Where(name => Directory.Exists(Path.Combine(Source, name))).ToArray(), allowed);
    }

    /// <summary>Names, Runtime, Progress, Files, Views and Weights, which serve all, then the folders in the order of the document's first paragraph.</summary>
    private static string[] StagesOfTheDocs()
    {
        string document = File.ReadAllText(Path.Combine(Root, "docs", "architecture.md"));
        string order = OrderOfStages().Match(document).Groups[1].Value;
        return ["Names", "Runtime", "Progress", "Files", "Views", "Weights", .. order.Split('→', StringSplitOptions.TrimEntries).Where(name => Directory.Exists(Path.Combine(Source, name)))];
    }

    private static IEnumerable<(string File, string Folder, string Used)> FindReferences()
    {
        string library = typeof(ArcFaceTrainer).Assembly.GetName().Name!;
        MetadataReference[] assemblies =
        [
            .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
                .Where(path => File.Exists(path) && Path.GetFileNameWithoutExtension(path) != library)
                .Select(path => MetadataReference.CreateFromFile(path)),
        ];
        string[] files = [.. Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories).Where(file => FolderOf(file) is not ("obj" or "bin"))];
        SyntaxTree[] trees = [.. files.Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file), path: file)), CSharpSyntaxTree.ParseText(SnippetTests.ImplicitUsings)];

        // ML.NET's internals do not resolve here; they are no folder of ours.
        CSharpCompilation compilation = CSharpCompilation.Create(library, trees, assemblies, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        foreach (SyntaxTree tree in trees.Where(tree => tree.FilePath.Length > 0))
        {
            SemanticModel model = compilation.GetSemanticModel(tree);
            foreach (SimpleNameSyntax name in tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
            {
                ISymbol? symbol = model.GetSymbolInfo(name).Symbol;
                if ((symbol as INamedTypeSymbol ?? symbol?.ContainingType) is not { } type)
                {
                    continue;
                }

                foreach (string used in type.Locations.Where(location => location.IsInSource).Select(location => FolderOf(location.SourceTree!.FilePath)).DefaultIfEmpty(type.ContainingAssembly.Name))
                {
                    yield return (Path.GetRelativePath(Source, tree.FilePath), FolderOf(tree.FilePath), used);
                }
            }
        }
    }

    /// <summary>The folder below the library's; a file's own name where it lies in that directly.</summary>
    private static string FolderOf(string file) => Path.GetRelativePath(Source, file).Split(Path.DirectorySeparatorChar)[0];

    [GeneratedRegex(@"uses only what stands before it: (.+?)\.\s")]
    private static partial Regex OrderOfStages();
}
