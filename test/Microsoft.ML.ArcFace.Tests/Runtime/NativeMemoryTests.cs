using System.Diagnostics;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Runtime;

[TestClass]
[OSCondition(OperatingSystems.Linux)]
public class NativeMemoryTests
{
    [TestMethod]
    [DataRow(null, null, "True False False True")]
    [DataRow("MALLOC_TRIM_THRESHOLD_", "131072", "True True True True")]
    [DataRow("GLIBC_TUNABLES", "glibc.malloc.top_pad=131072", "True True True True")]
    public void KeepFreedMemory_OfLargeBlocks_LastsAsLongAsSomebodyTrainsAndNeverOverTheUsersSettings(string? variable, string? value, string mappedOnTheirOwn)
    {
        ProcessStartInfo start = ChildProgram.StartInfo(KeptMemory.Name);
        if (variable is not null)
        {
            start.Environment[variable] = value;
        }

        using Process process = Process.Start(start)!;
        string answer = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        if (answer == "no glibc 2.33")
        {
            Assert.Inconclusive("This system's libc is not glibc 2.33 or newer, so that it does not tell how it keeps memory.");
        }

        Assert.AreEqual(mappedOnTheirOwn, answer);
    }
}
