using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace.Reporting;

/// <summary>What makes a result the one it is: data, model, settings, versions.</summary>
internal static class ReportFacts
{
    public static FactTable[] Of(ComparedPairs compared, int peopleCount, FaceReportOptions options)
    {
        var tables = new List<FactTable>
        {
            new("Data", [.. Data(compared, peopleCount), TrainedOn(compared), .. options.Facts.Select(fact => new ReportFact(PrintableText.Of(fact.Key), PrintableText.Of(fact.Value)))]),
        };
        if (options.Model is { } model)
        {
            tables.Add(new FactTable("Model", Model(model.FaceEmbedding())));
        }

        if (options.TrainerOptions is { } trainerOptions)
        {
            tables.Add(new FactTable("Training", Settings(trainerOptions)));
        }

        tables.Add(new FactTable("Versions", Versions()));
        return [.. tables];
    }

    private static ReportFact[] Settings(ITrainingSettings options) =>
        [.. options.Describe().OrderBy(setting => setting.Key, StringComparer.Ordinal).Select(setting => new ReportFact(setting.Key, PrintableText.Of(setting.Value)))];

    private static IEnumerable<ReportFact> Data(ComparedPairs compared, int peopleCount)
    {
        int genuine = compared.IsSame.Count(same => same);
        yield return new ReportFact("Pictures", Number(compared.Embeddings.Count));
        if (peopleCount > 0)
        {
            yield return new ReportFact("People", Number(peopleCount));
        }

        yield return new ReportFact("Pairs", $"{Number(genuine)} of the same person, {Number(compared.Pairs.Count - genuine)} of different people, {compared.Folds.Distinct().Count()} folds");
        yield return new ReportFact("SHA-256 of the pairs", PairsHash(compared.Pairs));
        yield return new ReportFact("SHA-256 of the embeddings", EmbeddingsHash(compared.Embeddings));
    }

    private static ReportFact TrainedOn(ComparedPairs compared) => new("People whom the model was trained on", compared.TrainedOnPeople switch
    {
        null => "cannot be told from the embeddings",
        [] => "none, by name and class center",
        { } known => Number(known.Count),
    });

    private static ReportFact[] Model(FaceEmbeddingTransformer model) =>
    [
        new("Network", model.Backbone?.ToString() ?? model.NetworkName),
        new("Numbers in an embedding", Number(model.EmbeddingSize)),
        new("Mirror image added", model.AddsMirrorImage ? "yes" : "no"),
        new("People of the training set", model.PersonNames is { Count: > 0 } names ? Number(names.Count) : "not kept in the model"),
        new("Fingerprint", model.Fingerprint),
        .. model.Threshold is { } threshold ? new[] { new ReportFact("Threshold", threshold.ToString()) } : [],
    ];

    private static ReportFact[] Versions() =>
    [
        .. new[] { typeof(FaceEmbeddingTransformer), typeof(MLContext), typeof(SkiaSharp.SKImage) }.Select(type => type.Assembly)

            // It computed the embeddings only if the program has brought it.
            .Concat(AppDomain.CurrentDomain.GetAssemblies().Where(assembly => assembly.GetName().Name == "TorchSharp"))
            .Select(assembly => new ReportFact(assembly.GetName().Name!, VersionOf(assembly))),
        new(".NET", RuntimeInformation.FrameworkDescription),
        new("System", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} processors"),
    ];

    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? assembly.GetName().Version?.ToString() ?? "unknown";

    /// <summary>Over a line for each pair, as they stand: first, second, same or different, fold.</summary>
    private static string PairsHash(IReadOnlyList<FacePair> pairs)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (FacePair pair in pairs)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{pair.First}\t{pair.Second}\t{(pair.IsSamePerson ? "same" : "different")}\t{pair.Fold}\n"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Over name and little-endian numbers of each picture, by name.</summary>
    private static string EmbeddingsHash(IReadOnlyDictionary<string, float[]> embeddings)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string picture, float[] embedding) in embeddings.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(picture + "\n"));
            hash.AppendData(MemoryMarshal.AsBytes(embedding.AsSpan()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Number(int value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
