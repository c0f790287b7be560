using System.Globalization;

namespace Microsoft.ML.ArcFace.Benchmarks.Training;

/// <summary>What all that train are given: the same weights, centres and batch.</summary>
/// <param name="Backbone">The network.</param>
/// <param name="People">Classes of the head.</param>
/// <param name="BatchSize">Faces in a step.</param>
/// <param name="Threads">Threads each may use.</param>
/// <param name="Folder">Where the files lie.</param>
/// <param name="Gpu">The number of the GPU; null for the processor.</param>
internal sealed record TrainingRace(BackboneArchitecture Backbone, int People, int BatchSize, int Threads, string Folder, int? Gpu = null)
{
    /// <summary>What PyTorch puts before the number of a GPU.</summary>
    public const string GpuPrefix = "cuda:";

    public string Weights => Path.Combine(Folder, Backbone.ToShortName() + ".safetensors");

    /// <summary>"weight", [People, 512].</summary>
    public string Centers => Path.Combine(Folder, "centers.safetensors");

    /// <summary>The pixels of all faces, then their classes, eight bytes each.</summary>
    public string Batch => Path.Combine(Folder, "batch.bin");

    /// <summary>In the order of peers/train.py.</summary>
    public string[] Arguments(TrainingPrecision precision) =>
    [
        Folder, Backbone.ToShortName(), Text(People), Text(BatchSize), Text(Threads), precision.ToString().ToLowerInvariant(),
        .. Gpu is { } gpu ? (string[])[GpuPrefix + Text(gpu)] : [],
    ];

    /// <summary>The other way round.</summary>
    public static (TrainingRace Race, TrainingPrecision Precision) Parse(ReadOnlySpan<string> arguments) => (
        new TrainingRace(
            BackboneArchitectures.Parse(arguments[1]), Number(arguments[2]), Number(arguments[3]), Number(arguments[4]), arguments[0],
            arguments.Length > 6 ? Number(arguments[6][GpuPrefix.Length..]) : null),
        Enum.Parse<TrainingPrecision>(arguments[5], ignoreCase: true));

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
