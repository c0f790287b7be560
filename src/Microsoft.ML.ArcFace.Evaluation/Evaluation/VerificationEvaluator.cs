namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>
/// The published verification protocol (Huang et al., Labeled Faces in the Wild, 2007, as the ArcFace authors run it):
/// squared distances of unit vectors, thresholds 0 to 4 in steps of 0.01, and for each fold the first threshold that is
/// best on the other folds; a pair is accepted if its distance is below it.
/// </summary>
internal static class VerificationEvaluator
{
    private const int ThresholdCount = 400;
    private const double ThresholdStep = 0.01;

    /// <summary>Judges pairs whose embeddings were read.</summary>
    public static VerificationMetrics Evaluate(ComparedPairs compared) => Evaluate(compared.Cosines, compared.IsSame, compared.Folds, compared.Threshold, compared.TrainedOnPeople);

    /// <summary>Judges pairs of embeddings, which need not have unit length; pair i is (first[i], second[i]).</summary>
    /// <exception cref="ArgumentException">The lists or a pair's embeddings differ in length, or an embedding is zero or not finite.</exception>
    /// <exception cref="InvalidOperationException">A kind of pair is absent from a fold, or there are fewer than 2 folds.</exception>
    public static VerificationMetrics Evaluate(
        IReadOnlyList<float[]> first, IReadOnlyList<float[]> second, IReadOnlyList<bool> isSame, IReadOnlyList<int> folds)
    {
        if (first.Count != second.Count)
        {
            throw new ArgumentException($"There are {first.Count} first and {second.Count} second embeddings; each pair needs one of both.", nameof(second));
        }

        double[] cosines = [.. first.Select((embedding, i) => Cosine(embedding, second[i], i))];
        return Evaluate(cosines, isSame, folds);
    }

    /// <summary>Judges pairs by their cosines, −1 to 1, and says with the result whose embeddings they are.</summary>
    /// <exception cref="ArgumentException">The lists differ in length, or a cosine is outside of −1 to 1.</exception>
    /// <exception cref="InvalidOperationException">A kind of pair is absent from a fold, or there are fewer than 2 folds.</exception>
    public static VerificationMetrics Evaluate(
        IReadOnlyList<double> cosines, IReadOnlyList<bool> isSame, IReadOnlyList<int> folds, VerificationThreshold? threshold = null, IReadOnlyList<string>? trainedOnPeople = null)
    {
        if (cosines.Count != isSame.Count || cosines.Count != folds.Count)
        {
            throw new ArgumentException($"There are {cosines.Count} pairs, {isSame.Count} answers and {folds.Count} folds; each pair needs one of both.", nameof(cosines));
        }

        CheckCosines(cosines);
        int[] foldNames = CheckFolds(isSame, folds);
        int genuine = isSame.Count(same => same), impostor = isSame.Count - genuine;
        (double[] accuracies, double[] thresholds, double bestThreshold) = CrossValidate(cosines, isSame, folds, foldNames);
        return new VerificationMetrics(accuracies, thresholds, bestThreshold, RocCurve(cosines, isSame), genuine, impostor)
        {
            Threshold = threshold,
            TrainedOnPeople = trainedOnPeople,
        };
    }

    /// <exception cref="ArgumentException">The embeddings differ in length, or one has no direction.</exception>
    internal static double Cosine(float[] first, float[] second, int pair)
    {
        if (first.Length != second.Length)
        {
            throw new ArgumentException($"The embeddings of pair {pair} (from 0) have {first.Length} and {second.Length} numbers; both must come from the same model.");
        }

        return UnitVectors.HasDirection(first) && UnitVectors.HasDirection(second)
            ? UnitVectors.Cosine(first, second)
            : throw new ArgumentException($"An embedding of pair {pair} (from 0) is zero or not a number, so it has no direction; leave the pair out.");
    }

    /// <exception cref="ArgumentException">A cosine is outside of −1 to 1.</exception>
    internal static void CheckCosines(IReadOnlyList<double> cosines)
    {
        foreach (double cosine in cosines)
        {
            if (!(Math.Abs(cosine) <= 1))
            {
                throw new ArgumentException(FormattableString.Invariant($"A cosine is {cosine}; cosines lie between -1 and 1."), nameof(cosines));
            }
        }
    }

    /// <summary>The folds, each of which needs both kinds of pairs.</summary>
    /// <exception cref="InvalidOperationException">A kind of pair is absent from a fold, or there are fewer than 2 folds.</exception>
    internal static int[] CheckFolds(IReadOnlyList<bool> isSame, IReadOnlyList<int> folds)
    {
        int genuine = isSame.Count(same => same), impostor = isSame.Count - genuine;
        int[] foldNames = [.. folds.Distinct().Order()];
        if (genuine == 0 || impostor == 0 || foldNames.Length < 2)
        {
            throw new InvalidOperationException(
                $"There are {genuine} pairs of the same person and {impostor} of different people in {foldNames.Length} folds; it takes at least one pair of each kind and 2 folds, " +
                "for the threshold of a fold is chosen on the others. Give pairs of both kinds and spread them over folds (10 are usual).");
        }

        HashSet<(int Fold, bool IsSame)> present = [.. folds.Zip(isSame)];
        int[] oneSided = [.. foldNames.Where(fold => !present.Contains((fold, true)) || !present.Contains((fold, false)))];
        if (oneSided.Length > 0)
        {
            throw new InvalidOperationException(
                $"{oneSided.Length} of {foldNames.Length} folds hold pairs of one kind only, for example fold {oneSided[0]}; each fold needs pairs of the same person " +
                "and of different people. Spread both kinds over all folds, or use fewer folds.");
        }

        return foldNames;
    }

    private static (double[] Accuracies, double[] Thresholds, double BestThreshold) CrossValidate(
        IReadOnlyList<double> cosines, IReadOnlyList<bool> isSame, IReadOnlyList<int> folds, int[] foldNames)
    {
        // correct[fold][t]: the fold's pairs that threshold t decides rightly. First as steps from one threshold to the
        // next (an accepted pair counts for the fold if genuine, against it if not), then as running sums.
        Dictionary<int, int> indexOfFold = foldNames.Index().ToDictionary(fold => fold.Item, fold => fold.Index);
        int[][] correct = [.. foldNames.Select(_ => new int[ThresholdCount + 1])];
        int[] counts = new int[foldNames.Length];
        for (int i = 0; i < cosines.Count; i++)
        {
            int fold = indexOfFold[folds[i]];
            counts[fold]++;
            correct[fold][0] += isSame[i] ? 0 : 1;
            correct[fold][FirstThresholdAbove(SquaredDistance(cosines[i]))] += isSame[i] ? 1 : -1;
        }

        int[] total = new int[ThresholdCount];
        foreach (int[] own in correct)
        {
            for (int t = 0; t < ThresholdCount; t++)
            {
                own[t] += t > 0 ? own[t - 1] : 0;
                total[t] += own[t];
            }
        }

        // MaxBy takes the first of equals, as the protocol does.
        int[] best = [.. correct.Select(own => Enumerable.Range(0, ThresholdCount).MaxBy(t => total[t] - own[t]))];
        return ([.. best.Select((t, fold) => (double)correct[fold][t] / counts[fold])], [.. best.Select(t => t * ThresholdStep)],
            Enumerable.Range(0, ThresholdCount).MaxBy(t => total[t]) * ThresholdStep);
    }

    /// <summary>‖a − b‖² of unit vectors, 0 to 4.</summary>
    private static double SquaredDistance(double cosine) => 2 - (2 * cosine);

    /// <summary>The first t with distance &lt; t·step; ThresholdCount if there is none.</summary>
    private static int FirstThresholdAbove(double distance)
    {
        // One below the quotient, for the division rounds; the comparison decides.
        int t = Math.Max((int)(distance / ThresholdStep) - 1, 0);
        while (t < ThresholdCount && distance >= t * ThresholdStep)
        {
            t++;
        }

        return t;
    }

    /// <summary>Gives points by falling cosine, of pairs of both kinds; pairs of equal cosine are one step, for no threshold can part them.</summary>
    public static RocPoint[] RocCurve(IReadOnlyList<double> cosines, IReadOnlyList<bool> isSame)
    {
        int genuine = isSame.Count(same => same), impostor = isSame.Count - genuine;
        int[] order = [.. Enumerable.Range(0, cosines.Count).OrderByDescending(i => cosines[i])];
        var points = new List<RocPoint> { new(0, 0, Cosine: null) };
        int accepted = 0, falselyAccepted = 0;
        for (int i = 0; i < order.Length; i++)
        {
            _ = isSame[order[i]] ? accepted++ : falselyAccepted++;
            if (i + 1 == order.Length || cosines[order[i + 1]] != cosines[order[i]])
            {
                points.Add(new RocPoint((double)falselyAccepted / impostor, (double)accepted / genuine, cosines[order[i]]));
            }
        }

        return [.. points];
    }
}
