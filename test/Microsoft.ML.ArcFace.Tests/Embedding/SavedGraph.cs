using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Pixels;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

/// <summary>A graph of a formula, as if it had been read from an ONNX file: what it gives is computed here by plain loops, too.</summary>
internal static class SavedGraph
{
    private const int Channels = 64, Stride = 16, Places = 112 / Stride, EmbeddingSize = 8;
    private const float Slope = 0.25f;

    public static FaceNetworkFile File { get; } = new(
        "formula.onnx", new string('0', 60) + "abcd", new FacePixelsDecision(FacePixels.ImageNet with { ColorOrder = FaceColorOrder.Bgr }, FacePixelsSource.Caller, "as the program said"));

    /// <summary>The ONNX file that it is read from.</summary>
    public static byte[] Onnx()
    {
        var graph = new GraphModel();
        string value = graph.Input("data", TensorProto.Types.DataType.Float, 1, FaceInput.Channels, FaceInput.Size, FaceInput.Size);
        value = graph.Node("Conv", [value, Tensor("stem.weight", Channels, 3, Stride, Stride)], ("strides", new long[] { Stride, Stride }));
        value = graph.Node("PRelu", [value, Tensor("slopes.weight", Channels, 1, 1)]);
        value = graph.Node("Conv", [value, Tensor("mix.weight", Channels, Channels, 1, 1)]);
        return graph.ToBytes(graph.Node("Gemm", [graph.Node("Flatten", [value]), Tensor("last.weight", EmbeddingSize, Channels * Places * Places), Tensor("last.bias", EmbeddingSize)], ("transB", 1L)));

        string Tensor(string name, params long[] shape)
        {
            graph.Floats(Formula(name, (int)PlainTensor.CountOf(shape)), shape);
            return graph.Graph.Initializer[^1].Name = name;
        }
    }

    /// <summary>Saves a model of it.</summary>
    public static void Save(string path)
    {
        var ml = new MLContext();
        GraphNetwork graph = GraphNetwork.Parse(Onnx(), File.FileName);
        var pixels = PixelsNode.Before(graph.Network, File.Pixels.Pixels);
        var weights = WeightStore.InMemory(pixels.Network);
        foreach ((string name, WritableTensor tensor) in weights.Writable)
        {
            tensor.CopyFrom(pixels.Tensors.TryGetValue(name, out PlainTensor<float>? own) ? own : graph.Tensors[name]);
        }

        var facts = new EmbeddingFacts(null, EmbeddingSize, PersonCount: 0, [], Scale: 1, InferencePrecision.Float32, Training: null, File, graph.Original);
        var model = FaceEmbeddingModel.Of(pixels.Network, weights, ClassCenters.None(EmbeddingSize), facts, EmbeddingDevice.Choose(ml));
        using var embedding = new FaceEmbeddingTransformer(ml, model, new EmbeddingColumns("Image", "Embedding", null, null, null), addMirrorImage: false, batchSize: 32, Thresholds.Of(0.4));
        IDataView rows = ml.Data.LoadFromEnumerable<Row>([]);
        ml.Model.Save(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Append(embedding), rows.Schema, path);
    }

    /// <summary>Computes the embedding of a face of one color.</summary>
    public static float[] Embed(SKColor color)
    {
        double[] seen = [((color.Blue / 255.0) - 0.406) / 0.225, ((color.Green / 255.0) - 0.456) / 0.224, ((color.Red / 255.0) - 0.485) / 0.229];
        float[] kernel = Formula("stem.weight", Channels * 3 * Stride * Stride), linear = Formula("last.weight", EmbeddingSize * Channels * Places * Places), bias = Formula("last.bias", EmbeddingSize);
        double[] map = new double[Channels];
        for (int channel = 0; channel < Channels; channel++)
        {
            for (int i = 0; i < 3 * Stride * Stride; i++)
            {
                map[channel] += kernel[(channel * 3 * Stride * Stride) + i] * seen[i / (Stride * Stride)];
            }

            map[channel] *= map[channel] < 0 ? Slope : 1;
        }

        float[] weights = Formula("mix.weight", Channels * Channels);
        double[] mixed = [.. Enumerable.Range(0, Channels).Select(channel => Enumerable.Range(0, Channels).Sum(from => weights[(channel * Channels) + from] * map[from]))];
        double[] embedding = Array.ConvertAll(bias, value => (double)value);
        for (int output = 0; output < EmbeddingSize; output++)
        {
            for (int i = 0; i < Channels * Places * Places; i++)
            {
                embedding[output] += linear[(output * Channels * Places * Places) + i] * mixed[i / (Places * Places)];
            }
        }

        double length = Math.Sqrt(embedding.Sum(value => value * value));
        return Array.ConvertAll(embedding, value => (float)(value / length));
    }

    private static float[] Formula(string name, int count) => [.. Enumerable.Range(0, count).Select(i => name.StartsWith("slopes", StringComparison.Ordinal) ? Slope : ((i % 11) - 4.5f) / 64)];

    private sealed class Row
    {
        public string ImagePath { get; set; } = "";
    }
}
