namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Real faces for tests: in the folder ARCFACE_TEST_DATA, else in ../shared/data.</summary>
internal static class TestData
{
    public const string Variable = "ARCFACE_TEST_DATA";

    /// <summary>The folder of the test data; it need not exist.</summary>
    public static string Folder => SharedFolders.Locate(Variable, "data");

    /// <summary>The path of a file or folder below it; mark the test with <see cref="RequiresFaceDataAttribute"/>.</summary>
    public static string PathOf(string relativePath) => Path.Combine(Folder, relativePath);
}

/// <summary>Skips a test, saying so, where the files or folders of real faces it names are absent.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class RequiresFaceDataAttribute(params string[] relativePaths)
    : RequiresPathsAttribute(TestData.Variable, TestData.Folder, relativePaths)
{
    public override string GroupName => nameof(RequiresFaceDataAttribute);
}
