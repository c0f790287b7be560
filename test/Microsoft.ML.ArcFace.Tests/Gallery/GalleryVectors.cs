namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>Vectors and galleries for tests.</summary>
internal static class GalleryVectors
{
    public const int Size = 16;

    public static FaceGalleryModel TestModel { get; } = new("fingerprint of a model", Size);

    /// <summary>A gallery with a threshold of its own, 0.5 unless the options have another.</summary>
    public static FaceGallery Open(string? path = null, FaceGalleryOptions? options = null)
    {
        options ??= new FaceGalleryOptions();
        return new MLContext().FaceRecognition().CreateGalleryFor(TestModel, path, options with { CosineThreshold = options.CosineThreshold ?? 0.5 });
    }

    /// <summary>A vector of a random direction, of a length other than one.</summary>
    public static float[] Random(Random random, int size = Size) => [.. Enumerable.Range(0, size).Select(_ => (float)(random.NextDouble() - 0.5) * 3)];

    /// <summary>The vector at an angle from the first axis to the second, in degrees.</summary>
    public static float[] At(double degrees)
    {
        float[] vector = new float[Size];
        (double sine, double cosine) = Math.SinCos(degrees * Math.PI / 180);
        (vector[0], vector[1]) = ((float)cosine, (float)sine);
        return vector;
    }

    /// <summary>The cosine in double precision, by its definition.</summary>
    public static double Cosine(float[] first, float[] second)
    {
        double dot = 0, one = 0, other = 0;
        for (int i = 0; i < first.Length; i++)
        {
            dot += (double)first[i] * second[i];
            one += (double)first[i] * first[i];
            other += (double)second[i] * second[i];
        }

        return dot / Math.Sqrt(one * other);
    }

    /// <summary>All bytes of the gallery's file and of what lies beside it.</summary>
    public static byte[] AllBytes(string path) =>
        [.. Directory.EnumerateFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + "*").SelectMany(File.ReadAllBytes)];

    /// <summary>Whether the bytes of a vector (any four numbers of it) or of a text stand somewhere.</summary>
    public static bool Contains(byte[] bytes, ReadOnlySpan<byte> wanted) => bytes.AsSpan().IndexOf(wanted) >= 0;
}
