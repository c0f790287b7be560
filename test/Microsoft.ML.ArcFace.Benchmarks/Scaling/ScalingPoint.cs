using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.ArcFace.Backbones;
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

/// <summary>The points that are measured in processes of their own, and have no command yet.</summary>
internal static class ScalingPoint
{
    /// <summary>The name of the command that <see cref="Run"/> answers.</summary>
    public const string Command = "scaling-point";

    private const int Rounds = 5, FacesOfARound = 64, PhotographsRead = 2000;

    /// <summary>Arguments: "embedding", faces in a pass, threads; or "images", the file that lists them, threads.</summary>
    public static void Run(string kind, string what, int threads)
    {
        set_num_threads(threads);
        Func<ScalingMeasurement> measure = kind == "embedding" ? () => Embedding(int.Parse(what, CultureInfo.InvariantCulture)) : () => Images(what);
        ContenderProcess.Answer(new Dictionary<string, Func<object>> { ["measure"] = () => measure() });
    }

    /// <summary>A face of MobileFaceNet in float32, in passes of so many faces.</summary>
    private static ScalingMeasurement Embedding(int batchSize)
    {
        using var model = FaceEmbeddingModel.WithoutPeople(FaceBackbone.Create(BackboneArchitecture.MobileFaceNet), CPU, InferencePrecision.Float32);
        byte[] faces = new byte[batchSize * FaceTensor.ByteCount];
        new Random(1).NextBytes(faces);
        int passes = Math.Max(1, FacesOfARound / batchSize);
        Cost cost = AlternatingRounds.Medians([() => AlternatingRounds.Measure(() => model.Embed(faces, batchSize, addMirrorImage: false), passes)], Rounds)[0];
        return new ScalingMeasurement(cost.Elapsed / batchSize, cost.Processor / batchSize, Peak());
    }

    /// <summary>Lists photographs, then decodes the first of them.</summary>
    private static ScalingMeasurement Images(string list)
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
