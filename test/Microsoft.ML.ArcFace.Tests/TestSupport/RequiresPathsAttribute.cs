namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Runs a test only where every named file or folder exists below a root; the test runner shows what is missing.</summary>
internal abstract class RequiresPathsAttribute : ConditionBaseAttribute
{
    private readonly string[] _missing;

    protected RequiresPathsAttribute(string variable, string root, string[] relativePaths)
        : base(ConditionMode.Include)
    {
        string[] required = relativePaths.Length == 0 ? [""] : relativePaths;
        _missing = [.. required.Select(path => Path.Combine(root, path)).Where(path => !Path.Exists(path))];
        IgnoreMessage = $"Skipped: {string.Join(", ", _missing)} not found. Set {variable} to the folder that holds it.";
    }

    public override bool IsConditionMet => _missing.Length == 0;
}
