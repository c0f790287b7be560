using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Judges a backbone by how well it tells pairs of validation photographs apart.</summary>
internal sealed class TrainingValidation
{
    private const int BatchSize = 32;

    /// <summary>Pairs of a kind that are judged at most; beyond, a random sample of them.</summary>
    private const int MostPairsOfAKind = 20_000;

    private readonly byte[][] _faces;
    private readonly (int First, int Second)[] _genuine;
    private readonly (int First, int Second)[] _impostor;

    private TrainingValidation(byte[][] faces, (int, int)[] genuine, (int, int)[] impostor, string? fingerprint)
    {
        Fingerprint = fingerprint;
        _faces = faces;
        _genuine = genuine;
        _impostor = impostor;
    }

    /// <inheritdoc cref="TrainingFaces.Fingerprint"/>
    public string? Fingerprint { get; }

    /// <exception cref="InvalidOperationException">A row cannot be used, or there are no pairs of the same person, or none of different people.</exception>
    public static TrainingValidation Read(IHost host, IChannel channel, IDataView data, ArcFaceTrainer.Options options, int seed, WorkObserver observer)
    {
        DataViewSchema.Column imageColumn = FacePixelReader.Column(host, data.Schema, options.ImageColumnName);
        DataViewSchema.Column labelColumn = FaceLabels.Column(host, data.Schema, options.LabelColumnName);
        FaceLabels labels = FaceLabels.Read(data, labelColumn);
        var preflight = new TrainingPreflight(labels, options, "validation set");
        var alignment = new AlignmentCheck(options.RequireAligned);
        var faces = new List<byte[]>();
        var classes = new List<int>();
        using DataFingerprint? fingerprint = DataFingerprint.Begin(options, labels);
        DataViewSchema.Column? nameColumn = ImageOrigin.KeyColumn(data.Schema);
        using (DataViewRowCursor cursor = data.GetRowCursor([imageColumn, labelColumn, .. nameColumn is { } column ? [column] : Array.Empty<DataViewSchema.Column>()]))
        {
            Func<string>? getName = nameColumn is { } named ? ImageOrigin.CreateGetter(cursor, named) : null;
            FacePixelReader.Getter getFace = FacePixelReader.Create(cursor, imageColumn, (image, name) => alignment.IsAligned(image, getName ?? name));
            Func<int> getLabel = labels.CreateGetter(cursor, labelColumn);
            using WorkMeter meter = observer.Begin("validation photographs decoded", data.GetRowCount());
            while (cursor.MoveNext())
            {
                meter.Advance();
                options.CancellationToken.ThrowIfCancellationRequested();
                byte[] pixels = new byte[FaceTensor.ByteCount];
                bool isReadable = getFace(pixels);
                int label = getLabel();
                if (preflight.Accept(isReadable ? pixels : null, label, getName))
                {
                    fingerprint?.Add(pixels, label);
                    faces.Add(pixels);
                    classes.Add(label);
                }
            }
        }

        preflight.CheckRows(channel);
        preflight.CheckAlignment(channel, alignment);

        var random = new Random(seed);
        (int, int)[] genuine = Pairs(classes, same: true, random), impostor = Pairs(classes, same: false, random);
        return genuine.Length > 0 && impostor.Length > 0
            ? new TrainingValidation([.. faces], genuine, impostor, fingerprint?.Text())
            : throw new InvalidOperationException(
                $"The validation set ({faces.Count} photographs) gives {genuine.Length} pairs of the same person and {impostor.Length} of different people; it takes at least one of each. Give it two or more photographs of two or more people.");
    }

    /// <summary>The probability that a random pair of the same person has a greater cosine than one of different people.</summary>
    public double AreaUnderRocCurve(FaceBackbone backbone, Device device, WorkObserver observer, CancellationToken cancellationToken)
    {
        float[][] embeddings = Embed(backbone, device, observer, cancellationToken);
        double[] genuine = Cosines(_genuine, embeddings), impostor = Cosines(_impostor, embeddings);
        Array.Sort(impostor);
        return genuine.Average(cosine => (Rank(impostor, cosine, orEqual: false) + Rank(impostor, cosine, orEqual: true)) / 2.0 / impostor.Length);
    }

    /// <summary>How many of the sorted values are below the value (or equal to it).</summary>
    private static int Rank(double[] sorted, double value, bool orEqual)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (sorted[middle] < value || (orEqual && sorted[middle] == value))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private float[][] Embed(FaceBackbone backbone, Device device, WorkObserver observer, CancellationToken cancellationToken)
    {
        using var noGradient = no_grad();
        var embeddings = new List<float[]>();
        foreach (byte[][] batch in observer.Watch(_faces, "validation photographs embedded", _faces.Length).Chunk(BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            byte[] pixels = [.. batch.SelectMany(face => face)];
            Tensor unit = nn.functional.normalize(backbone.forward(FaceTensor.ToTensor(pixels, batch.Length, device)), p: 2, dim: 1);
            embeddings.AddRange(unit.cpu().data<float>().ToArray().Chunk(backbone.EmbeddingSize));
        }

        return [.. embeddings];
    }

    private static double[] Cosines((int First, int Second)[] pairs, float[][] embeddings) =>
        [.. pairs.Select(pair => (double)System.Numerics.Tensors.TensorPrimitives.Dot(embeddings[pair.First], embeddings[pair.Second]))];

    private static (int, int)[] Pairs(List<int> classes, bool same, Random random)
    {
        // A reservoir, so that the quadratic number of pairs is walked through but not held.
        var pairs = new List<(int, int)>();
        long seen = 0;
        for (int i = 0; i < classes.Count; i++)
        {
            for (int j = i + 1; j < classes.Count; j++)
            {
                if ((classes[i] == classes[j]) != same)
                {
                    continue;
                }

                seen++;
                if (pairs.Count < MostPairsOfAKind)
                {
                    pairs.Add((i, j));
                }
                else if (random.NextInt64(seen) is var place && place < MostPairsOfAKind)
                {
                    pairs[(int)place] = (i, j);
                }
            }
        }

        return [.. pairs];
    }
}
