namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>
/// Files that other programs wrote, and those that are written for them: below the folder ARCFACE_TEST_INTEGRATION, which
/// build/integration.sh sets.
/// </summary>
internal static class IntegrationFiles
{
    public const string Variable = "ARCFACE_TEST_INTEGRATION";

    public const string FromOthers = "from-others", ForOthers = "for-others";

    /// <summary>The folder; elsewhere than in build/integration.sh there is none.</summary>
    public static string Folder => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? Path.GetFullPath(folder) : $"the folder {Variable}";

    public static string Read(string relativePath) => Path.Combine(Folder, FromOthers, relativePath);

    public static string Write(string relativePath)
    {
        string path = Path.Combine(Folder, ForOthers, relativePath);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }
}

/// <summary>Skips a test, saying so, outside of build/integration.sh, or where a program that it needs was absent there.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class RequiresIntegrationAttribute(params string[] relativePaths)
    : RequiresPathsAttribute(IntegrationFiles.Variable, IntegrationFiles.Folder, relativePaths)
{
    public override string GroupName => nameof(RequiresIntegrationAttribute);
}
