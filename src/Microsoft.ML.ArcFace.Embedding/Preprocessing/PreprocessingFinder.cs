using System.Globalization;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Progress;

namespace Microsoft.ML.ArcFace.Preprocessing;

/// <summary>Tries the usual pixels on labeled faces.</summary>
internal static class PreprocessingFinder
{
    private const int Resamples = 400, BatchSize = 32;

    /// <summary>Embeds all faces once for each choice and holds the choices against each other.</summary>
    /// <param name="file">The recognizer.</param>
    /// <param name="faces">Faces and who they are.</param>
    /// <param name="observer">Is told of the faces that are embedded.</param>
    /// <param name="seed">Decides which people are drawn.</param>
    public static FacePreprocessingSearch Find(RecognizerFile file, LabeledFaces faces, WorkObserver observer, int seed)
    {
        FacePixelsDecision said = file.Decide(said: null, found: null);
        FacePixels[] tried = [.. new[] { said.Pixels }.Concat(FacePixels.Usual).Distinct()];
        var embeddings = new List<float[]>();
        using (WorkMeter meter = observer.Begin(FaceRecognitionCatalog.Embedded, (long)tried.Length * faces.Count))
        {
            using InferenceNetwork network = file.Compute();
            float[] numbers = new float[TrialPass.Count * FaceTensor.ByteCount];
            Scale(TrialPass.Pictures(), said.Pixels, numbers);
            file.CheckTrial(network.Embed(numbers, TrialPass.Count));
            foreach (FacePixels pixels in tried)
            {
                embeddings.Add(Embed(network, pixels, faces, meter));
            }
        }

        (double Area, double Lower, double Upper, bool IsAsGoodAsBest)[] measured = CosineSeparation.Measure(embeddings, faces.People, Resamples, seed);
        FacePreprocessingChoice[] choices = [.. tried.Zip(measured, (pixels, of) => new FacePreprocessingChoice(pixels, of.Area, of.Lower, of.Upper, of.IsAsGoodAsBest))];
        int genuine = faces.People.CountBy(person => person).Sum(entry => entry.Value * (entry.Value - 1) / 2), all = faces.Count * (faces.Count - 1) / 2;
        FacePreprocessingChoice chosen = Array.Find(choices, choice => choice.IsAsGoodAsBest)!;
        return new FacePreprocessingSearch(
            [.. choices.OrderByDescending(choice => choice.AreaUnderRocCurve)], chosen, ReasonFor(chosen, said, choices), file.Sha256, faces.PersonCount, faces.Count, genuine, all - genuine);
    }

    private static string ReasonFor(FacePreprocessingChoice chosen, FacePixelsDecision said, FacePreprocessingChoice[] choices)
    {
        int asGood = choices.Count(choice => choice.IsAsGoodAsBest);
        string others = string.Create(CultureInfo.InvariantCulture, $"{asGood} that these photographs cannot tell apart");
        return asGood == 1 ? "the only choice that fits these photographs"
            : chosen.Pixels == said.Pixels && said.Source != FacePixelsSource.Guess ? $"known beforehand ({said.Reason}), and one of {others}"
            : $"the most usual of {others}; photographs of more people tell more of them apart";
    }

    private static float[] Embed(InferenceNetwork network, FacePixels pixels, LabeledFaces faces, WorkMeter meter)
    {
        var embeddings = new List<float>();
        float[] numbers = new float[BatchSize * FaceTensor.ByteCount];
        for (int begin = 0; begin < faces.Count; begin += BatchSize)
        {
            int count = Math.Min(BatchSize, faces.Count - begin);
            Scale(faces.Bytes.AsSpan(begin * FaceTensor.ByteCount, count * FaceTensor.ByteCount), pixels, numbers);
            embeddings.AddRange(network.Embed(numbers.AsSpan(0, count * FaceTensor.ByteCount), count));
            meter.Advance(count);
        }

        return [.. embeddings];
    }

    /// <summary>Makes of bytes, red, green and blue of each pixel, the numbers that a network reads, in its order.</summary>
    private static void Scale(ReadOnlySpan<byte> bytes, FacePixels pixels, Span<float> numbers)
    {
        double[] mean = pixels.Mean.ToArray(), deviation = pixels.Deviation.ToArray();
        for (int channel = 0; channel < FaceTensor.Channels; channel++)
        {
            int color = pixels.ColorOrder == FaceColorOrder.Bgr ? FaceTensor.Channels - 1 - channel : channel;
            float[] scaled = [.. Enumerable.Range(0, byte.MaxValue + 1).Select(value => (float)((value - mean[color]) / deviation[color]))];
            for (int pixel = 0; pixel < bytes.Length; pixel += FaceTensor.Channels)
            {
                numbers[pixel + channel] = scaled[bytes[pixel + color]];
            }
        }
    }
}
