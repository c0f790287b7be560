using System.IO.Compression;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>
/// Tells models that were saved before the library was made of parts, and says what to do with them. Their files name an
/// assembly that has no transformers any more.
/// </summary>
internal static class OlderModels
{
    /// <summary>The assembly that has to load them, by their files.</summary>
    public const string AssemblyName = "Microsoft.ML.ArcFace";

    /// <summary>What to do with a model that this version does not read.</summary>
    public const string Remedy =
        "Train the model anew and save it; or export its weights by the version that saved it (arcface export, ExportToSafetensors), give the exported file to EmbedFaces, and save that pipeline by this version";

    /// <summary>Why they are refused, as the rest of a sentence.</summary>
    public const string Refusal = $"an older version of the library saved it, for the assembly {AssemblyName}, which has no transformers any more; this version cannot read it. {Remedy}";

    /// <summary>Tells whether a file holds one. What cannot be read is none.</summary>
    public static bool Contains(string path)
    {
        try
        {
            using var zip = new ZipArchive(RegularFile.OpenRead(path));
            return zip.Entries.Any(entry => entry.Name == ModelLoadContext.ModelStreamName && LoaderOf(entry) == AssemblyName);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException or FormatException or InvalidOperationException or ArgumentException)
        {
            return false;
        }
    }

    private static string LoaderOf(ZipArchiveEntry entry)
    {
        ZipEntry.CheckGrowth(entry.FullName, entry.Length, entry.CompressedLength, ZipEntry.FreeLengthInModels);
        using var header = new MemoryStream();
        using (Stream stream = entry.Open())
        {
            stream.CopyTo(header);
        }

        header.Position = 0;
        using var reader = new BinaryReader(header);
        using var context = new ModelLoadContext(reader);
        return context.LoaderAssemblyName;
    }
}
