using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Judges a backbone by how well it tells pairs of validation photographs apart.</summary>
internal sealed class TrainingValidation
{
    /// <summary>Pairs of a kind that are judged at most; beyond, a random sample of them.</summary>
    private const int MostPairsOfAKind = 20_000;

    private readonly byte[][] _faces;
    private readonly (int First, int Second)[] _pairs;
    private readonly bool[] _isSame;

    private TrainingValidation(byte[][] faces, (int, int)[] genuine, (int, int)[] impostor, string? fingerprint)
    {
        Fingerprint = fingerprint;
        _faces = faces;
        _pairs = [.. genuine, .. impostor];
        _isSame = [.. genuine.Select(_ => true), .. impostor.Select(_ => false)];
    }

    /// <inheritdoc cref="TrainingFaces.Fingerprint"/>
    public string? Fingerprint { get; }

    /// <exception cref="InvalidOperationException">A row cannot be used, or there are no pairs of the same person, or none of different people.</exception>
    public static TrainingValidation Read(IHost host, IChannel channel, IDataView data, TrainingSetup setup, int seed, WorkObserver observer)
    {
        DataViewSchema.Column imageColumn = FacePixelReader.Column(host, data.Schema, setup.ImageColumnName);
        DataViewSchema.Column labelColumn = FaceLabels.Column(host, data.Schema, setup.LabelColumnName);
        FaceLabels labels = FaceLabels.Read(data, labelColumn);
        var preflight = new TrainingPreflight(labels, setup, "validation set");
        var alignment = new AlignmentCheck(setup.RequireAligned);
        var faces = new List<byte[]>();
        var classes = new List<int>();
        using DataFingerprint? fingerprint = DataFingerprint.Begin(setup, labels);
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
                setup.CancellationToken.ThrowIfCancellationRequested();
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
        PairSpace space = PairSpace.Of(classes, Comparer<int>.Default);
        (int, int)[] genuine = [.. Ranks(space.GenuineCount, random).Select(space.Genuine)], impostor = [.. Ranks(space.ImpostorCount, random).Select(space.Impostor)];
        return genuine.Length > 0 && impostor.Length > 0
            ? new TrainingValidation([.. faces], genuine, impostor, fingerprint?.Text())
            : throw new InvalidOperationException(
                $"The validation set ({faces.Count} photographs) gives {genuine.Length} pairs of the same person and {impostor.Length} of different people; it takes at least one of each. Give it two or more photographs of two or more people.");
    }

    /// <summary>The probability that a random pair of the same person has a greater cosine than one of different people.</summary>
    public double AreaUnderRocCurve(FaceBackbone backbone, Device device, WorkObserver observer, CancellationToken cancellationToken)
    {
        float[][] embeddings = Embed(backbone, device, observer, cancellationToken);
        double[] cosines = [.. _pairs.Select(pair => UnitVectors.Cosine(embeddings[pair.First], embeddings[pair.Second]))];
        return RocPoint.AreaUnder(VerificationEvaluator.RocCurve(cosines, _isSame));
    }

    private float[][] Embed(FaceBackbone backbone, Device device, WorkObserver observer, CancellationToken cancellationToken)
    {
        IEnumerable<(byte[] Pixels, int Label)> faces = observer.Watch(_faces.Select(pixels => (pixels, Label: 0)), "validation photographs embedded", _faces.Length);
        var embeddings = new List<float[]>(_faces.Length);
        foreach (EmbeddedBatch batch in TrainingEmbeddings.Of(backbone, faces, device, cancellationToken))
        {
            using Tensor onProcessor = batch.UnitEmbeddings.cpu();
            embeddings.AddRange(onProcessor.data<float>().ToArray().Chunk(backbone.EmbeddingSize));
        }

        return [.. embeddings];
    }

    private static long[] Ranks(long pairs, Random random) => PairSpace.SampleRanks(pairs, (int)Math.Min(pairs, MostPairsOfAKind), random);
}
