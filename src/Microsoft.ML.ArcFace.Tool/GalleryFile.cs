using System.CommandLine;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>The gallery of a command, for the embeddings of a model.</summary>
internal static class GalleryFile
{
    public static FaceGallery Open(ToolRun run, FaceEmbedder embedder, Option<FileInfo> path, Option<FileInfo> keyFile, bool createIfMissing, double? cosine = null) =>
        run.FaceRecognition(run.CreateContext()).CreateGalleryFor(
            new FaceGalleryModel(embedder.Fingerprint, embedder.EmbeddingSize, embedder.Threshold), run.Need(path).FullName,
            new FaceGalleryOptions { CreateIfMissing = createIfMissing, CosineThreshold = cosine, EncryptionKey = KeyFile.Read(run.Get(keyFile)) });
}
