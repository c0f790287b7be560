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
            foreach (FacePixels pixels in tried)
            {
                embeddings.Add(Embed(file, pixels, faces, meter));
            }
        }

        (double Area, double Lower, double Upper, bool IsAsGoodAsBest)[] measured = CosineSeparation.Measure(embeddings, faces.People, Resamples, seed);
        FacePreprocessingChoice[] choices = [.. tried.Zip(measured, (pixels, of) => new FacePreprocessingChoice(pixels, of.Area, of.Lower, of.Upper, of.IsAsGoodAsBest))];
        int genuine = faces.People.CountBy(person => person).Sum(entry => entry.Value * (entry.Value - 1) / 2), all = faces.Count * (faces.Count - 1) / 2;
        return new FacePreprocessingSearch(
            [.. choices.OrderByDescending(choice => choice.AreaUnderRocCurve)], Array.Find(choices, choice => choice.IsAsGoodAsBest)!, file.Sha256, faces.PersonCount, faces.Count, genuine, all - genuine);
    }

    private static float[] Embed(RecognizerFile file, FacePixels pixels, LabeledFaces faces, WorkMeter meter)
    {
        using IFaceNetwork network = file.Compute(pixels);
        var embeddings = new List<float>();
        for (int begin = 0; begin < faces.Count; begin += BatchSize)
        {
            int count = Math.Min(BatchSize, faces.Count - begin);
            embeddings.AddRange(network.Embed(faces.Bytes.AsSpan(begin * FaceTensor.ByteCount, count * FaceTensor.ByteCount), count));
            meter.Advance(count);
        }

        return [.. embeddings];
    }
}
