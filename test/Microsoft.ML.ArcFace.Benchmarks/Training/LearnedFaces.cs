using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Benchmarks.Training;

/// <summary>
/// Photographs to train on and others to measure what was learned, by kinds of photographs: as they are, reduced to fewer pixels,
/// darkened. One photograph of a pair is as it is, the other of the kind. Measured are people who are held out of the training
/// photographs, where choices are made, or the pairs of a test.
/// </summary>
internal sealed class LearnedFaces
{
    private const double Dark = 0.15;
    private const int MostOfAPerson = 6;

    private static readonly (string Name, Action<byte[]> Change)[] s_kinds =
    [
        ("as they are", _ => { }),
        .. new[] { 24, 16 }.Select(pixels => ($"{pixels} pixels", (Action<byte[]>)(face => FaceReduction.Apply(face, pixels)))),
        ("dark", face => Array.ForEach([.. Enumerable.Range(0, face.Length)], i => face[i] = (byte)Math.Round(face[i] * Dark))),
    ];

    private readonly byte[][] _faces;
    private readonly (int First, int Second)[] _pairs;
    private readonly bool[] _isSame;

    // Of each pair; null where people are held out.
    private readonly int[]? _folds;

    /// <summary>Lists the photographs to train on and reads those to measure on.</summary>
    /// <param name="train">Aligned photographs, one folder a person.</param>
    /// <param name="held">People who are held out where there is no test.</param>
    /// <param name="split">Which ones: the first of them is the person of this place in the order of names.</param>
    /// <param name="test">Photographs of the test; null: none.</param>
    /// <param name="pairs">The pairs of the test.</param>
    public LearnedFaces(string train, int held, int split, string? test, string? pairs)
    {
        FaceFile[] all = [.. FilesOf(train)];
        string[] people = [.. all.Select(file => file.Label).Distinct().Order(StringComparer.Ordinal)];
        int step = Math.Max(1, people.Length / Math.Max(1, held));
        HashSet<string> heldOut = test is null ? [.. people.Where((_, number) => number % step == split % step).Take(held)] : [];
        Trained = [.. all.Where(file => !heldOut.Contains(file.Label))];
        PeopleTrained = people.Length - heldOut.Count;
        if (test is null)
        {
            FaceFile[] files = [.. all.Where(file => heldOut.Contains(file.Label)).GroupBy(file => file.Label).SelectMany(person => person.Take(MostOfAPerson))];
            _faces = [.. files.Select(file => Decode(file.ImagePath))];
            _pairs = [.. Enumerable.Range(0, files.Length).SelectMany(first => Enumerable.Range(first + 1, files.Length - first - 1), (first, second) => (first, second))];
            _isSame = [.. _pairs.Select(pair => files[pair.First].Label == files[pair.Second].Label)];
        }
        else
        {
            IReadOnlyList<FacePair> known = new MLContext().FaceRecognition().LoadPairs(pairs!);
            string[] paths = [.. known.SelectMany(pair => new[] { pair.First, pair.Second }).Distinct()];
            Dictionary<string, int> places = paths.Select((path, place) => (path, place)).ToDictionary();
            _faces = [.. paths.Select(path => Decode(Path.Combine(test, path)))];
            _pairs = [.. known.Select(pair => (places[pair.First], places[pair.Second]))];
            _isSame = [.. known.Select(pair => pair.IsSamePerson)];
            _folds = [.. known.Select(pair => pair.Fold)];
        }
    }

    public FaceFile[] Trained { get; }

    public int PeopleTrained { get; }

    /// <summary>The photographs to train on, loaded when they are read.</summary>
    public IDataView Images(MLContext ml)
    {
        IDataView rows = FaceFile.ToView(Trained);
        return ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows);
    }

    /// <summary>Writes a line for each kind of photographs.</summary>
    public void Tell(string name, FaceEmbeddingTransformer model)
    {
        float[][] plain = Embed(model, _ => { });
        foreach ((string kind, Action<byte[]> change) in s_kinds)
        {
            float[][] other = Embed(model, change);
            double[] cosines = new double[_pairs.Length];
            Parallel.For(0, cosines.Length, i => cosines[i] = TensorPrimitives.Dot(plain[_pairs[i].First], other[_pairs[i].Second]));
            RocPoint[] curve = VerificationEvaluator.RocCurve(cosines, _isSame);
            string accuracy = _folds is null ? "" : string.Create(CultureInfo.InvariantCulture, $", accuracy {100 * VerificationEvaluator.Evaluate(cosines, _isSame, _folds).Accuracy:F2} %");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-9} {kind,-12} area {RocPoint.AreaUnder(curve):F6}, TAR {100 * Accepted(curve, 0.1):F2} % at 10 %, {100 * Accepted(curve, 0.01):F2} % at 1 %, {100 * Accepted(curve, 0.001):F2} % at 0.1 %, equal error {100 * EqualError(curve):F2} %{accuracy}"));
        }
    }

    private static double Accepted(RocPoint[] curve, double rate) => curve.Where(point => point.FalseAcceptRate <= rate).Max(point => point.TrueAcceptRate);

    private static double EqualError(RocPoint[] curve) => curve.Min(point => Math.Max(point.FalseAcceptRate, 1 - point.TrueAcceptRate));

    /// <summary>Unit embeddings of faces and their mirror images.</summary>
    private float[][] Embed(FaceEmbeddingTransformer model, Action<byte[]> change)
    {
        const int batch = 16;
        return [.. _faces.Chunk(batch).SelectMany(chunk =>
        {
            byte[][] changed = [.. chunk.Select(face => { byte[] copy = [.. face]; change(copy); return copy; })];
            float[] own = model.Model.Computed.Embed([.. changed.SelectMany(face => face)], chunk.Length);
            float[] mirrored = model.Model.Computed.Embed([.. changed.SelectMany(face => { byte[] mirror = new byte[face.Length]; FaceTensor.Mirror(face, mirror); return mirror; })], chunk.Length);
            return own.Chunk(own.Length / chunk.Length).Zip(mirrored.Chunk(own.Length / chunk.Length), (left, right) =>
            {
                float[] sum = [.. left.Zip(right, (one, other) => one + other)];
                TensorPrimitives.Divide(sum, TensorPrimitives.Norm<float>(sum), sum);
                return sum;
            });
        })];
    }

    private static IEnumerable<FaceFile> FilesOf(string folder) =>
        from path in Directory.EnumerateFiles(folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        let relative = Path.GetRelativePath(folder, path)
        select new FaceFile(folder, relative, relative.Replace('\\', '/'), Path.GetFileName(Path.GetDirectoryName(path)!));

    private static byte[] Decode(string path)
    {
        byte[] face = new byte[FaceTensor.ByteCount];
        using MLImage image = MLImage.CreateFromFile(path);
        FaceTensor.FromImage(image, face);
        return face;
    }
}
