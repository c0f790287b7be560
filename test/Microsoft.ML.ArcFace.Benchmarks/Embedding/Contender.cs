namespace Microsoft.ML.ArcFace.Benchmarks.Embedding;

/// <summary>A program that embeds JPEG files of 112×112 pixels.</summary>
internal interface IContender : IDisposable
{
    string Name { get; }

    /// <summary>The unit-length embeddings of all files, in batches.</summary>
    float[][] Embed();

    /// <summary>What <see cref="Embed"/> costs.</summary>
    Cost MeasureAll() => AlternatingRounds.Measure(() => Embed());

    /// <summary>What one photograph by itself costs.</summary>
    Cost MeasureSingle();
}

/// <summary>What all contenders are given.</summary>
/// <param name="Backbone">The network.</param>
/// <param name="Files">JPEG files.</param>
/// <param name="BatchSize">Faces in a forward pass.</param>
/// <param name="Threads">Threads each may use.</param>
/// <param name="Folder">Where the weights lie in the forms that the contenders read.</param>
internal sealed record Race(BackboneArchitecture Backbone, IReadOnlyList<string> Files, int BatchSize, int Threads, string Folder)
{
    /// <summary>Photographs predicted one by one in a measurement.</summary>
    public int Singles => Math.Min(Files.Count, 8);

    public string Weights => Path.Combine(Folder, Backbone.ToShortName() + ".safetensors");

    public string Model => Path.Combine(Folder, Backbone.ToShortName() + ".zip");

    public string Onnx => Path.Combine(Folder, Backbone.ToShortName() + ".onnx");
}

/// <summary>A row of the input: the path of a file.</summary>
internal sealed class FileRow
{
    public string ImagePath { get; set; } = "";
}

/// <summary>A row of the output.</summary>
internal sealed class EmbeddingRow
{
    public float[] Embedding { get; set; } = [];
}
