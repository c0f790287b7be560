namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Finds the folders that stand beside the repository, or where an environment variable says.</summary>
internal static class SharedFolders
{
    private const string SolutionFile = "ArcFace.MLNet.sln";

    /// <summary>The folder that holds the solution, or null when the tests run away from their repository.</summary>
    public static string? RepositoryRoot { get; } = FindRepositoryRoot();

    /// <summary>The folder that <paramref name="variable"/> names, else <c>../shared/NAME</c> seen from the repository.</summary>
    public static string Locate(string variable, string name)
    {
        string? configured = Environment.GetEnvironmentVariable(variable);
        if (!string.IsNullOrEmpty(configured))
            return Path.GetFullPath(configured);
        return Path.GetFullPath(Path.Combine(RepositoryRoot ?? AppContext.BaseDirectory, "..", "shared", name));
    }

    private static string? FindRepositoryRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, SolutionFile)))
                return folder.FullName;
        }
        return null;
    }
}
