using System.CommandLine;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>The gallery of a command, for the embeddings of a model.</summary>
internal static class GalleryFile
{
    private const int KeyLength = 32;

    public static FaceGallery Open(ToolRun run, FaceEmbedder embedder, Option<FileInfo> path, Option<FileInfo> keyFile, FaceGalleryOptions options) => InWordsOfTheTool(() =>
        run.CreateContext().FaceRecognition().CreateGalleryFor(
            new FaceGalleryModel(embedder.Fingerprint, embedder.EmbeddingSize, embedder.Threshold), run.Need(path).FullName, options with { EncryptionKey = Key(run, keyFile) }));

    /// <summary>The key that the file of a gallery is encrypted with; null: none is given.</summary>
    /// <exception cref="InvalidOperationException">The file has another length.</exception>
    public static byte[]? Key(ToolRun run, Option<FileInfo> keyFile)
    {
        if (run.Get(keyFile) is not { } file)
        {
            return null;
        }

        return file.Length == KeyLength
            ? File.ReadAllBytes(file.FullName)
            : throw new InvalidOperationException($"{keyFile.Name} is '{file}', which has {file.Length} bytes; a key has {KeyLength}. Make one with head -c {KeyLength} /dev/urandom and keep it safe.");
    }

    /// <summary>Names options of the command line where the library names its own.</summary>
    public static T InWordsOfTheTool<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (FaceGalleryException error) when (error.Message.Contains(nameof(FaceGalleryOptions.EncryptionKey), StringComparison.Ordinal))
        {
            throw new FaceGalleryException(error.Problem, error.Message.Replace(nameof(FaceGalleryOptions.EncryptionKey), "--key-file", StringComparison.Ordinal), error);
        }
    }
}
