using System.CommandLine;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>The gallery of a command, for the embeddings of a model.</summary>
internal static class GalleryFile
{
    public static FaceGallery Open(ToolRun run, FaceEmbedder embedder, Option<FileInfo> path, Option<FileInfo> keyFile, FaceGalleryOptions options) =>
        run.FaceRecognition(run.CreateContext()).CreateGalleryFor(
            embedder.GetGalleryModel(), run.Need(path).FullName,
            options with { EncryptionKey = Terminal.KeyFile.Read(run.Get(keyFile)) });
}
