using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Microsoft.ML.ArcFace.Benchmarks;

/// <summary>Benchmarks run in this process: torch's native library is half a gigabyte, not to be built anew for each.</summary>
internal static class InProcess
{
    public static IConfig Config => DefaultConfig.Instance.AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance));
}
