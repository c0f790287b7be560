using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Serving;

/// <summary>A part of what <c>reloads</c> of the benchmarks measures, in a process of its own.</summary>
[TestClass]
public class ReloadMemoryTests
{
    public const string Name = "reloads";

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void Reloads_OneAfterTheOther_LeaveTheResidentSetAsItWas()
    {
        const int times = 24;
        const double mostGrowth = 1.2;
        using Process process = ChildProgram.Start(Name, times.ToString(CultureInfo.InvariantCulture));
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, said);
        TestContext.WriteLine(said);
        double ratio = double.Parse(said.TrimEnd().Split(' ')[^1], CultureInfo.InvariantCulture);
        Assert.IsLessThan(mostGrowth, ratio, said);
    }
}
