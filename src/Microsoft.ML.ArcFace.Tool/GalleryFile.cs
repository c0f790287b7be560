using System.CommandLine;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>The gallery of a command, for the embeddings of a model.</summary>
internal static class GalleryFile
{
    public static FaceGallery Open(ToolRun run, FaceEmbedder embedder, Option<FileInfo> path, Option<FileInfo> keyFile, bool createIfMissing, double? cosine = null) =>
        run.CreateContext().FaceRecognition().CreateGalleryFor(
            new FaceGalleryModel(embedder.Fingerprint, embedder.EmbeddingSize, embedder.Threshold), run.Need(path).FullName,
            new FaceGalleryOptions { CreateIfMissing = createIfMissing, CosineThreshold = cosine, EncryptionKey = run.Get(keyFile) is { } file ? ReadKey(file) : null });

    private static byte[] ReadKey(FileInfo file)
    {
        const int size = 32;
        return file.Length == size
            ? File.ReadAllBytes(file.FullName)
            : throw new InvalidDataException($"The key file '{file}' has {file.Length} bytes; a key has {size}, which are read as they are (head -c {size} /dev/urandom > key makes one). A gallery is opened with the key that it was made with.");
    }
}
