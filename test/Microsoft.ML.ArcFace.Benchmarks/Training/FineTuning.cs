using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Benchmarks.Training;

/// <summary>
/// A recognizer of others before and after it was trained on, by kinds of photographs: as they are, reduced to fewer pixels, darkened.
/// One photograph of a pair is as it is, the other of the kind. Measured on people that are held out of the training photographs, where
/// choices are made, or on pairs of a test.
/// </summary>
/// <param name="graph">The .onnx file.</param>
/// <param name="train">Aligned photographs, one folder a person.</param>
/// <param name="held">People who are held out where there is no test.</param>
/// <param name="test">Photographs of the test; null: none.</param>
/// <param name="pairs">The pairs of the test.</param>
internal sealed class FineTuning(string graph, string train, int held, string? test, string? pairs)
{
    private const double Dark = 0.15;
    private const int MostOfAPerson = 6;

    private static readonly (string Name, Action<byte[]> Change)[] s_kinds =
    [
        ("as they are", _ => { }),
        .. new[] { 24, 16 }.Select(pixels => ($"{pixels} pixels", (Action<byte[]>)(face => FaceReduction.Apply(face, pixels)))),
        ("dark", face => Array.ForEach([.. Enumerable.Range(0, face.Length)], i => face[i] = (byte)Math.Round(face[i] * Dark))),
    ];

    public void Run(ArcFaceTrainer.Options options)
    {
        var ml = new MLContext(seed: options.Seed);
        ml.Log += (_, line) => { if (line.Kind != ML.Runtime.ChannelMessageKind.Trace) { Console.Error.WriteLine(line.Message); } };
        FaceFile[] all = [.. FilesOf(train)];
        string[] people = [.. all.Select(file => file.Label).Distinct().Order(StringComparer.Ordinal)];
        int step = Math.Max(1, people.Length / Math.Max(1, held));
        HashSet<string> heldOut = test is null ? [.. people.Where((_, number) => number % step == 0).Take(held)] : [];
        Measured measured = test is null ? OfHeldOut([.. all.Where(file => heldOut.Contains(file.Label)).GroupBy(file => file.Label).SelectMany(person => person.Take(MostOfAPerson))]) : OfTest();
        FaceFile[] trained = [.. all.Where(file => !heldOut.Contains(file.Label))];
        IDataView rows = FaceFile.ToView(trained);
        if (options.Seed == 1)
        {
            using FaceEmbeddingTransformer before = ml.Transforms.EmbedFaces("Embedding", "Image", graph).Fit(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows));
            Tell("the file", before, measured);
        }

        var clock = Stopwatch.StartNew();
        using FaceEmbeddingTransformer after = ml.FaceRecognition().Trainers.ArcFace(options with { InitialWeights = graph }).Fit(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{trained.Length} photographs, {people.Length - heldOut.Count} people, {options.Epochs} epochs, rate {options.LearningRate}, share {options.BackboneLearningRateShare}, norms {(options.RenewNorms ? "renewed" : "folded")}, frozen {options.FrozenStages}, reduced {options.Augmentation!.ReductionProbability}, seed {options.Seed}: {clock.Elapsed.TotalSeconds:F0} s"));
        Tell("trained", after, measured);
    }

    private static void Tell(string name, FaceEmbeddingTransformer model, Measured measured)
    {
        float[][] plain = Embed(model, measured.Faces, _ => { });
        foreach ((string kind, Action<byte[]> change) in s_kinds)
        {
            float[][] other = Embed(model, measured.Faces, change);
            double[] cosines = new double[measured.Pairs.Length];
            Parallel.For(0, cosines.Length, i => cosines[i] = TensorPrimitives.Dot(plain[measured.Pairs[i].First], other[measured.Pairs[i].Second]));
            RocPoint[] curve = VerificationEvaluator.RocCurve(cosines, measured.IsSame);
            string accuracy = measured.Folds is null ? "" : string.Create(CultureInfo.InvariantCulture, $", accuracy {100 * VerificationEvaluator.Evaluate(cosines, measured.IsSame, measured.Folds).Accuracy:F2} %");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-9} {kind,-12} area {RocPoint.AreaUnder(curve):F6}, TAR {100 * Accepted(curve, 0.01):F2} % at 1 %, {100 * Accepted(curve, 0.001):F2} % at 0.1 %{accuracy}"));
        }
    }

    private static double Accepted(RocPoint[] curve, double rate) => curve.Where(point => point.FalseAcceptRate <= rate).Max(point => point.TrueAcceptRate);

    /// <summary>Unit embeddings of faces and their mirror images.</summary>
    private static float[][] Embed(FaceEmbeddingTransformer model, byte[][] faces, Action<byte[]> change)
    {
        const int batch = 16;
        return [.. faces.Chunk(batch).SelectMany(chunk =>
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

    private static Measured OfHeldOut(FaceFile[] files)
    {
        (int, int)[] all = [.. Enumerable.Range(0, files.Length).SelectMany(first => Enumerable.Range(first + 1, files.Length - first - 1), (first, second) => (first, second))];
        return new Measured([.. files.Select(file => Decode(file.ImagePath))], all, [.. all.Select(pair => files[pair.Item1].Label == files[pair.Item2].Label)], Folds: null);
    }

    private Measured OfTest()
    {
        IReadOnlyList<FacePair> known = new MLContext().FaceRecognition().LoadPairs(pairs!);
        string[] paths = [.. known.SelectMany(pair => new[] { pair.First, pair.Second }).Distinct()];
        Dictionary<string, int> places = paths.Select((path, place) => (path, place)).ToDictionary();
        return new Measured([.. paths.Select(path => Decode(Path.Combine(test!, path)))], [.. known.Select(pair => (places[pair.First], places[pair.Second]))], [.. known.Select(pair => pair.IsSamePerson)], [.. known.Select(pair => pair.Fold)]);
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

    private sealed record Measured(byte[][] Faces, (int First, int Second)[] Pairs, bool[] IsSame, int[]? Folds);
}
