using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>The class centers of the people that a model was trained on, [C, d], and the cosines of embeddings to them.</summary>
internal sealed class ClassCenters
{
    /// <summary>The length that a center is taken to have at least, as torch's normalize has it.</summary>
    private const float SmallestLength = 1e-12f;

    /// <summary>Centers that one thread compares with all embeddings of a batch at a time.</summary>
    private const int CentersOfAPart = 256;

    private readonly float[] _lengths;

    /// <param name="trained">The centers as trained, [C, d]; not copied.</param>
    public ClassCenters(PlainTensor<float> trained)
    {
        Trained = trained;
        (Count, Size) = ((int)trained.Shape[0], (int)trained.Shape[1]);
        _lengths = new float[Count];
        for (int person = 0; person < Count; person++)
        {
            _lengths[person] = Math.Max(TensorPrimitives.Norm(Row(person)), SmallestLength);
        }
    }

    /// <summary>The centers as trained, [C, d].</summary>
    public PlainTensor<float> Trained { get; }

    /// <summary>The number of people.</summary>
    public int Count { get; }

    /// <summary>Numbers in a center.</summary>
    public int Size { get; }

    /// <summary>Makes the centers of nobody.</summary>
    public static ClassCenters None(int size) => new(PlainTensor.Of([0, size], Array.Empty<float>()));

    /// <summary>Copies the center of a person in unit length.</summary>
    public float[] Unit(int person)
    {
        float[] center = new float[Size];
        TensorPrimitives.Divide(Row(person), _lengths[person], center);
        return center;
    }

    /// <summary>Compares unit-length embeddings [count, d] with all centers: cosines [count, C], row by row.</summary>
    public float[] Cosines(float[] embeddings)
    {
        int faces = embeddings.Length / Size;
        float[] cosines = new float[faces * Count];
        int parts = (Count + CentersOfAPart - 1) / CentersOfAPart;
        ParallelLoop.Run(parts, Math.Min(parts, ProcessorThreads.Count), part =>
        {
            // A center meets all embeddings while it is in the cache.
            for (int person = part * CentersOfAPart; person < Math.Min((part + 1) * CentersOfAPart, Count); person++)
            {
                for (int face = 0; face < faces; face++)
                {
                    float product = TensorPrimitives.Dot(Row(person), embeddings.AsSpan(face * Size, Size));
                    cosines[((long)face * Count) + person] = Math.Clamp(product / _lengths[person], -1, 1);
                }
            }
        });
        return cosines;
    }

    private ReadOnlySpan<float> Row(int person) => Trained.Values.AsSpan(person * Size, Size);
}
