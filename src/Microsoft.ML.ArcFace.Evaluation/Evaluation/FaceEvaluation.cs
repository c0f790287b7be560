using System.Text;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Evaluates embeddings and cosines that a program has at hand, of whatever model, without ML.NET. The members of
/// <c>ml.FaceRecognition()</c> of the same names do the same with the columns of an IDataView.
/// </summary>
public static class FaceEvaluation
{
    /// <summary>Reads verification pairs in the format of LFW's pairs.txt.</summary>
    /// <param name="file">The file: folds and pairs per class, then each fold's pairs of the same person and of different people.</param>
    /// <param name="picturePattern">Composite format that makes a picture's name from the person's name {0} and the picture's number {1}.</param>
    /// <param name="encoding">The encoding of a file that does not begin with a mark; null: UTF-8.</param>
    /// <exception cref="PairsFileException">A line is malformed, missing or surplus.</exception>
    /// <exception cref="ArgumentException"><paramref name="picturePattern"/> does not tell all pictures apart.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static IReadOnlyList<FacePair> LoadPairs(string file, string picturePattern = PairsFile.DefaultPicturePattern, Encoding? encoding = null) =>
        PairsFile.Read(file, picturePattern, encoding);

    /// <summary>Reads pairs of templates, IJB's …_template_pair_label.txt: lines of two template ids and 1 (same person) or 0.</summary>
    /// <param name="file">The file.</param>
    /// <param name="folds">Folds for the accuracy, 2 to 10,000; each gets an equal share of both kinds of pairs in the order of the file.</param>
    /// <param name="encoding">The encoding of a file that does not begin with a mark; null: UTF-8.</param>
    /// <returns>The pairs; each is made when it is asked for.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FaceDataFormatException">A line is not what it should be, or there are too few pairs.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="folds"/> is outside of its range.</exception>
    public static IReadOnlyList<FacePair> LoadTemplatePairs(string file, int folds = 10, Encoding? encoding = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(file);
        if (folds is < 2 or > TemplatePairs.MostFolds)
        {
            throw new ArgumentOutOfRangeException(nameof(folds), folds, $"{nameof(folds)} is {folds}; it must be from 2 to {TemplatePairs.MostFolds}.");
        }

        using DecodedText reader = DecodedText.Open(file, encoding);
        return TemplatePairs.Read(reader, file, folds);
    }

    /// <summary>
    /// Pairs every picture with every other one, or, if that makes more than <paramref name="maximumPairs"/>, draws a random
    /// sample with as many pairs of the same person as of different people.
    /// </summary>
    /// <param name="faces">The pictures.</param>
    /// <param name="maximumPairs">At least 2 · <paramref name="folds"/>.</param>
    /// <param name="folds">At least 2; each gets an equal share of both kinds of pairs. People occur in several folds.</param>
    /// <param name="seed">Decides the sample and the folds.</param>
    /// <returns>The pairs, fold by fold.</returns>
    /// <exception cref="ArgumentException">The pictures give fewer pairs of one kind than there are folds, or one occurs twice.</exception>
    public static IReadOnlyList<FacePair> AllPairs(IEnumerable<LabeledEmbedding> faces, int maximumPairs = PairSampler.DefaultMaximumPairs, int folds = 10, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(faces);
        return PairSampler.AllPairs([.. faces.Select(face => (face.Image, face.Person))], maximumPairs, folds, seed);
    }

    /// <summary>
    /// Judges pairs by the protocol of Labeled Faces in the Wild (Huang et al., 2007): squared distances of unit vectors, the
    /// threshold of a fold chosen on the other folds.
    /// </summary>
    /// <param name="faces">The embeddings of the pictures that the pairs name, and maybe others.</param>
    /// <param name="pairs">The pairs, by the names of the pictures.</param>
    /// <exception cref="ArgumentException">Embeddings differ in length, have no direction, or one name has two of them.</exception>
    /// <exception cref="InvalidOperationException">Pictures of the pairs are missing, or a fold lacks one kind of pairs; the message names them.</exception>
    public static VerificationMetrics EvaluateVerification(IEnumerable<LabeledEmbedding> faces, IEnumerable<FacePair> pairs) =>
        VerificationEvaluator.Evaluate(NamedEmbeddings.Of(faces).Compare(pairs));

    /// <summary>Judges pairs by their cosines, as the other overload does.</summary>
    /// <param name="cosines">The cosine of each pair, −1 to 1; greater for more alike.</param>
    /// <param name="isSamePerson">Whether each pair shows one person.</param>
    /// <param name="folds">The fold of each pair; 10 folds are usual, each with pairs of both kinds.</param>
    /// <exception cref="ArgumentException">The lists differ in length, or a cosine is outside of −1 to 1.</exception>
    /// <exception cref="InvalidOperationException">A kind of pair is absent from a fold, or there are fewer than 2 folds.</exception>
    public static VerificationMetrics EvaluateVerification(IReadOnlyList<double> cosines, IReadOnlyList<bool> isSamePerson, IReadOnlyList<int> folds)
    {
        ArgumentNullException.ThrowIfNull(cosines);
        ArgumentNullException.ThrowIfNull(isSamePerson);
        ArgumentNullException.ThrowIfNull(folds);
        return VerificationEvaluator.Evaluate(cosines, isSamePerson, folds);
    }

    /// <summary>
    /// Chooses the threshold at which no more than a given share of the impostor pairs is accepted, with a 95 % interval that
    /// resamples people, and what it costs in genuine pairs. Use people that the model was not trained on.
    /// </summary>
    /// <param name="faces">The embeddings of the pictures that the pairs name, and maybe others.</param>
    /// <param name="pairs">The pairs, of both kinds; their folds do not matter.</param>
    /// <param name="targetFalseMatchRate">The share of impostor pairs to accept at most, over 0 and below 1; it takes 10/rate of them.</param>
    /// <param name="seed">Decides the resamples.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is outside of its range.</exception>
    /// <exception cref="ArgumentException">Embeddings differ in length, have no direction, or one name has two of them.</exception>
    /// <exception cref="InvalidOperationException">Too few pairs; pictures of the pairs are missing; a pair contradicts the people.</exception>
    public static VerificationThreshold CalibrateThreshold(IEnumerable<LabeledEmbedding> faces, IEnumerable<FacePair> pairs, double targetFalseMatchRate, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        IReadOnlyList<FacePair> all = pairs as IReadOnlyList<FacePair> ?? [.. pairs];
        NamedEmbeddings named = NamedEmbeddings.Of(faces);
        IReadOnlyList<FacePair> found = named.Find(all, out IReadOnlyDictionary<string, string> people);
        int genuineCount = all.Count(pair => pair.IsSamePerson);
        ThresholdCalibrator.Check(targetFalseMatchRate, genuineCount, all.Count - genuineCount);
        CalibrationPairs.CheckLabels(found, people, "the list of faces");
        return ThresholdCalibrator.Calibrate(CalibrationPairs.Of(found, named.Vectors, people, trainedOn: null), targetFalseMatchRate, seed);
    }

    /// <summary>Chooses a threshold on cosines, as the other overload does with the seed 0.</summary>
    /// <param name="cosines">The cosine of each pair, −1 to 1.</param>
    /// <param name="people">The two people of each pair; a pair of one and the same name is genuine.</param>
    /// <param name="targetFalseMatchRate">The share of impostor pairs to accept at most, over 0 and below 1; it takes 10/rate of them.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is outside of its range.</exception>
    /// <exception cref="ArgumentException">The lists differ in length, or a cosine is outside of −1 to 1.</exception>
    /// <exception cref="InvalidOperationException">There are too few pairs of a kind.</exception>
    public static VerificationThreshold CalibrateThreshold(
        IReadOnlyList<double> cosines, IReadOnlyList<(string First, string Second)> people, double targetFalseMatchRate)
    {
        ArgumentNullException.ThrowIfNull(cosines);
        ArgumentNullException.ThrowIfNull(people);
        return ThresholdCalibrator.Calibrate(CalibrationPairs.Of(cosines, people), targetFalseMatchRate, seed: 0);
    }

    /// <summary>
    /// Searches each probe in a gallery (ISO/IEC 19795-1; NIST's FRTE 1:N): CMC of the closed set, TPIR at FPIR of the open set.
    /// A person's score is the greatest cosine over their entries of the gallery.
    /// </summary>
    /// <param name="probes">Embeddings to search with. One whose person is not in the gallery is a non-mated probe.</param>
    /// <param name="gallery">Embeddings of the people who are known, one or more of each.</param>
    /// <exception cref="ArgumentException">An embedding has no direction.</exception>
    /// <exception cref="InvalidOperationException">Embeddings differ in length, or no probe shows anyone of the gallery.</exception>
    public static IdentificationMetrics EvaluateIdentification(IEnumerable<LabeledEmbedding> probes, IEnumerable<LabeledEmbedding> gallery) =>
        IdentificationEvaluator.Evaluate(NamedEmbeddings.RowsOf(probes), NamedEmbeddings.RowsOf(gallery));

    /// <summary>Measures the angles of Table 3 of the ArcFace paper (Deng et al., 2019) that need no class centers: how tightly each person's pictures lie together and how far people lie apart.</summary>
    /// <param name="faces">The embeddings of two people or more.</param>
    /// <exception cref="ArgumentException">An embedding has no direction.</exception>
    /// <exception cref="InvalidOperationException">The faces are of fewer than two people.</exception>
    public static AngleMetrics EvaluateAngles(IEnumerable<LabeledEmbedding> faces) => AngleEvaluator.Evaluate(NamedEmbeddings.RowsOf(faces), unusable: 0, centers: null);

    /// <summary>Counts the error rates of a threshold within each group, such as an age band or a camera.</summary>
    /// <param name="faces">The embeddings of the pictures that the pairs name, and maybe others.</param>
    /// <param name="groups">The group of each picture, by its name; one without is in none.</param>
    /// <param name="pairs">The pairs; their folds do not matter.</param>
    /// <param name="cosine">The threshold, −1 to 1: pairs with a greater cosine are accepted.</param>
    /// <param name="leastPairCount">Pairs of a kind that it takes to name a rate, 1 or more; below, the rate is null.</param>
    /// <exception cref="ArgumentOutOfRangeException">The threshold or the count is out of its range.</exception>
    /// <exception cref="ArgumentException">Embeddings differ in length, have no direction, or one name has two of them.</exception>
    /// <exception cref="InvalidOperationException">Pictures of the pairs are missing, there are no pairs, or none of their pictures has a group.</exception>
    public static GroupMetrics EvaluateGroups(
        IEnumerable<LabeledEmbedding> faces, IReadOnlyDictionary<string, string> groups, IEnumerable<FacePair> pairs, double cosine, int leastPairCount = GroupEvaluator.LeastPairs)
    {
        ArgumentNullException.ThrowIfNull(groups);
        ArgumentOutOfRangeException.ThrowIfLessThan(leastPairCount, 1);
        GroupEvaluator.CheckThreshold(cosine);
        ComparedPairs compared = NamedEmbeddings.Of(faces).Compare(pairs);
        GroupEvaluator.CheckPairs(compared.Pairs.Count);
        Dictionary<string, string> groupOf = PairedPictures.Wanted(compared.Pairs).ToDictionary(name => name, name => groups.TryGetValue(name, out string? group) ? group : "", StringComparer.Ordinal);
        return groupOf.Values.Any(group => group.Length > 0)
            ? GroupEvaluator.Evaluate(compared, groupOf, cosine, leastPairCount, leastPairCount)
            : throw new InvalidOperationException($"None of the {groupOf.Count} pictures that the pairs name has a group. Say which group each belongs to.");
    }

    /// <summary>Compares groups that faces were sorted into, by <see cref="FaceGrouping"/> or anything else, with the people whom they show: pairs of faces, and BCubed.</summary>
    /// <param name="people">Whom each face shows.</param>
    /// <param name="groups">The group that each face is in, any number from 0 on, such as <see cref="PersonGroups.GroupOfFace"/>; a negative one: the face is in none, which counts as a group of its own.</param>
    /// <exception cref="ArgumentException">The lists differ in length, or a face has no person.</exception>
    /// <exception cref="InvalidOperationException">There are no faces.</exception>
    public static GroupingMetrics EvaluateGrouping(IReadOnlyList<string> people, IReadOnlyList<int> groups)
    {
        ArgumentNullException.ThrowIfNull(people);
        ArgumentNullException.ThrowIfNull(groups);
        return GroupingEvaluator.Evaluate(people, groups);
    }

    /// <summary>
    /// Makes one embedding of each set of pictures: a template of the IJB benchmarks (Whitelam et al., 2017), the way
    /// InsightFace's IJB evaluation makes it. Each medium gives the mean of its pictures, times their quality, and a template
    /// is the sum over its media in unit length.
    /// </summary>
    /// <param name="pictures">The pictures.</param>
    /// <param name="weightByNorm">Whether pictures weigh as much as their embeddings are long (N1); false: each is brought to unit length (N0).</param>
    /// <returns>The templates in the order of their first pictures, under their ids, as <see cref="LoadTemplatePairs"/> names them.</returns>
    /// <exception cref="ArgumentException">An embedding has no direction, or a quality is negative or not finite.</exception>
    /// <exception cref="InvalidOperationException">A template shows several people, embeddings differ in length, or there are no pictures.</exception>
    public static IReadOnlyList<LabeledEmbedding> AggregateTemplates(IEnumerable<TemplatePicture> pictures, bool weightByNorm = false)
    {
        ArgumentNullException.ThrowIfNull(pictures);
        return [.. TemplateAggregator.Aggregate(pictures.Select(Checked), weightByNorm).Rows.Select(row => new LabeledEmbedding(row.Template, row.Person, row.Embedding))];

        static TemplatePicture Checked(TemplatePicture picture, int index)
        {
            if (picture is not { Template.Length: > 0, Vector: not null } || !UnitVectors.HasDirection(picture.Vector))
            {
                throw new ArgumentException($"Picture {index} (from 0) has no template, or an embedding that is zero or not a number. Leave it out.", nameof(pictures));
            }

            return picture.Quality >= 0 && double.IsFinite(picture.Quality)
                ? picture
                : throw new ArgumentException(FormattableString.Invariant($"Picture {index} (from 0) has the quality {picture.Quality}; a weight is a finite number of 0 or more."), nameof(pictures));
        }
    }
}
