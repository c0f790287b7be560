using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Benchmarks.Grouping;

/// <summary>How well photographs of people whom the calibration does not know are sorted into people, beside DBSCAN of scikit-learn on the same embeddings.</summary>
internal static class GroupingComparison
{
    private static readonly double[] s_falseShares = [0.1, 0.05, 0.02, 0.01, 0.001];

    /// <summary>Prints a table.</summary>
    /// <param name="model">A model's .zip with a threshold.</param>
    /// <param name="data">Photographs, one folder a person.</param>
    /// <param name="python">The Python that has scikit-learn.</param>
    public static void Run(string model, string data, string python)
    {
        var ml = new MLContext(seed: 1);
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        ITransformer loaded = faces.LoadModel(model, out _);
        IDataView embedded = loaded.Transform(faces.LoadFromFolder(data));
        string[] people = [.. embedded.GetColumn<string>("Label")], names = [.. embedded.GetColumn<string>("RelativePath")];
        FaceToGroup[] photographs = [.. embedded.GetColumn<float[]>("Embedding").Zip(names, (vector, name) => new FaceToGroup(name, vector))];
        Judge(people, photographs, loaded.FaceEmbedding().Threshold!, python);
        (loaded as IDisposable)?.Dispose();
    }

    /// <summary>Prints a table for composites.</summary>
    /// <param name="model">A model's .zip with a threshold.</param>
    /// <param name="detecting">The same recognizer with a detector.</param>
    /// <param name="raw">Photographs of one face each, of people of <paramref name="data"/>.</param>
    /// <param name="data">Aligned photographs, one folder a person.</param>
    /// <param name="python">The Python that has scikit-learn.</param>
    public static void RunComposites(string model, string detecting, string raw, string data, string python)
    {
        using var calibrated = new FaceEmbedder(model);
        using var embedder = new FaceEmbedder(detecting);
        using var composites = new GroupingComposites(raw, data, seed: 1);
        (string[] people, FaceToGroup[] faces) = composites.Embed(embedder);
        Console.WriteLine($"{composites.Count} composites of {composites.PlaceCount} photographs: {faces.Length} faces found, {people.Count(person => person.StartsWith("nobody ", StringComparison.Ordinal))} of them of people in the background\n");
        Judge(people, faces, calibrated.Threshold!, python);

        // The same faces as if each had a photograph of its own.
        Console.WriteLine();
        Judge(people, [.. faces.Select((face, index) => face with { Photograph = $"{index}" })], calibrated.Threshold!, python: null);
    }

    /// <summary>Prints a table for faces whose people are known.</summary>
    /// <param name="people">Whom each face shows.</param>
    /// <param name="faces">The faces.</param>
    /// <param name="threshold">The calibration.</param>
    /// <param name="python">The Python that has scikit-learn; null: without it.</param>
    private static void Judge(string[] people, FaceToGroup[] faces, VerificationThreshold threshold, string? python)
    {
        Console.WriteLine($"{threshold}\n");
        Console.WriteLine("| | cosine | pairs: precision | recall | F | BCubed: precision | recall | F | groups |\n|---|---|---|---|---|---|---|---|---|");
        var distances = new SortedSet<double>(Enumerable.Range(0, 16).Select(step => Math.Round(0.4 + (0.02 * step), 4)));
        foreach (double share in s_falseShares)
        {
            PersonGroups groups = FaceGrouping.GroupByPerson(faces, threshold, share);
            distances.Add(Math.Round(1 - groups.Cosine, 4));
            Print(string.Create(CultureInfo.InvariantCulture, $"GroupByPerson, {share * 100:0.#} %"), groups.Cosine, FaceEvaluation.EvaluateGrouping(people, groups.GroupOfFace));
        }

        foreach (Peer peer in python is null ? [] : AskPython(python, faces, distances))
        {
            Print($"DBSCAN, {peer.Samples} samples", 1 - peer.Eps, FaceEvaluation.EvaluateGrouping(people, peer.Labels));
        }
    }

    private static void Print(string name, double cosine, GroupingMetrics metrics) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"| {name} | {cosine:0.000} | {metrics.PairPrecision:P2} | {metrics.PairRecall:P2} | {metrics.PairF:P2} | {metrics.BCubedPrecision:P2} | {metrics.BCubedRecall:P2} | {metrics.BCubedF:P2} | {metrics.GroupCount} |"));

    private static IEnumerable<Peer> AskPython(string python, FaceToGroup[] faces, IEnumerable<double> distances)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, [.. faces.SelectMany(face => MemoryMarshal.AsBytes<float>(face.Vector).ToArray())]);
            string[] arguments = [Path.Combine(AppContext.BaseDirectory, "peers", "dbscan.py"), file, faces[0].Vector.Length.ToString(CultureInfo.InvariantCulture), .. distances.Select(distance => distance.ToString(CultureInfo.InvariantCulture))];
            using Process process = Process.Start(new ProcessStartInfo(python, arguments) { RedirectStandardOutput = true })!;
            while (process.StandardOutput.ReadLine() is { } line)
            {
                yield return JsonSerializer.Deserialize<Peer>(line)!;
            }

            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                Console.Error.WriteLine($"DBSCAN is left out or cut short: {python} has no scikit-learn, or it failed. Debian 13: apt-get install python3-sklearn; another Python: --python PATH.");
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    private sealed record Peer(double Eps, int Samples, int[] Labels);
}
