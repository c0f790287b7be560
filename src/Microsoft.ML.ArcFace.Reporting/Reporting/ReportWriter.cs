using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Reporting;

/// <summary>Evaluates pairs and writes what came of it as one page.</summary>
internal static class ReportWriter
{
    /// <exception cref="ArgumentOutOfRangeException">Options are out of their ranges, or a column is absent or of another kind.</exception>
    /// <exception cref="InvalidOperationException">Pictures of the pairs are absent or have no usable embedding, or a fold lacks one kind of pairs.</exception>
    public static VerificationMetrics Write(IHostEnvironment environment, string path, IDataView data, IEnumerable<FacePair> pairs, FaceReportOptions options)
    {
        OptionsCheck.ThrowIfAny(options.Violations(), nameof(options));
        environment.CheckValue(data, nameof(data));
        CheckColumns(environment, data, options);

        // Opened before the work: a file that cannot be written shows at once.
        using var file = new WholeFile(path);
        ComparedPairs compared = ComparedRows.Read(
            environment, data, pairs, options.EmbeddingColumnName, options.NameColumnName, options.LabelColumnName, check: (isSame, folds) => VerificationEvaluator.CheckFolds(isSame, folds));
        VerificationMetrics metrics = VerificationEvaluator.Evaluate(compared);
        var evaluation = new ReportedEvaluation(compared, metrics, Values(options.LabelColumnName), Values(options.GroupColumnName), options);
        int[] falseMatches = WorstPairs.Find(compared, isSame: false, options.WorstPairCount, evaluation.PersonOf);
        int[] falseNonMatches = WorstPairs.Find(compared, isSame: true, options.WorstPairCount, evaluation.PersonOf);
        HashSet<string> shown = [.. falseMatches.Concat(falseNonMatches).SelectMany(i => new[] { compared.Pairs[i].First, compared.Pairs[i].Second })];
        var photographs = WorstPairs.ReadPhotographs(environment, data, shown, options);
        ReportTemplate.Write(ReportBuilder.Build(evaluation, falseMatches, falseNonMatches, photographs), file.Stream);
        file.Complete();
        return metrics;

        Dictionary<string, string> Values(string? column) =>
            column is null ? [] : PictureColumn.Read(environment, data, compared.Embeddings.ContainsKey, column, options.NameColumnName);
    }

    /// <summary>What can be said before the pictures are embedded, which may take hours.</summary>
    private static void CheckColumns(IHostEnvironment environment, IDataView data, FaceReportOptions options)
    {
        InputColumn.FindEmbedding(environment, data, options.EmbeddingColumnName);
        InputColumn.FindText(environment, data, options.NameColumnName);
        foreach (string column in new[] { options.LabelColumnName, options.GroupColumnName }.OfType<string>())
        {
            NameColumn.Find(environment, data, column);
        }

        if (options.ImageColumnName is { } image)
        {
            PhotographColumn.Find(environment, data.Schema, image);
        }

        if (options.Model is { } model)
        {
            model.FaceEmbedding();
        }
    }
}
