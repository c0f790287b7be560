using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Benchmarks.Heads;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Benchmarks.Scaling;

/// <summary>What one process measured.</summary>
/// <param name="Milliseconds">Of a step, a list or a photograph, as the curve says; the median.</param>
/// <param name="ProcessorMilliseconds">The same of all processors.</param>
/// <param name="PeakMegabytes">The largest resident set.</param>
/// <param name="ListMilliseconds">For listing the photographs.</param>
internal sealed record ScalingMeasurement(double Milliseconds, double ProcessorMilliseconds, double PeakMegabytes, double ListMilliseconds = 0);

/// <summary>The places of curves that have no command of their own.</summary>
internal static class ScalingPoint
{
    /// <summary>The name of the command that <see cref="Run"/> answers.</summary>
    public const string Command = "scaling-point";

    /// <summary>A step of the head that scores all people, and one that scores a sample of them; sizes are people.</summary>
    public const string AllPeople = "arcface", SampledPeople = "sampled";

    /// <summary>A face embedded; sizes are faces in a pass.</summary>
    public const string Embedding = "embedding";

    /// <summary>Photographs of a list; in place of a size stands the list's file.</summary>
    public const string Images = "images";

    /// <summary>The share of the people that are scored.</summary>
    public const double SampleRate = 0.1;

    private const int Rounds = 3, FacesOfARound = 64, PhotographsRead = 2000;

    /// <summary>Answers "measure".</summary>
    public static void Run(string kind, string what, int threads)
    {
        // As the trainer prepares the process.
        set_num_threads(threads);
        Microsoft.ML.ArcFace.Runtime.ProcessorThreads.CountBy(() => threads);
        using IDisposable memory = Runtime.NativeMemory.KeepFreedMemory();
        ContenderProcess.Answer(new Dictionary<string, Func<object>>
        {
            ["measure"] = () => kind switch
            {
                Embedding => OfEmbedding(int.Parse(what, CultureInfo.InvariantCulture)),
                Images => OfImages(what),
                _ => OfHead(kind, long.Parse(what, CultureInfo.InvariantCulture)),
            },
        });
    }

    private static ScalingMeasurement OfHead(string kind, long people)
    {
        PartialFcResult result = PartialFcComparison.Measure(people, SampleRate, Rounds, kind);
        return new ScalingMeasurement(result.MedianMilliseconds, result.ProcessorMilliseconds, result.PeakMegabytes);
    }

    /// <summary>A face of MobileFaceNet in float32, in passes of so many faces.</summary>
    private static ScalingMeasurement OfEmbedding(int batchSize)
    {
        string weights = Path.GetTempFileName();
        RandomWeights.Write(BackboneArchitecture.MobileFaceNet, weights);
        var file = RecognizerFile.Open(weights, BackboneArchitecture.MobileFaceNet);
        using var model = FaceEmbeddingModel.OfFile(file, file.Decide(said: null, found: null), InferencePrecision.Float32, EmbeddingDevice.Choose(new MLContext()));
        File.Delete(weights);
        byte[] faces = new byte[batchSize * FaceTensor.ByteCount];
        new Random(1).NextBytes(faces);
        int passes = Math.Max(1, FacesOfARound / batchSize);
        Cost cost = AlternatingRounds.Medians([() => AlternatingRounds.Measure(() => model.Embed(faces, batchSize, addMirrorImage: false), passes)], Rounds)[0];
        return new ScalingMeasurement(cost.Elapsed / batchSize, cost.Processor / batchSize, Peak());
    }

    /// <summary>Lists photographs, then decodes the first of them.</summary>
    private static ScalingMeasurement OfImages(string list)
    {
        var ml = new MLContext(seed: 1);
        IDataView? rows = null;
        Cost listing = AlternatingRounds.Measure(() => rows = ml.FaceRecognition().LoadFromList(list));
        IDataView images = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows!).Transform(rows!);
        using DataViewRowCursor cursor = images.GetRowCursor([images.Schema["Image"]]);
        FacePixelReader.Getter read = FacePixelReader.Create(cursor, images.Schema["Image"]);
        byte[] pixels = new byte[FaceTensor.ByteCount];
        int count = 0;
        Cost decoding = AlternatingRounds.Measure(() =>
        {
            for (; count < PhotographsRead && cursor.MoveNext(); count++)
            {
                read(pixels);
            }
        });
        return new ScalingMeasurement(decoding.Elapsed / count, decoding.Processor / count, Peak(), listing.Elapsed);
    }

    private static double Peak()
    {
        using Process self = Process.GetCurrentProcess();
        return self.PeakWorkingSet64 / 1e6;
    }
}
