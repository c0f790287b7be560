using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Benchmarks.Embedding;

/// <summary>An ML.NET pipeline from the path of a file to an embedding, through Transform and PredictionEngine.</summary>
internal sealed class PipelineContender(string name, MLContext ml, ITransformer pipeline, Race race) : IContender
{
    private readonly IDataView _rows = Rows(ml, race);
    private readonly PredictionEngine<FileRow, EmbeddingRow> _engine = ml.Model.CreatePredictionEngine<FileRow, EmbeddingRow>(pipeline);

    public string Name => name;

    /// <summary>Ours.</summary>
    public static PipelineContender OfArcFace(Race race, InferencePrecision precision)
    {
        var ml = new MLContext(seed: 1);
        var pipeline = ml.Transforms.LoadFaceImages("Image", nameof(FileRow.ImagePath)).Append(ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options
        {
            OutputColumnName = nameof(EmbeddingRow.Embedding),
            WeightsFile = race.Weights,
            Architecture = race.Backbone,
            InferenceBatchSize = race.BatchSize,
            InferencePrecision = precision,
        }));
        return new PipelineContender($"ArcFace {precision.ToString().ToLowerInvariant()}", ml, pipeline.Fit(Rows(ml, race)), race);
    }

    /// <summary>ML.NET's own transforms with the exported ONNX file.</summary>
    public static PipelineContender OfApplyOnnxModel(Race race)
    {
        var ml = new MLContext(seed: 1);
        var pipeline = ml.Transforms.LoadImages("Image", imageFolder: null, nameof(FileRow.ImagePath))
            .Append(ml.Transforms.ResizeImages("Sized", 112, 112, "Image"))
            .Append(ml.Transforms.ExtractPixels("input", "Sized"))
            .Append(ml.Transforms.ApplyOnnxModel(new Transforms.Onnx.OnnxOptions
            {
                ModelFile = race.Onnx,
                InputColumns = ["input"],
                OutputColumns = ["embedding"],
                ShapeDictionary = new Dictionary<string, int[]> { ["input"] = [1, 3, 112, 112], ["embedding"] = [1, 512] },
                IntraOpNumThreads = race.Threads,
            }))
            .Append(ml.Transforms.CopyColumns(nameof(EmbeddingRow.Embedding), "embedding"));
        return new PipelineContender("ApplyOnnxModel", ml, pipeline.Fit(Rows(ml, race)), race);
    }

    public float[][] Embed() => [.. pipeline.Transform(_rows).GetColumn<float[]>(nameof(EmbeddingRow.Embedding))];

    public Cost MeasureSingle()
    {
        int number = 0;
        return AlternatingRounds.Measure(() => _engine.Predict(new FileRow { ImagePath = race.Files[number++] }), race.Singles);
    }

    public void Dispose() => _engine.Dispose();

    private static IDataView Rows(MLContext ml, Race race) => ml.Data.LoadFromEnumerable(race.Files.Select(file => new FileRow { ImagePath = file }));
}
