using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Asks a teacher about all photographs of a set, as they are, before a run begins.</summary>
internal static class TaughtPeople
{
    private const int BatchSize = 32;

    /// <summary>Gives the mean [C, t] of each person's embeddings, zeros where there is no photograph, and the second moments [t, t] of all; on the processor.</summary>
    public static (Tensor Means, Tensor Moments) Of(OpenTeacher teacher, IEnumerable<(byte[] Pixels, int Label)> faces, int people, CancellationToken cancellationToken)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        int size = teacher.EmbeddingSize;
        Tensor sums = zeros(people, size, dtype: ScalarType.Float64), counts = zeros(people, 1, dtype: ScalarType.Float64), moments = zeros(size, size, dtype: ScalarType.Float64);
        long photographs = 0;
        foreach ((byte[] Pixels, int Label)[] batch in faces.Chunk(BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var batchScope = NewDisposeScope();
            byte[] pixels = new byte[batch.Length * FaceTensor.ByteCount];
            for (int i = 0; i < batch.Length; i++)
            {
                batch[i].Pixels.CopyTo(pixels.AsSpan(i * FaceTensor.ByteCount));
            }

            Tensor embeddings = tensor(teacher.Embed(pixels)).view(batch.Length, size).to(ScalarType.Float64);
            Tensor labels = tensor(batch.Select(face => (long)face.Label).ToArray());
            sums.AddRowsInPlace(labels, embeddings);
            counts.AddRowsInPlace(labels, ones(batch.Length, 1, dtype: ScalarType.Float64));
            moments.copy_(moments.Plus(embeddings.t().matmul(embeddings)));
            photographs += batch.Length;
        }

        Tensor means = sums / counts.AtLeast(1.0);
        return (means.to(ScalarType.Float32).MoveToOuterDisposeScope(), moments.DividedBy(Math.Max(1, photographs)).MoveToOuterDisposeScope());
    }
}
