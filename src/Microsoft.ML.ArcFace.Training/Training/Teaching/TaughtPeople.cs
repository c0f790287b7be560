using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Holds what a teacher makes of all photographs of a set, as they are, before a run begins. The tensors are on the processor.</summary>
/// <param name="Means">[C, t]: the mean of each person's embeddings, zeros where there is no photograph.</param>
/// <param name="Moments">[t, t]: the mean of v·vᵀ over all embeddings v.</param>
/// <param name="Anchors">[a, t]: the embeddings of evenly spread photographs, of which there are <see cref="AnchorsOf"/>.</param>
internal sealed record TaughtPeople(Tensor Means, Tensor Moments, Tensor Anchors)
{
    private const int BatchSize = 32;
    private const int MostAnchors = 4096;

    /// <summary>Gives the number of photographs, of so many, that views are compared with.</summary>
    public static int AnchorsOf(int photographs) => photographs <= MostAnchors ? photographs : (photographs + Spacing(photographs) - 1) / Spacing(photographs);

    /// <summary>Asks a teacher; the tensors go to the caller's scope.</summary>
    /// <param name="teacher">The teacher.</param>
    /// <param name="faces">The photographs of the set.</param>
    /// <param name="photographs">How many there are.</param>
    /// <param name="people">How many people they show.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public static TaughtPeople Of(OpenTeacher teacher, IEnumerable<(byte[] Pixels, int Label)> faces, int photographs, int people, CancellationToken cancellationToken)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        int size = teacher.EmbeddingSize;
        Tensor sums = zeros(people, size, dtype: ScalarType.Float64), counts = zeros(people, 1, dtype: ScalarType.Float64), moments = zeros(size, size, dtype: ScalarType.Float64);
        float[] anchors = new float[AnchorsOf(photographs) * size];
        int place = 0;
        foreach ((byte[] Pixels, int Label)[] batch in faces.Chunk(BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var batchScope = NewDisposeScope();
            byte[] pixels = new byte[batch.Length * FaceTensor.ByteCount];
            for (int i = 0; i < batch.Length; i++)
            {
                batch[i].Pixels.CopyTo(pixels.AsSpan(i * FaceTensor.ByteCount));
            }

            float[] taught = teacher.Embed(pixels);
            for (int i = 0; i < batch.Length; i++, place++)
            {
                if (place % Spacing(photographs) == 0)
                {
                    taught.AsSpan(i * size, size).CopyTo(anchors.AsSpan(place / Spacing(photographs) * size));
                }
            }

            Tensor embeddings = tensor(taught).view(batch.Length, size).to(ScalarType.Float64);
            Tensor labels = tensor(batch.Select(face => (long)face.Label).ToArray());
            sums.AddRowsInPlace(labels, embeddings);
            counts.AddRowsInPlace(labels, ones(batch.Length, 1, dtype: ScalarType.Float64));
            moments.copy_(moments.Plus(embeddings.t().matmul(embeddings)));
        }

        Tensor means = sums / counts.AtLeast(1.0);
        return new TaughtPeople(
            means.to(ScalarType.Float32).MoveToOuterDisposeScope(),
            moments.DividedBy(Math.Max(1, place)).MoveToOuterDisposeScope(),
            tensor(anchors).view(-1, size).MoveToOuterDisposeScope());
    }

    /// <summary>One photograph of so many is an anchor.</summary>
    private static int Spacing(int photographs) => Math.Max(1, (photographs + MostAnchors - 1) / MostAnchors);
}
