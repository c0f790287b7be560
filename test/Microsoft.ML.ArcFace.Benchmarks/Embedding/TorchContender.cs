using System.Globalization;

namespace Microsoft.ML.ArcFace.Benchmarks.Embedding;

/// <summary>PyTorch (peers/embed.py).</summary>
internal sealed class TorchContender : IContender
{
    private readonly ContenderProcess _process;

    private TorchContender(ContenderProcess process, string precision) => (_process, Name) = (process, $"PyTorch {process.Version} {precision}");

    public string Name { get; }

    /// <summary>Null where Python has no PyTorch; says so.</summary>
    public static TorchContender? TryStart(Race race, string python, string precision)
    {
        string list = Path.Combine(race.Folder, "files.txt");
        File.WriteAllLines(list, race.Files);
        ContenderProcess? process = ContenderProcess.TryStartPeer(
            python, "embed.py", race.Weights, race.Backbone.ToShortName(), list, race.BatchSize.ToString(CultureInfo.InvariantCulture), race.Threads.ToString(CultureInfo.InvariantCulture), precision);
        return process is null ? null : new TorchContender(process, precision);
    }

    public float[][] Embed() => _process.Ask<float[][]>("embed");

    public Cost MeasureAll() => _process.Ask<Cost>("all");

    public Cost MeasureSingle() => _process.Ask<Cost>("single");

    public void Dispose() => _process.Dispose();
}
