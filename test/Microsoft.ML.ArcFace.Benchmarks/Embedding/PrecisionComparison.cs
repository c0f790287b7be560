using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Benchmarks.Embedding;

/// <summary>What bfloat16 changes on real faces: the cosines to the embeddings in float32, and the accuracy on pairs.</summary>
internal static class PrecisionComparison
{
    public static void Run(string model, string test, string pairs)
    {
        var ml = new MLContext(seed: 1);
        string weights = Path.GetTempFileName();
        try
        {
            using var trained = (IDisposable)ml.Model.Load(model, out _);
            FaceEmbeddingTransformer embedding = ((ITransformer)trained).FaceEmbedding();
            ml.FaceRecognition().ExportToSafetensors((ITransformer)trained, weights);
            IDataView faces = ml.FaceRecognition().LoadFromFolder(test);
            IReadOnlyList<FacePair> known = ml.FaceRecognition().LoadPairs(pairs);
            float[][] expected = [];
            foreach (InferencePrecision precision in Enum.GetValues<InferencePrecision>())
            {
                var pipeline = ml.Transforms.LoadFaceImages("Image", "ImagePath").Append(ml.Transforms.EmbedFaces(new FaceEmbeddingEstimator.Options
                {
                    WeightsFile = weights,
                    Architecture = embedding.Backbone,
                    AddMirrorImage = embedding.AddsMirrorImage,
                    InferencePrecision = precision,
                })).Fit(faces);
                IDataView embedded = ml.Data.Cache(pipeline.Transform(faces), "RelativePath", "Embedding");
                float[][] actual = [.. embedded.GetColumn<float[]>("Embedding")];
                expected = expected.Length == 0 ? actual : expected;
                double smallest = actual.Zip(expected, (one, other) => (double)TensorPrimitives.CosineSimilarity(one, other)).Min();
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{precision}: smallest cosine to float32 {smallest:0.000000} over {actual.Length} faces; {ml.FaceRecognition().EvaluateVerification(embedded, known)}"));
                pipeline.LastTransformer.Dispose();
            }
        }
        finally
        {
            File.Delete(weights);
        }
    }
}
