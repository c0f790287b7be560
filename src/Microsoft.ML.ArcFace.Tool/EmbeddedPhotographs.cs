namespace Microsoft.ML.ArcFace.Tool;

/// <summary>Embeds many photographs, some ahead of the one that is handed on, so that they share forward passes.</summary>
internal static class EmbeddedPhotographs
{
    private const int Ahead = 64;

    /// <summary>Hands on each photograph's embedding, in order.</summary>
    /// <param name="run">The command; tells what is left out.</param>
    /// <param name="embedder">The model.</param>
    /// <param name="files">Photographs.</param>
    /// <param name="skipUnusable">Whether photographs that cannot be read or show no face are left out; else they are an error.</param>
    /// <param name="hand">Is given path and vector.</param>
    /// <returns>What was left out.</returns>
    public static string[] ForEach(ToolRun run, FaceEmbedder embedder, IReadOnlyList<string> files, bool skipUnusable, Action<string, float[]> hand)
    {
        var unusable = new List<string>();
        var waiting = new Queue<(string Path, Task<FaceEmbedding> Embedding)>();
        foreach (string file in files)
        {
            waiting.Enqueue((file, embedder.EmbedAsync(FacePhotograph.FromFile(file), run.CancellationToken)));
            if (waiting.Count >= Ahead)
            {
                HandOne();
            }
        }

        while (waiting.Count > 0)
        {
            HandOne();
        }

        return [.. unusable];

        void HandOne()
        {
            (string path, Task<FaceEmbedding> embedding) = waiting.Dequeue();
            try
            {
                hand(path, embedding.GetAwaiter().GetResult().Vector);
            }
            catch (Exception error) when (skipUnusable && error is FaceImageException or FaceNotFoundException)
            {
                run.Say($"left out: {error.Message}");
                unusable.Add(path);
            }
        }
    }
}
