namespace Microsoft.ML.ArcFace.Data.Folders;

/// <summary>Counts what a walk passes over.</summary>
internal sealed class LeftOutCounter
{
    private const int MostExamples = 5;

    private readonly Dictionary<(LeftOutReason Reason, string Ending), (int Count, List<string> Examples)> _counts = [];

    /// <summary>The counts, in the order of the reasons, the most frequent endings first.</summary>
    public IReadOnlyList<LeftOutFiles> All =>
    [
        .. _counts.OrderBy(count => count.Key.Reason).ThenByDescending(count => count.Value.Count).ThenBy(count => count.Key.Ending, StringComparer.Ordinal)
            .Select(count => new LeftOutFiles(count.Key.Reason, count.Key.Ending, count.Value.Count, count.Value.Examples)),
    ];

    public void AddFolder(LeftOutReason reason, string path) => Add(reason, "", path);

    public void AddFile(LeftOutReason reason, string path) => Add(reason, Path.GetExtension(path).ToLowerInvariant(), path);

    private void Add(LeftOutReason reason, string ending, string path)
    {
        (int count, List<string> examples) = _counts.GetValueOrDefault((reason, ending), (0, []));
        if (count < MostExamples)
        {
            examples.Add(path);
        }

        _counts[(reason, ending)] = (count + 1, examples);
    }
}
