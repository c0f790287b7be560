using System.Text.Json;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>The files of numbers to agree with: in the folder ARCFACE_TEST_GOLDEN, else in ../shared/golden.</summary>
internal static class GoldenFiles
{
    public const string Variable = "ARCFACE_TEST_GOLDEN";

    /// <summary>The folder of the golden files; it need not exist.</summary>
    public static string Folder => SharedFolders.Locate(Variable, "golden");

    /// <summary>The path of a golden file in that folder; it need not exist.</summary>
    public static string PathOf(string fileName) => Path.Combine(Folder, fileName);

    /// <summary>Parses a golden JSON file.</summary>
    public static JsonDocument ReadJson(string fileName)
    {
        using FileStream stream = File.OpenRead(PathOf(fileName));
        return JsonDocument.Parse(stream);
    }
}

/// <summary>Skips a test, saying so, where the golden files it names are absent.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class RequiresGoldenAttribute(params string[] fileNames)
    : RequiresPathsAttribute(GoldenFiles.Variable, GoldenFiles.Folder, fileNames)
{
    public override string GroupName => nameof(RequiresGoldenAttribute);
}
