using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.ML.ArcFace.Samples.Drawing;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests;

/// <summary>
/// Everything of ours in a program as <c>dotnet run app.cs</c> starts it: JSON without reflection, and no code that is made at
/// run time. The switches hold for a whole process, hence one of its own.
/// </summary>
[TestClass]
public class FileBasedProgramTests
{
    private static readonly string[] Switches = ["System.Text.Json.JsonSerializer.IsReflectionEnabledByDefault", "System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeSupported"];

    [TestMethod]
    public void Walk_WithoutReflectionAndDynamicCode_ComesToItsEnd()
    {
        using var folder = new TemporaryFolder();
        DrawnFaces.WriteFolder(Path.Combine(folder.FullName, "train"), people: 4, picturesPerPerson: 4, seed: 1);
        DrawnFaces.WriteFolder(Path.Combine(folder.FullName, "test"), people: 4, picturesPerPerson: 4, seed: 2);
        string config = Path.Combine(folder.FullName, "program.runtimeconfig.json");
        File.WriteAllText(config, Configuration());

        string program = typeof(FileBasedProgram).Assembly.Location;
        using Process process = Process.Start(new ProcessStartInfo("dotnet",
            ["exec", "--runtimeconfig", config, "--depsfile", Path.ChangeExtension(program, ".deps.json"), program, FileBasedProgram.Name, folder.FullName])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, output + error.Result);
        StringAssert.EndsWith(output.TrimEnd(), FileBasedProgram.LastWord, output);
    }

    /// <summary>That of the tests, with both switches off.</summary>
    private static string Configuration()
    {
        JsonNode configuration = JsonNode.Parse(File.ReadAllText(Path.ChangeExtension(typeof(FileBasedProgram).Assembly.Location, ".runtimeconfig.json")))!;
        JsonNode options = configuration["runtimeOptions"]!;
        JsonObject properties = options["configProperties"] as JsonObject ?? [];
        options["configProperties"] = properties;
        foreach (string name in Switches)
        {
            properties[name] = false;
        }

        return configuration.ToJsonString();
    }
}
