using System.Diagnostics;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Runtime;

[TestClass]
public sealed class NativeThreadsTests
{
    [TestMethod]
    public void EnsureLoaded_NothingSet_ThreadsSleepAtBarriers() => Assert.Contains("OMP_WAIT_POLICY = 'PASSIVE'", EnvironmentOfOpenMP([]));

    [TestMethod]
    [DataRow("OMP_WAIT_POLICY", "active", "OMP_WAIT_POLICY = 'ACTIVE'")]
    [DataRow("OMP_WAIT_POLICY", "passive", "OMP_WAIT_POLICY = 'PASSIVE'")]
    [DataRow("GOMP_SPINCOUNT", "12345", "GOMP_SPINCOUNT = '12345'")]
    [DataRow("ARCFACE_TEST_SET_IN_DOTNET", "active", "OMP_WAIT_POLICY = 'ACTIVE'")]
    public void EnsureLoaded_TheUserHasChosen_ItStays(string name, string value, string told) =>
        Assert.Contains(told, EnvironmentOfOpenMP(new() { [name] = value }));

    [TestMethod]
    public void LetSleep_InThisProcess_NamesTheSettingInForce() =>
        Assert.AreEqual($"OMP_WAIT_POLICY={Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") ?? "passive"}", NativeThreads.LetSleep());

    /// <summary>GNU's OpenMP prints its settings when it is loaded and asked to.</summary>
    private static string EnvironmentOfOpenMP(Dictionary<string, string> variables)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("Other systems' packages bring another OpenMP, which prints other words.");
        }

        ProcessStartInfo start = ChildProgram.StartInfo(LoadedThreads.Name);
        start.RedirectStandardError = true;
        foreach (string name in (string[])["OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"])
        {
            start.Environment.Remove(name);
        }

        start.Environment["OMP_DISPLAY_ENV"] = "verbose";
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        string printed = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, printed);
        return printed;
    }
}
