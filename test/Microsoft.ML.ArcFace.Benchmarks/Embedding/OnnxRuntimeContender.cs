using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Benchmarks.Embedding;

/// <summary>ONNX Runtime by itself: SkiaSharp decodes, one run for each batch.</summary>
internal sealed class OnnxRuntimeContender : IContender
{
    private const int Size = 112, Area = Size * Size, Channels = 3;

    private readonly Race _race;
    private readonly InferenceSession _session;

    public OnnxRuntimeContender(Race race)
    {
        _race = race;
        using var options = new SessionOptions { IntraOpNumThreads = race.Threads, InterOpNumThreads = 1, GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL };
        _session = new InferenceSession(race.Onnx, options);
    }

    public string Name => "ONNX Runtime";

    public float[][] Embed() => [.. _race.Files.Chunk(_race.BatchSize).SelectMany(Embed)];

    public Cost MeasureSingle()
    {
        int number = 0;
        return AlternatingRounds.Measure(() => Embed([_race.Files[number++]]), _race.Singles);
    }

    public void Dispose() => _session.Dispose();

    private float[][] Embed(string[] files)
    {
        float[] planes = new float[files.Length * Channels * Area];
        for (int number = 0; number < files.Length; number++)
        {
            using SKBitmap bitmap = SKBitmap.Decode(files[number]);
            ReadOnlySpan<byte> pixels = bitmap.GetPixelSpan();
            (int red, int blue) = bitmap.ColorType == SKColorType.Bgra8888 ? (2, 0) : (0, 2);
            Span<float> face = planes.AsSpan(number * Channels * Area, Channels * Area);
            for (int pixel = 0; pixel < Area; pixel++)
            {
                face[pixel] = pixels[(4 * pixel) + red];
                face[Area + pixel] = pixels[(4 * pixel) + 1];
                face[(2 * Area) + pixel] = pixels[(4 * pixel) + blue];
            }
        }

        var input = new DenseTensor<float>(planes, [files.Length, Channels, Size, Size]);
        using var results = _session.Run([NamedOnnxValue.CreateFromTensor("input", input)]);
        float[] embeddings = [.. results[0].AsEnumerable<float>()];
        return [.. embeddings.Chunk(embeddings.Length / files.Length)];
    }
}
