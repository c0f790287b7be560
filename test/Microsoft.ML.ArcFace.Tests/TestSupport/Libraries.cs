using System.Reflection;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>The library's parts, each a project of src with an assembly of its name; the tool and the samples are programs on them.</summary>
internal static class Libraries
{
    /// <summary>The names of the projects, in order.</summary>
    public static string[] Names { get; } =
    [
        .. Directory.EnumerateDirectories(Path.Combine(SharedFolders.RepositoryRoot!, "src"), "Microsoft.ML.ArcFace*")
            .Where(folder => File.Exists(Path.Combine(folder, Path.GetFileName(folder) + ".csproj")))
            .Select(folder => Path.GetFileName(folder)!).Where(name => name != "Microsoft.ML.ArcFace.Tool").Order(StringComparer.Ordinal),
    ];

    /// <summary>Their assemblies, as they run here.</summary>
    public static Assembly[] Assemblies { get; } = [.. Names.Select(Assembly.Load)];

    /// <summary>Gives the folder of a part's project.</summary>
    public static string FolderOf(string name) => Path.Combine(SharedFolders.RepositoryRoot!, "src", name);

    /// <summary>Lists the source files of a part, without what the build writes.</summary>
    public static IEnumerable<string> SourcesOf(string name) => Directory.EnumerateFiles(FolderOf(name), "*.cs", SearchOption.AllDirectories)
        .Where(file => Path.GetRelativePath(FolderOf(name), file).Split(Path.DirectorySeparatorChar)[0] is not ("obj" or "bin"));
}
