using System.Globalization;
using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace.Reporting;

/// <summary>Puts an evaluation into the words and numbers of the page.</summary>
internal static class ReportBuilder
{
    /// <summary>People of the table who are not folded.</summary>
    private const int ShownPeople = 20;

    private static readonly double[] FalseAcceptRates = [0.1, 0.01, 0.001, 0.0001, 0.00001];
    private static readonly double[] FalsePositiveRates = [0.1, 0.01, 0.001];
    private static readonly int[] Ranks = [1, 5, 10];

    public static ReportPage Build(ReportedEvaluation evaluation, int[] falseMatches, int[] falseNonMatches, Dictionary<string, ShownPhotograph> photographs)
    {
        FaceReportOptions options = evaluation.Options;
        PersonSummary[] people = PersonSummary.Of(evaluation.Compared, evaluation.PersonOf, evaluation.Cosine);
        int shownPeople = Math.Min(ShownPeople, options.PersonCount);
        GroupRow[] groups = Groups(evaluation, out string groupNote);
        return new ReportPage
        {
            Title = PrintableText.Of(options.Title),
            Description = PrintableText.Of(options.Description ?? ""),
            Created = Text($"{DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC"),
            Verdict = evaluation.Metrics.VerdictText,
            Warnings = [.. evaluation.Warnings.Select(PrintableText.Of)],
            Headline = Headline(evaluation),
            Threshold = new ReportThreshold(Text($"{evaluation.Cosine:0.0000}"), evaluation.ThresholdSource, evaluation.FalseMatch.ToString(), evaluation.FalseNonMatch.ToString()),
            Rates = Rates(evaluation.Metrics),
            Charts = ReportCharts.Of(evaluation),
            Mistakes =
            [
                .. List("false-matches", "Worst false matches", isSame: false, evaluation.FalseMatch, falseMatches),
                .. List("false-non-matches", "Worst false non-matches", isSame: true, evaluation.FalseNonMatch, falseNonMatches),
            ],
            People = [.. people.Take(shownPeople).Select(Row)],
            MorePeople = [.. people.Take(options.PersonCount).Skip(shownPeople).Select(Row)],
            PeopleLeftOut = Math.Max(0, people.Length - options.PersonCount),
            Groups = groups,
            GroupNote = groupNote,
            Identification = evaluation.Searches is { } searches ? Identification(searches) : [],
            IdentificationNote = evaluation.SearchesNote,
            Facts = ReportFacts.Of(evaluation.Compared, people.Length, options),
            Commands = [.. options.Commands.Select(PrintableText.Of)],
        };

        MistakeList[] List(string id, string title, bool isSame, ErrorRate errors, int[] pairs) => pairs.Length == 0 ? [] :
        [
            new MistakeList(id, title, Note(isSame, errors, pairs.Length), WorstPairs.Describe(evaluation.Compared, pairs, evaluation.Cosine, evaluation.PersonOf, photographs)),
        ];
    }

    private static ReportFact[] Headline(ReportedEvaluation evaluation)
    {
        VerificationMetrics metrics = evaluation.Metrics;
        return
        [
            metrics.Verdict is { } verdict
                ? new ReportFact(
                    Text($"True accept rate at a false accept rate of {verdict.FalseAcceptRate * 100:0.######} %"), Text($"{verdict.TrueAcceptRate:P2}"),
                    Text($"{verdict.LowerTrueAcceptRate:P2} – {verdict.UpperTrueAcceptRate:P2} with 95 % confidence"))
                : new ReportFact("True accept rate", "too few to say", Text($"{metrics.ImpostorPairCount:N0} pairs of different people")),
            evaluation.Searches is { } searches
                ? new ReportFact("Found first (rank 1)", Text($"{searches.IdentificationRate():P2}"), Text($"of {searches.MatedProbeCount:N0} searches among {searches.GalleryPersonCount:N0} people"))
                : new ReportFact("Area under the ROC curve", Text($"{metrics.AreaUnderRocCurve:0.0000}"), Text($"{metrics.GenuinePairCount:N0} pairs of the same person, {metrics.ImpostorPairCount:N0} of different people")),
            new("False match rate", Text($"{evaluation.FalseMatch.Rate:P2}"), Text($"{evaluation.FalseMatch.ErrorCount:N0} of {evaluation.FalseMatch.PairCount:N0} at cosine {evaluation.Cosine:0.000}")),
            new("False non-match rate", Text($"{evaluation.FalseNonMatch.Rate:P2}"), Text($"{evaluation.FalseNonMatch.ErrorCount:N0} of {evaluation.FalseNonMatch.PairCount:N0} at cosine {evaluation.Cosine:0.000}")),
        ];
    }

    private static RateRow[] Rates(VerificationMetrics metrics)
    {
        int pairs = metrics.GenuinePairCount + metrics.ImpostorPairCount;
        return
        [
            .. FalseAcceptRates.Select(falseAcceptRate => metrics.TryGetTrueAcceptRate(falseAcceptRate, out double rate)
                ? Rate(Text($"TAR at FAR {falseAcceptRate * 100:0.####} %"), rate, metrics.GenuinePairCount, Text($"{metrics.GenuinePairCount:N0} genuine, {metrics.ImpostorPairCount:N0} impostor pairs"))
                : new RateRow(Text($"TAR at FAR {falseAcceptRate * 100:0.####} %"), "too few to say", "", Text($"takes {Math.Ceiling((1 / falseAcceptRate) - 1e-6):N0} impostor pairs, there are {metrics.ImpostorPairCount:N0}"))),
            Rate("Equal error rate", metrics.EqualErrorRate, pairs, Text($"{pairs:N0} pairs")),
            Rate("Accuracy", metrics.Accuracy, pairs, Text($"{pairs:N0} pairs, {metrics.FoldAccuracies.Count} folds{metrics.ConstantAnswer}")),
        ];
    }

    private static RateRow[] Identification(IdentificationMetrics metrics)
    {
        string mated = Text($"{metrics.MatedProbeCount:N0} mated probes");
        return
        [
            .. Ranks.Where(rank => rank <= metrics.GalleryPersonCount).Select(rank => Rate(
                Text($"Rank-{rank} identification rate"), metrics.IdentificationRate(rank), metrics.MatedProbeCount, Text($"{mated}, {metrics.GalleryPersonCount:N0} people in {metrics.GalleryTemplateCount:N0} templates"))),
            .. FalsePositiveRates.Select(rate => metrics.TryGetIdentificationPoint(rate, out IdentificationPoint point)
                ? Rate(Text($"FNIR at FPIR {rate * 100:0.###} %"), 1 - point.TruePositiveIdentificationRate, metrics.MatedProbeCount, Text($"{mated}, {metrics.NonMatedProbeCount:N0} non-mated; cosine over {point.Cosine:0.000}"))
                : new RateRow(Text($"FNIR at FPIR {rate * 100:0.###} %"), "too few to say", "", Text($"takes {Math.Ceiling((1 / rate) - 1e-6):N0} non-mated probes, there are {metrics.NonMatedProbeCount:N0}"))),
        ];
    }

    private static GroupRow[] Groups(ReportedEvaluation evaluation, out string note)
    {
        note = "";
        if (!evaluation.GroupOf.Values.Any(group => group.Length > 0))
        {
            return [];
        }

        int leastGenuine = GroupEvaluator.LeastPairs, leastImpostor = GroupEvaluator.LeastImpostorPairs(evaluation.TargetFalseMatchRate);
        GroupMetrics groups = GroupEvaluator.Evaluate(evaluation.Compared, evaluation.GroupOf, evaluation.Cosine, leastGenuine, leastImpostor);
        note = Text($"A rate is named from {leastGenuine:N0} pairs of the same person or {leastImpostor:N0} of different people on. Where intervals overlap, a difference may be chance. {groups.UngroupedPairCount:N0} pairs count in no group.");
        return
        [
            .. groups.Groups.Select(group => new GroupRow(PrintableText.Of(group.Group), Text($"{group.PictureCount:N0}"), group.FalseMatch.ToString(), group.FalseNonMatch.ToString())),
            new GroupRow("Between groups", "", groups.FalseMatchBetweenGroups.ToString(), ""),
            new GroupRow("All", Text($"{evaluation.Compared.Embeddings.Count:N0}"), groups.FalseMatch.ToString(), groups.FalseNonMatch.ToString()),
        ];
    }

    private static string Note(bool isSame, ErrorRate errors, int shown)
    {
        string whom = isSame ? "the same person" : "different people";
        string what = errors.ErrorCount == 0
            ? Text($"None of the {errors.PairCount:N0} pairs of {whom} is judged wrongly; these come nearest to it.")
            : Text($"{errors.ErrorCount:N0} of the {errors.PairCount:N0} pairs of {whom} {(errors.ErrorCount == 1 ? "is" : "are")} judged wrongly.");
        return Text($"{what} {Shown(isSame, shown)} Look for wrong labels first.");
    }

    private static string Shown(bool isSame, int shown) => isSame
        ? Text($"Shown are the {shown:N0} that the model finds least alike, one for each person.")
        : Text($"Shown are the {shown:N0} that the model finds most alike, one for each two people.");

    private static PersonRow Row(PersonSummary person) => new(
        PrintableText.Of(person.Person), person.PictureCount, person.GenuineCount, person.FalseNonMatchCount, Cosine(person.LowestGenuine),
        person.ImpostorCount, person.FalseMatchCount, Cosine(person.HighestImpostor), PrintableText.Of(person.NearestPerson ?? ""));

    private static string Cosine(double? cosine) => cosine is { } value ? Text($"{value:0.000}") : "";

    private static RateRow Rate(string name, double rate, int count, string over)
    {
        (double lower, double upper) = VerificationMetrics.ConfidenceInterval(rate, count);
        return new RateRow(name, Text($"{rate:P2}"), Text($"{lower:P2} – {upper:P2}"), over);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
