using System.Globalization;

namespace Microsoft.ML.ArcFace.Benchmarks.Training;

/// <summary>What all that train are given: the same weights, centres and batch.</summary>
/// <param name="Backbone">The network.</param>
/// <param name="People">Classes of the head.</param>
/// <param name="BatchSize">Faces in a step.</param>
/// <param name="Threads">Threads each may use.</param>
/// <param name="Folder">Where the files lie.</param>
internal sealed record TrainingRace(BackboneArchitecture Backbone, int People, int BatchSize, int Threads, string Folder)
{
    public string Weights => Path.Combine(Folder, Backbone.ToShortName() + ".safetensors");

    /// <summary>"weight", [People, 512].</summary>
    public string Centers => Path.Combine(Folder, "centers.safetensors");

    /// <summary>The pixels of all faces, then their classes, eight bytes each.</summary>
    public string Batch => Path.Combine(Folder, "batch.bin");

    /// <summary>In the order of peers/train.py.</summary>
    public string[] Arguments =>
        [Folder, Backbone.ToShortName(), People.ToString(CultureInfo.InvariantCulture), BatchSize.ToString(CultureInfo.InvariantCulture), Threads.ToString(CultureInfo.InvariantCulture)];

    public static TrainingRace Parse(ReadOnlySpan<string> arguments) => new(
        BackboneArchitectures.Parse(arguments[1]), int.Parse(arguments[2], CultureInfo.InvariantCulture), int.Parse(arguments[3], CultureInfo.InvariantCulture),
        int.Parse(arguments[4], CultureInfo.InvariantCulture), arguments[0]);
}
