using System.Diagnostics;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>The samples as a process of its own, which shares nothing with the tests.</summary>
internal static class SamplesProgram
{
    /// <summary>Where the program lies. Tests and samples are built in the same configuration: …/bin/Release/net10.0.</summary>
    public static string Folder
    {
        get
        {
            var output = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
            return Path.Combine(SharedFolders.RepositoryRoot!, "src", "Samples", "bin", output.Parent!.Name, output.Name);
        }
    }

    /// <summary>Runs a sample to its end; fails with what it said if it fails.</summary>
    public static string Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(Folder, "Samples.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, $"{string.Join(' ', arguments)}: {errors.Result}");
        return said;
    }
}
