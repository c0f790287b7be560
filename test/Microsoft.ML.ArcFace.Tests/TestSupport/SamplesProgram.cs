using System.Diagnostics;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>The samples as a process of its own, which shares nothing with the tests.</summary>
internal static class SamplesProgram
{
    /// <summary>Runs a sample to its end; fails with what it said if it fails.</summary>
    public static string Run(params string[] arguments) => RunTo(0, arguments);

    /// <summary>The same for a sample that ends with another exit code.</summary>
    public static string RunTo(int exitCode, params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(exitCode, process.ExitCode, $"{string.Join(' ', arguments)}: {errors.Result}");
        return said;
    }

    /// <summary>Starts a sample, whose output is to be read.</summary>
    public static Process Start(params string[] arguments)
    {
        // Tests and samples are built in the same configuration: …/bin/Release/net10.0.
        var output = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        string program = Path.Combine(SharedFolders.RepositoryRoot!, "src", "Samples", "bin", output.Parent!.Name, output.Name, "Samples.dll");
        return Process.Start(new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
    }
}
