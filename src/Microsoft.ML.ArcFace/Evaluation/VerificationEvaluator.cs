using System.Numerics.Tensors;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>
/// The published verification protocol: squared distances of unit vectors, thresholds 0 to 4 in steps of 0.01, and for
/// each fold the first threshold that is best on the other folds; a pair is accepted if its distance is below it.
/// </summary>
internal static class VerificationEvaluator
{
    private const int ThresholdCount = 400;
    private const double ThresholdStep = 0.01;
    private const int NamedExamples = 3;

    /// <summary>Reads the embeddings of the pictures that pairs name, in one pass, and judges the pairs.</summary>
    public static VerificationMetrics EvaluateVerification(
        IHostEnvironment environment, IDataView data, IEnumerable<FacePair> pairs, string embeddingColumnName, string imageColumnName)
    {
        environment.CheckValue(data, nameof(data));
        environment.CheckValue(pairs, nameof(pairs));
        FacePair[] all = [.. pairs];
        HashSet<string> wanted = [.. all.SelectMany(pair => new[] { pair.First, pair.Second })];
        Dictionary<string, float[]> embeddings = ReadEmbeddings(environment, data, wanted, embeddingColumnName, imageColumnName);
        string[] absent = [.. wanted.Where(picture => !embeddings.ContainsKey(picture)).Order(StringComparer.Ordinal)];
        if (absent.Length > 0)
        {
            throw new InvalidOperationException(
                $"{absent.Length} of the {wanted.Count} pictures that the pairs name are not in the column '{imageColumnName}': {string.Join(", ", absent.Take(NamedExamples))}" +
                (absent.Length > NamedExamples ? ", …" : "") + ". Load the folder that the pairs were made for; they name pictures by their path below it.");
        }

        return Evaluate(
            [.. all.Select(pair => Cosine(embeddings[pair.First], embeddings[pair.Second], pair))],
            [.. all.Select(pair => pair.IsSamePerson)],
            [.. all.Select(pair => pair.Fold)]);
    }

    /// <summary>Judges pairs by their cosines.</summary>
    public static VerificationMetrics Evaluate(double[] cosines, bool[] isSame, int[] folds)
    {
        int genuine = isSame.Count(same => same), impostor = isSame.Length - genuine;
        int[] foldNames = [.. folds.Distinct().Order()];
        if (genuine == 0 || impostor == 0 || foldNames.Length < 2)
        {
            throw new InvalidOperationException(
                $"There are {genuine} pairs of the same person and {impostor} of different people in {foldNames.Length} folds; it takes at least one pair of each kind and 2 folds.");
        }

        (double[] accuracies, double[] thresholds) = CrossValidate(cosines, isSame, folds, foldNames);
        return new VerificationMetrics(accuracies, thresholds, Roc(cosines, isSame, genuine, impostor), genuine, impostor);
    }

    private static (double[] Accuracies, double[] Thresholds) CrossValidate(double[] cosines, bool[] isSame, int[] folds, int[] foldNames)
    {
        // correct[fold][t]: pairs of the fold that threshold t decides rightly.
        Dictionary<int, int> indexOfFold = foldNames.Select((name, index) => (name, index)).ToDictionary(f => f.name, f => f.index);
        int[][] correct = [.. foldNames.Select(_ => new int[ThresholdCount])];
        int[] counts = new int[foldNames.Length];
        for (int i = 0; i < cosines.Length; i++)
        {
            int fold = indexOfFold[folds[i]];
            counts[fold]++;
            int firstAccepting = FirstThresholdAbove(SquaredDistance(cosines[i]));
            (int from, int to) = isSame[i] ? (firstAccepting, ThresholdCount) : (0, firstAccepting);
            for (int t = from; t < to; t++)
            {
                correct[fold][t]++;
            }
        }

        int[] total = [.. Enumerable.Range(0, ThresholdCount).Select(t => correct.Sum(fold => fold[t]))];
        int[] best = [.. correct.Select(own => Enumerable.Range(0, ThresholdCount).MaxBy(t => total[t] - own[t]))];
        return ([.. best.Select((t, fold) => (double)correct[fold][t] / counts[fold])], [.. best.Select(t => t * ThresholdStep)]);
    }

    /// <summary>‖a − b‖² of unit vectors.</summary>
    private static double SquaredDistance(double cosine) => 2 - (2 * cosine);

    /// <summary>The first t with distance &lt; t·step; ThresholdCount if there is none.</summary>
    private static int FirstThresholdAbove(double distance)
    {
        int t = Math.Clamp((int)(distance / ThresholdStep) - 1, 0, ThresholdCount);
        while (t < ThresholdCount && distance >= t * ThresholdStep)
        {
            t++;
        }

        return t;
    }

    /// <summary>Points by falling cosine; pairs of equal cosine are one step.</summary>
    private static List<RocPoint> Roc(double[] cosines, bool[] isSame, int genuine, int impostor)
    {
        int[] order = [.. Enumerable.Range(0, cosines.Length)];
        Array.Sort(order, (a, b) => cosines[b].CompareTo(cosines[a]));
        var points = new List<RocPoint> { new(0, 0, double.PositiveInfinity) };
        int accepted = 0, falselyAccepted = 0;
        for (int i = 0; i < order.Length; i++)
        {
            _ = isSame[order[i]] ? accepted++ : falselyAccepted++;
            if (i + 1 == order.Length || cosines[order[i + 1]] != cosines[order[i]])
            {
                points.Add(new RocPoint((double)falselyAccepted / impostor, (double)accepted / genuine, cosines[order[i]]));
            }
        }

        return points;
    }

    private static Dictionary<string, float[]> ReadEmbeddings(
        IHostEnvironment environment, IDataView data, HashSet<string> wanted, string embeddingColumnName, string imageColumnName)
    {
        DataViewSchema.Column embeddingColumn = Column(embeddingColumnName, "Vector<Single>", type => type is VectorDataViewType { ItemType: NumberDataViewType item } && item == NumberDataViewType.Single);
        DataViewSchema.Column imageColumn = Column(imageColumnName, "String", type => type is TextDataViewType);
        using DataViewRowCursor cursor = data.GetRowCursor([embeddingColumn, imageColumn]);
        ValueGetter<VBuffer<float>> getEmbedding = cursor.GetGetter<VBuffer<float>>(embeddingColumn);
        ValueGetter<ReadOnlyMemory<char>> getImage = cursor.GetGetter<ReadOnlyMemory<char>>(imageColumn);
        var embeddings = new Dictionary<string, float[]>(StringComparer.Ordinal);
        VBuffer<float> embedding = default;
        ReadOnlyMemory<char> image = default;
        while (cursor.MoveNext())
        {
            getImage(ref image);
            string path = image.ToString();
            if (wanted.Contains(path))
            {
                getEmbedding(ref embedding);
                embeddings[path] = [.. embedding.DenseValues()];
            }
        }

        return embeddings;

        DataViewSchema.Column Column(string name, string expected, Func<DataViewType, bool> accepts)
        {
            DataViewSchema.Column column = data.Schema.GetColumnOrNull(name) ?? throw environment.ExceptSchemaMismatch(nameof(data), "input", name);
            return accepts(column.Type) ? column : throw environment.ExceptSchemaMismatch(nameof(data), "input", name, expected, column.Type.ToString()!);
        }
    }

    private static double Cosine(float[] first, float[] second, FacePair pair)
    {
        if (first.Length != second.Length)
        {
            throw new InvalidOperationException($"The embedding of {pair.First} has {first.Length} numbers, that of {pair.Second} {second.Length}; they must come from the same model.");
        }

        double cosine = CosineInDoubles(first, second);
        return double.IsFinite(cosine)
            ? cosine
            : throw new InvalidOperationException($"{pair.First} and {pair.Second} cannot be compared: an embedding is zero or not a number, as that of a picture that could not be read is.");
    }

    private static double CosineInDoubles(float[] first, float[] second)
    {
        double[] a = [.. first.Select(v => (double)v)], b = [.. second.Select(v => (double)v)];
        return TensorPrimitives.Dot<double>(a, b) / Math.Sqrt(TensorPrimitives.Dot<double>(a, a) * TensorPrimitives.Dot<double>(b, b));
    }
}
