using System.CommandLine;
using Microsoft.ML.ArcFace.Progress;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>Embeds many photographs, some ahead of the one that is handed on, so that they share forward passes.</summary>
internal static class EmbeddedPhotographs
{
    private const int Ahead = 64;

    /// <summary>Leaves photographs out instead of ending with an error; for all commands that embed.</summary>
    public static Option<bool> SkipUnusable() => new("--skip-unusable") { Description = "Leave out photographs that cannot be read or show no face, and count them." };

    /// <summary>Refuses what there is nothing of to do.</summary>
    /// <param name="files">Photographs that were found.</param>
    /// <param name="lookedIn">Where they were looked for.</param>
    /// <exception cref="InvalidOperationException">There are none.</exception>
    public static string[] Need(string[] files, IEnumerable<FileSystemInfo> lookedIn) => files.Length > 0
        ? files
        : throw new InvalidOperationException($"There are no photographs in {string.Join(", ", lookedIn.Select(place => $"'{place}'"))}: looked for jpg, png, bmp and webp files, at any depth.");

    /// <summary>Hands on each photograph's embedding, in order.</summary>
    /// <param name="run">The command; tells what is left out.</param>
    /// <param name="embedder">The model.</param>
    /// <param name="files">Photographs.</param>
    /// <param name="skipUnusable">Whether photographs that cannot be read or show no face are left out; else they are an error.</param>
    /// <param name="hand">Is given path and embedding; what it refuses with a <see cref="SeveralFacesException"/> is left out too.</param>
    /// <returns>What was left out.</returns>
    /// <exception cref="InvalidOperationException">Nothing was left.</exception>
    public static string[] ForEach(ToolRun run, FaceEmbedder embedder, IReadOnlyList<string> files, bool skipUnusable, Action<string, FaceEmbedding> hand) =>
        [.. LeftOut(run, files, embedder.EmbedAsync, error => skipUnusable && IsOfThePhotograph(error), hand).Select(photograph => photograph.Path)];

    /// <summary>Hands on the faces of each photograph together, in order; a photograph without faces counts as one that cannot be used.</summary>
    /// <inheritdoc cref="ForEach(ToolRun, FaceEmbedder, IReadOnlyList{string}, bool, Action{string, FaceEmbedding})"/>
    public static string[] ForEachFaces(ToolRun run, FaceEmbedder embedder, IReadOnlyList<string> files, bool skipUnusable, Action<string, IReadOnlyList<EmbeddedFace>> hand) =>
        [.. LeftOut(run, files, (photograph, cancellationToken) => AllFaces.EmbedAsync(embedder, photograph, cancellationToken), error => skipUnusable && IsOfThePhotograph(error), hand).Select(photograph => photograph.Path)];

    /// <summary>Hands on all faces of each photograph, in order; photographs without a face are no error, and are told apart.</summary>
    /// <param name="run">The command; tells what is left out.</param>
    /// <param name="embedder">The model.</param>
    /// <param name="files">Photographs.</param>
    /// <param name="skipUnusable">Whether photographs that cannot be read, or show more faces than are taken, are left out; else they are an error.</param>
    /// <param name="mainFaceAlone">Whether only the main face of each photograph counts.</param>
    /// <param name="hand">Is given path and face.</param>
    /// <param name="withoutFace">The photographs that show no face.</param>
    /// <returns>The photographs that were left out, but for those without a face.</returns>
    /// <exception cref="InvalidOperationException">Nothing was left.</exception>
    public static string[] ForEachFace(
        ToolRun run, FaceEmbedder embedder, IReadOnlyList<string> files, bool skipUnusable, bool mainFaceAlone, Action<string, EmbeddedFace> hand, out string[] withoutFace)
    {
        IReadOnlyList<(string Path, bool HasNoFace)> leftOut = LeftOut(run, files, FacesOf, error => error is FaceNotFoundException || (skipUnusable && error is FaceImageException or TooManyFacesException), (path, faces) =>
        {
            foreach (EmbeddedFace face in faces)
            {
                hand(path, face);
            }
        });
        withoutFace = [.. leftOut.Where(photograph => photograph.HasNoFace).Select(photograph => photograph.Path)];
        return [.. leftOut.Where(photograph => !photograph.HasNoFace).Select(photograph => photograph.Path)];

        async Task<IReadOnlyList<EmbeddedFace>> FacesOf(FacePhotograph photograph, CancellationToken cancellationToken)
        {
            IReadOnlyList<EmbeddedFace> faces = await AllFaces.EmbedAsync(embedder, photograph, cancellationToken);
            return mainFaceAlone ? [faces[0]] : faces;
        }
    }

    /// <summary>Hands on the faces of each photograph together, in order; of a photograph without a face none, after that was told.</summary>
    /// <inheritdoc cref="ForEach(ToolRun, FaceEmbedder, IReadOnlyList{string}, bool, Action{string, FaceEmbedding})"/>
    public static string[] ForEachFacesOrNone(ToolRun run, FaceEmbedder embedder, IReadOnlyList<string> files, bool skipUnusable, Action<string, IReadOnlyList<EmbeddedFace>> hand) =>
        [.. LeftOut(run, files, embedder.EmbedAllAsync, error => skipUnusable && IsOfThePhotograph(error), (path, faces) =>
        {
            if (faces.Count == 0)
            {
                run.Say($"no face: '{path}'");
            }

            hand(path, faces);
        }).Select(photograph => photograph.Path)];

    private static bool IsOfThePhotograph(Exception error) => error is FaceImageException or FaceNotFoundException or SeveralFacesException or TooManyFacesException;

    private static List<(string Path, bool HasNoFace)> LeftOut<T>(
        ToolRun run, IReadOnlyList<string> files, Func<FacePhotograph, CancellationToken, Task<T>> embed, Func<Exception, bool> mayBeLeftOut, Action<string, T> hand)
    {
        var unusable = new List<(string, bool)>();
        string? reason = null;
        var waiting = new Queue<(string Path, Task<T> Embedding)>();
        using WorkMeter meter = run.Begin("photographs embedded", files.Count);
        foreach (string file in files)
        {
            waiting.Enqueue((file, embed(FacePhotograph.FromFile(file), run.CancellationToken)));
            if (waiting.Count >= Ahead)
            {
                HandOne();
            }
        }

        while (waiting.Count > 0)
        {
            HandOne();
        }

        return unusable.Count < files.Count ? unusable : throw new InvalidOperationException($"None of the {files.Count} photographs could be used. The first: {reason}");

        void HandOne()
        {
            (string path, Task<T> embedding) = waiting.Dequeue();
            try
            {
                hand(path, embedding.GetAwaiter().GetResult());
            }
            catch (Exception error) when (mayBeLeftOut(error))
            {
                run.Say($"left out: {error.Message}");
                reason ??= error.Message;
                unusable.Add((path, error is FaceNotFoundException));
            }

            meter.Advance();
        }
    }
}
