using System.CommandLine;
using System.Globalization;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>Every face of a photograph instead of the main one.</summary>
internal static class AllFaces
{
    /// <summary>Asks for all faces; for commands that embed.</summary>
    public static Option<bool> Option(string description) => new("--all-faces") { Description = description };

    /// <summary>Embeds all faces of a photograph; one without faces cannot be used.</summary>
    /// <exception cref="FaceNotFoundException">It shows no face.</exception>
    public static async Task<IReadOnlyList<EmbeddedFace>> EmbedAsync(FaceEmbedder embedder, FacePhotograph photograph, CancellationToken cancellationToken) =>
        await embedder.EmbedAllAsync(photograph, cancellationToken) is { Count: > 0 } faces ? faces : throw new FaceNotFoundException(photograph.Name);

    /// <summary>Says where a face is, such as "face 2 of 80×96 pixels at 12, 30"; people count from 1.</summary>
    public static string Where(int face, EmbeddedFace embedded) => embedded.Box is { } box
        ? string.Create(CultureInfo.InvariantCulture, $"face {face + 1} of {box} pixels at {box.X:0}, {box.Y:0}")
        : $"face {face + 1}";
}

/// <summary>Tells where a face is, in pixels of the upright photograph.</summary>
internal sealed record FacePlace(float X, float Y, float Width, float Height)
{
    public static FacePlace? Of(FaceBox? face) => face is null ? null : new(face.X, face.Y, face.Width, face.Height);
}
