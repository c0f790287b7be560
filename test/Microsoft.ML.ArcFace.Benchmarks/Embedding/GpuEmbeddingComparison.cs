using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Benchmarks.Training;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Samples.Drawing;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Benchmarks.Embedding;

/// <summary>
/// On a GPU: from the pixels of a batch in memory to embeddings in memory, ours beside PyTorch's with the same weights. Without
/// the decoding of files, which would hide the GPU.
/// </summary>
internal sealed class GpuEmbeddingComparison(int rounds, int batchSize, int gpu, string python)
{
    private const int Passes = 10, PicturesPerPerson = 4;

    /// <summary>Measures the networks one after the other, prints a table of each, and returns what a JSON file is to hold.</summary>
    public object Run(IEnumerable<BackboneArchitecture> backbones)
    {
        string work = Directory.CreateTempSubdirectory("arcface-compare-").FullName;
        try
        {
            DrawnFaces.WriteFolder(Path.Combine(work, "faces"), (batchSize + PicturesPerPerson - 1) / PicturesPerPerson, PicturesPerPerson, seed: 1);
            string[] files = [.. Directory.EnumerateFiles(Path.Combine(work, "faces"), "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Take(batchSize)];
            string list = Path.Combine(work, "files.txt");
            File.WriteAllLines(list, files);
            byte[] pixels = Decode(files);
            return new { batchSize, gpu, rounds, networks = backbones.SelectMany(backbone => Enum.GetValues<InferencePrecision>().Select(precision => Compare(backbone, precision, work, list, pixels))).ToArray() };
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private object Compare(BackboneArchitecture architecture, InferencePrecision precision, string work, string list, byte[] pixels)
    {
        string network = architecture.ToShortName(), weights = Path.Combine(work, network + ".safetensors");
        RandomWeights.Write(architecture, weights);
        using FaceEmbeddingModel model = Load(architecture, precision, weights);
        using ContenderProcess? peer = ContenderProcess.TryStartPeer(
            python, "embed.py", weights, network, list, Text($"{batchSize}"), "1", precision.ToString().ToLowerInvariant(), Text($"{TrainingRace.GpuPrefix}{gpu}"));

        float[] embeddings = model.Embed(pixels, batchSize, addMirrorImage: false).Unit;
        double? cosine = peer?.Ask<float[][]>("embed").Zip(embeddings.Chunk(model.Facts.EmbeddingSize), (other, own) => (double)TensorPrimitives.CosineSimilarity(own, other)).Min();
        Func<Cost> own = () => AlternatingRounds.Measure(() => model.Embed(pixels, batchSize, addMirrorImage: false), Passes);
        Cost[] costs = AlternatingRounds.Medians([own, .. peer is null ? (Func<Cost>[])[] : [() => peer.Ask<Cost>("decoded")]], rounds);

        double ours = costs[0].Elapsed, theirs = peer is null ? double.NaN : costs[1].Elapsed;
        Console.WriteLine(Text($"{network}, {precision}: embedding on GPU {gpu}, batch {batchSize}, medians of {rounds} alternating rounds of {Passes} passes"));
        Console.WriteLine("| | ms a batch | faces a second | speed to PyTorch | smallest cosine |");
        Console.WriteLine("|---|---|---|---|---|");
        Console.WriteLine(Text($"| ArcFace | {ours:0.00} | {batchSize / ours * 1e3:0} | {theirs / ours:0.00} | {cosine:0.00000} |"));
        if (peer is not null)
        {
            Console.WriteLine(Text($"| PyTorch {peer.Version} | {theirs:0.00} | {batchSize / theirs * 1e3:0} | 1 | |"));
        }

        Console.WriteLine();
        return new { network, precision = precision.ToString(), milliseconds = ours, millisecondsOfPyTorch = peer is null ? (double?)null : theirs, smallestCosine = cosine };
    }

    private FaceEmbeddingModel Load(BackboneArchitecture architecture, InferencePrecision precision, string weights)
    {
        var file = RecognizerFile.Open(weights, architecture);
        return FaceEmbeddingModel.OfFile(file, file.Decide(said: null, found: null), precision, EmbeddingDevice.Choose(new MLContext { GpuDeviceId = gpu }));
    }

    private static byte[] Decode(string[] files)
    {
        byte[] pixels = new byte[files.Length * FaceTensor.ByteCount];
        for (int i = 0; i < files.Length; i++)
        {
            using Microsoft.ML.Data.MLImage image = FaceImage.FromBytes(File.ReadAllBytes(files[i]), files[i]);
            FaceTensor.FromImage(image, pixels.AsSpan(i * FaceTensor.ByteCount, FaceTensor.ByteCount));
        }

        return pixels;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
