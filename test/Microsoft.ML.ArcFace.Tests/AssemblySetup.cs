using Microsoft.ML.ArcFace.Runtime;

// One test at a time: torch's generator and thread count belong to the whole process.
[assembly: DoNotParallelize]

namespace Microsoft.ML.ArcFace.Tests;

[TestClass]
public static class AssemblySetup
{
    /// <summary>Where the native library cannot be loaded, every test says why.</summary>
    [AssemblyInitialize]
    public static void LoadNativeLibraries(TestContext _) => NativeLibraries.EnsureLoaded();
}
