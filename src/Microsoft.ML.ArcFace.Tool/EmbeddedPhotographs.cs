using Microsoft.ML.ArcFace.Progress;

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
        if (files.Count == 0)
        {
            throw new InvalidOperationException("There are no photographs (jpg, png, bmp, webp) to embed in what was given. Give photographs, or folders with some.");
        }

        var unusable = new List<string>();
        var waiting = new Queue<(string Path, Task<FaceEmbedding> Embedding)>();
        using WorkMeter meter = run.Begin("photographs embedded", files.Count);
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

        return unusable.Count < files.Count
            ? [.. unusable]
            : throw new InvalidOperationException($"None of the {files.Count} photographs could be used; standard error says why of each. Nothing was done.");

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

            meter.Advance();
        }
    }
}
