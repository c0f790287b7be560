using BenchmarkDotNet.Attributes;

namespace Microsoft.ML.ArcFace.Benchmarks.Heads;

/// <summary>Forward and backward pass of one head: 512 × classes, batch 128.</summary>
public class HeadBenchmarks
{
    private HeadStep _step = null!;

    [Params(10_000, 100_000)]
    public int Classes { get; set; }

    [ParamsSource(nameof(LossNames))]
    public string Loss { get; set; } = "";

    public static IEnumerable<string> LossNames => HeadStep.Losses.Select(loss => loss.GetType().Name);

    [GlobalSetup]
    public void Create() => _step = new HeadStep(HeadStep.Losses.Single(loss => loss.GetType().Name == Loss), Classes);

    [GlobalCleanup]
    public void Free() => _step.Dispose();

    [Benchmark]
    public void ForwardAndBackward() => _step.ForwardAndBackward();
}
