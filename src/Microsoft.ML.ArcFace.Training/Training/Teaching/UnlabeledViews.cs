using Microsoft.ML.ArcFace.Data;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// Makes the views of a step that are for the teacher alone: photographs without labels, or those of the batch once more, each
/// changed anew and most of them mixed with another. Each view is a function of seed and place in the run.
/// </summary>
/// <param name="teacher">How many views there are, and how many of them are mixtures.</param>
/// <param name="faces">The photographs without labels; null: there are none.</param>
/// <param name="augmenter">Changes photographs as those of the batch are.</param>
/// <param name="seed">Of the run.</param>
internal sealed class UnlabeledViews(FaceTeacher teacher, UnlabeledFaces? faces, FaceAugmenter augmenter, int seed)
{
    /// <summary>Sets these random numbers apart from those of the labeled views.</summary>
    private const int OwnNumbers = 0x5EED;

    private readonly byte[] _other = new byte[FaceTensor.ByteCount];
    private int[] _order = [];
    private long _pass = -1;

    /// <summary>How many views a step with so many labeled ones has besides.</summary>
    public int CountBeside(int labeled) => teacher.UnlabeledViews(labeled);

    /// <summary>Writes the views of a step.</summary>
    /// <param name="batch">The photographs of the batch.</param>
    /// <param name="step">The step in the run, from 0.</param>
    /// <param name="views">Receives them.</param>
    public void Write((byte[] Pixels, int Label)[] batch, long step, Span<byte> views)
    {
        int count = views.Length / FaceTensor.ByteCount;
        byte[][] first = [.. Enumerable.Range(0, count).Select(view => faces is null ? batch[view % batch.Length].Pixels : faces[Place((step * count) + view)])];
        byte[][] all = faces is null ? [.. batch.Select(face => face.Pixels)] : [.. first, .. batch.Select(face => face.Pixels)];
        for (int view = 0; view < count; view++)
        {
            var random = new Random(PlaceHash.Of(seed + OwnNumbers, (step * count) + view));
            Span<byte> target = views.Slice(view * FaceTensor.ByteCount, FaceTensor.ByteCount);
            augmenter.Apply(first[view], target, random);
            if (random.NextDouble() < teacher.MixedShare)
            {
                // Any but the first one itself.
                int own = view % all.Length;
                augmenter.Apply(all[(own + 1 + random.Next(all.Length - 1)) % all.Length], _other, random);
                Mix(target, _other, random.Next(257));
            }
        }
    }

    /// <summary>Mixes a face with another one, of which it takes a share of so many 256ths.</summary>
    public static void Mix(Span<byte> face, ReadOnlySpan<byte> other, int share)
    {
        for (int i = 0; i < face.Length; i++)
        {
            face[i] = (byte)(((face[i] * (256 - share)) + (other[i] * share) + 128) >> 8);
        }
    }

    /// <summary>The photograph for the view of this number; each comes once in a pass over all, in an order of its own.</summary>
    private int Place(long number)
    {
        (long pass, long place) = Math.DivRem(number, faces!.Count);
        if (pass != _pass)
        {
            _order = [.. Enumerable.Range(0, faces.Count)];
            new Random(PlaceHash.Of(seed, pass)).Shuffle(_order);
            _pass = pass;
        }

        return _order[place];
    }
}
