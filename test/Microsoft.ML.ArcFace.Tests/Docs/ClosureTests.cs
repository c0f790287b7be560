using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Docs;

/// <summary>
/// What each part of the library brings with it: all that a restore of its project gave, held against what it must do without,
/// and against the table of docs/architecture.md.
/// </summary>
[TestClass]
public partial class ClosureTests
{
    private const string Library = "Microsoft.ML.ArcFace";

    /// <summary>Names of packages, managed assemblies and native files, by what the table calls them; ours count, too.</summary>
    private static readonly Dictionary<string, Regex> Kinds = new()
    {
        ["torch"] = Torch(), ["Microsoft.ML"] = MachineLearning(), ["SkiaSharp"] = Skia(), ["SQLite"] = Sqlite(), ["charts"] = Charts(), ["ONNX Runtime"] = OnnxRuntime(), ["packages"] = Anything(),
    };

    /// <summary>What each part must do without. The whole library is no wall.</summary>
    private static readonly Dictionary<string, string[]> Without = new()
    {
        ["Primitives"] = ["packages"],
        ["Evaluation"] = ["torch", "Microsoft.ML", "SkiaSharp", "SQLite", "charts", "ONNX Runtime"],
        ["Gallery"] = ["torch", "Microsoft.ML", "SkiaSharp", "charts", "ONNX Runtime"],
        ["AspNetCore"] = ["torch", "charts", "ONNX Runtime"],
        ["Postgres"] = ["torch", "Microsoft.ML", "SkiaSharp", "charts", "ONNX Runtime"],
        ["Networks"] = ["torch", "Microsoft.ML", "SkiaSharp", "SQLite", "charts", "ONNX Runtime"],
        ["Embedding"] = ["torch", "SQLite", "charts", "ONNX Runtime"],
        ["Recognition"] = ["torch", "charts", "ONNX Runtime"],
        ["Torch"] = ["SQLite", "charts", "ONNX Runtime"],
        ["Training"] = ["SQLite", "charts", "ONNX Runtime"],
        ["OnnxRuntime"] = ["torch", "Microsoft.ML", "SkiaSharp", "SQLite", "charts"],
        ["Detection"] = ["torch", "SQLite", "charts", "ONNX Runtime"],
        ["Reporting"] = ["torch", "SQLite", "ONNX Runtime"],
    };

    public static IEnumerable<object[]> Parts => Libraries.Names.Where(name => name != Library).Select(name => new object[] { name[(Library.Length + 1)..] });

    [TestMethod]
    [DynamicData(nameof(Parts))]
    public void Closure_OfAPart_DoesWithoutWhatTheTableSays(string part)
    {
        Assert.IsTrue(Without.TryGetValue(part, out string[]? kinds), $"Say here what {part} must do without.");
        string[] closure = ClosureOf($"{Library}.{part}");
        string[] found = [.. from kind in kinds from name in closure where Kinds[kind].IsMatch(name) select $"{part} must do without {kind}, but brings {name}"];
        Assert.IsEmpty(found, string.Join('\n', found));
    }

    [TestMethod]
    [DynamicData(nameof(Parts))]
    public void Table_OfTheDocs_SaysWhatTheProjectsSay(string part)
    {
        using JsonDocument assets = Assets($"{Library}.{part}");
        string row = $"| `{part}` | {Listed(Projects(assets).Select(name => name == Library ? Library : name[(Library.Length + 1)..]))} | {Listed(Packages(assets))} | {(Without.GetValueOrDefault(part) is { Length: > 0 } kinds ? string.Join(", ", kinds) : "–")} |";
        StringAssert.Contains(Document, row, "docs/architecture.md must have this row.");
    }

    [TestMethod]
    public void Kinds_OfTheWholeLibrary_AreAllThere()
    {
        // A pattern that finds nothing anywhere would hold nothing.
        string[] closure = ClosureOf(Library);
        foreach ((string kind, Regex pattern) in Kinds)
        {
            Assert.IsTrue(closure.Any(pattern.IsMatch), kind);
        }

        Assert.IsFalse(Kinds["Microsoft.ML"].IsMatch($"{Library}.Evaluation"));
        Assert.IsFalse(Kinds["Microsoft.ML"].IsMatch("Microsoft.ML.OnnxRuntime.Managed"));
        Assert.IsTrue(Kinds["torch"].IsMatch($"{Library}.Torch") && Kinds["torch"].IsMatch("libtorch_cpu.so") && Kinds["torch"].IsMatch("LibTorchSharp.dll"));
    }

    private static string Document => File.ReadAllText(Path.Combine(SharedFolders.RepositoryRoot!, "docs", "architecture.md"));

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"`{name}`")) is { Length: > 0 } list ? list : "–";

    /// <summary>The names of all that comes with a project: projects, packages, their assemblies and native files.</summary>
    private static string[] ClosureOf(string project)
    {
        using JsonDocument assets = Assets(project);
        HashSet<string> ofTheBuild = [.. Dependencies(assets).Where(dependency => IsPrivate(dependency.Value)).Select(dependency => dependency.Name)];
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (JsonProperty target in assets.RootElement.GetProperty("targets").EnumerateObject())
        {
            foreach (JsonProperty library in target.Value.EnumerateObject())
            {
                string name = library.Name.Split('/')[0];
                if (!ofTheBuild.Contains(name))
                {
                    names.Add(name.Replace("ArcFace.MLNet", Library, StringComparison.Ordinal));
                    names.UnionWith(new[] { "compile", "runtime", "native", "runtimeTargets" }
                        .SelectMany(kind => library.Value.TryGetProperty(kind, out JsonElement files) ? files.EnumerateObject().Select(file => Path.GetFileName(file.Name)) : [])
                        .Where(file => file != "_._"));
                }
            }
        }

        return [.. names];
    }

    /// <summary>The other parts that a project names, in order.</summary>
    private static IEnumerable<string> Projects(JsonDocument assets) => assets.RootElement.GetProperty("project").GetProperty("restore").GetProperty("frameworks").EnumerateObject().Single().Value
        .TryGetProperty("projectReferences", out JsonElement references) ? references.EnumerateObject().Select(reference => Path.GetFileNameWithoutExtension(reference.Name)).Order(StringComparer.Ordinal) : [];

    /// <summary>The packages that a project names, without those of its build, in order.</summary>
    private static IEnumerable<string> Packages(JsonDocument assets) =>
        Dependencies(assets).Where(dependency => !IsPrivate(dependency.Value)).Select(dependency => dependency.Name).Order(StringComparer.Ordinal);

    private static JsonProperty[] Dependencies(JsonDocument assets) => assets.RootElement.GetProperty("project").GetProperty("frameworks").EnumerateObject().Single().Value
        .TryGetProperty("dependencies", out JsonElement dependencies) ? [.. dependencies.EnumerateObject()] : [];

    private static bool IsPrivate(JsonElement dependency) => dependency.TryGetProperty("suppressParent", out JsonElement parts) && parts.GetString() == "All";

    private static JsonDocument Assets(string project)
    {
        string file = Path.Combine(Libraries.FolderOf(project), "obj", "project.assets.json");
        Assert.IsTrue(File.Exists(file), $"{file} is missing: the test project must reference {project}.");
        return JsonDocument.Parse(File.ReadAllText(file));
    }

    [GeneratedRegex("torch", RegexOptions.IgnoreCase)]
    private static partial Regex Torch();

    // ML.NET's own, neither ours nor ONNX Runtime's, whose ids begin alike.
    [GeneratedRegex(@"^Microsoft\.ML(?!\.ArcFace|\.OnnxRuntime)|^(Cpu|Fast)?MathNative|^libCpuMathNative|^libLdaNative")]
    private static partial Regex MachineLearning();

    [GeneratedRegex("Skia", RegexOptions.IgnoreCase)]
    private static partial Regex Skia();

    [GeneratedRegex("sqlite|SQLitePCL", RegexOptions.IgnoreCase)]
    private static partial Regex Sqlite();

    [GeneratedRegex("OxyPlot|Fluid|Parlot", RegexOptions.IgnoreCase)]
    private static partial Regex Charts();

    [GeneratedRegex("onnxruntime", RegexOptions.IgnoreCase)]
    private static partial Regex OnnxRuntime();

    [GeneratedRegex("^(?!Microsoft.ML.ArcFace)")]
    private static partial Regex Anything();
}
