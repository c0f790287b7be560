using System.Text.Json;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Finds the numbers that tests must reproduce: in the folder ARCFACE_TEST_GOLDEN, else those of this project (Golden/README.md).</summary>
internal static class GoldenFiles
{
    public const string Variable = "ARCFACE_TEST_GOLDEN";

    /// <summary>The folder of checkpoints that PyTorch wrote, which no repository should hold; it need not exist.</summary>
    public static string CheckpointFolder => SharedFolders.Locate(Variable, "golden");

    /// <summary>The folder of the golden files.</summary>
    public static string Folder =>
        string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Variable)) ? Path.Combine(AppContext.BaseDirectory, "Golden") : CheckpointFolder;

    /// <summary>The path of a golden file in that folder; in a folder of others it need not exist.</summary>
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
