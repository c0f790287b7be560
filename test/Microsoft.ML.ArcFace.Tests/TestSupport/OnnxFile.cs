using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Exported files in the hands of another program: ONNX Runtime.</summary>
internal static class OnnxFile
{
    /// <summary>The embeddings of faces, 112×112 interleaved R, G, B each, all in one batch.</summary>
    public static float[][] Embed(string path, byte[] faces, bool includesPreprocessing = true)
    {
        int count = faces.Length / FaceTensor.ByteCount;
        var input = new DenseTensor<float>(Planar(faces, includesPreprocessing), [count, 3, 112, 112]);
        using var options = new SessionOptions { IntraOpNumThreads = 2 };
        using var session = new InferenceSession(path, options);
        using var outputs = session.Run([NamedOnnxValue.CreateFromTensor("input", input)]);
        DenseTensor<float> output = outputs.Single(value => value.Name == "embedding").AsTensor<float>().ToDenseTensor();
        Assert.AreEqual(count, output.Dimensions[0]);
        return [.. output.ToArray().Chunk(output.Dimensions[1])];
    }

    /// <summary>Planes of red, green and blue for each face: pixel values, or these normalised.</summary>
    public static float[] Planar(byte[] faces, bool includesPreprocessing = true)
    {
        const int pixels = FaceTensor.ByteCount / 3;
        float[] planes = new float[faces.Length];
        for (int i = 0; i < faces.Length; i++)
        {
            (int face, int pixel, int channel) = (i / FaceTensor.ByteCount, i % FaceTensor.ByteCount / 3, i % 3);
            planes[(((face * 3) + channel) * pixels) + pixel] = includesPreprocessing ? faces[i] : (faces[i] - 127.5f) / 127.5f;
        }

        return planes;
    }

    public static double Cosine(float[] a, float[] b)
    {
        double dot = a.Zip(b, (x, y) => (double)x * y).Sum();
        return dot / Math.Sqrt(a.Sum(x => (double)x * x) * b.Sum(x => (double)x * x));
    }
}
