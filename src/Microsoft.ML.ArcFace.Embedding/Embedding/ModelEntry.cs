using System.IO.Compression;
using System.Runtime.CompilerServices;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace;

/// <summary>Looks at an entry of ours in a saved model before ML.NET unpacks it, and after it was read.</summary>
internal static class ModelEntry
{
    /// <summary>
    /// Reads an entry beside the header straight out of the zip. ML.NET would unpack it whole first, to memory or to a file.
    /// </summary>
    /// <param name="context">What the header is read from.</param>
    /// <param name="name">The entry's name.</param>
    /// <param name="read">Reads it, forwards; the number is the bytes that it claims to have, which is sensible for those in the zip.</param>
    /// <returns>False if there is none.</returns>
    /// <exception cref="WeightsFormatException">It claims too many bytes, or cannot be unpacked.</exception>
    public static bool TryRead(ModelLoadContext context, string name, Action<Stream, long> read)
    {
        string suffix = string.IsNullOrEmpty(context.Directory) ? name : Path.Combine(context.Directory, name);
        if (context.Repository is not { } repository || Entries(repository).FirstOrDefault(entry => Normalize(entry.Key) == Normalize(suffix)).Value is not { } found)
        {
            return false;
        }

        try
        {
            ZipEntry.CheckGrowth(found.FullName, found.Length, found.CompressedLength, ZipEntry.FreeLengthInModels);
            using Stream stream = found.Open();
            read(stream, found.Length);
            return true;
        }
        catch (InvalidDataException error)
        {
            // Without what was thrown underneath: people look at the innermost exception of what ML.NET wraps.
            throw new WeightsFormatException($"The model cannot be loaded: {error.Message.TrimEnd('.')}.");
        }
    }

    /// <summary>
    /// Writes an entry beside the header straight into the zip and as it is: numbers of a network hardly compress, and ML.NET would keep all of
    /// the entry in memory or in a file until it is compressed.
    /// </summary>
    /// <param name="context">What the header is written to.</param>
    /// <param name="name">The entry's name, which no other has.</param>
    /// <param name="write">Writes it, forwards.</param>
    public static void WriteStored(ModelSaveContext context, string name, Action<Stream> write)
    {
        // Whatever ML.NET has in hand it writes to the archive between two entries of its own: none is open now.
        GetPath(context.Repository, out string path, out _, context.Directory, name, createDir: false);
        using Stream stream = Archive(context.Repository).CreateEntry(path, CompressionLevel.NoCompression).Open();
        write(stream);
    }

    /// <summary>Refuses an entry of another kind, or of a format that this version does not read.</summary>
    /// <param name="context">What the header is read from.</param>
    /// <param name="readable">What is read.</param>
    /// <exception cref="WeightsFormatException">It cannot be read.</exception>
    public static void CheckVersion(ModelLoadContext context, VersionInfo readable)
    {
        context.CheckAtModel();
        ModelHeader header = context.Header;
        string? finding =
            header.ModelSignature != readable.ModelSignature ? $"is of another kind than {readable.LoaderSignature}; it was altered after saving"
            : header.ModelVerWritten < readable.VerWeCanReadBack ? $"was written in format 0x{header.ModelVerWritten:x8} by an older version of the library, and this version reads 0x{readable.VerWeCanReadBack:x8} and later. {OlderModels.Remedy}"
            : header.ModelVerReadable > readable.VerWrittenCur ? $"was written in format 0x{header.ModelVerWritten:x8} by a newer version of the library, and this version reads up to 0x{readable.VerWrittenCur:x8}. Use the package version that saved the model, or a newer one"
            : null;
        if (finding is not null)
        {
            throw new WeightsFormatException($"The model cannot be loaded: its part {readable.LoaderSignature} {finding}.");
        }
    }

    /// <summary>Refuses bytes behind what was read of the header: no checksum covers them.</summary>
    /// <exception cref="WeightsFormatException">There are some.</exception>
    public static void CheckEnd(ModelLoadContext context)
    {
        Stream stream = context.Reader.BaseStream;
        long end = context.FpMin + context.Header.FpModel + context.Header.CbModel, last = context.FpMin + context.Header.FpLim;
        if (stream.Position != end)
        {
            throw new WeightsFormatException($"The model cannot be loaded: of its header {end - stream.Position} bytes follow what was saved, which no checksum covers; it was altered after saving.");
        }

        ModelHeader header = context.Header;
        long parts = header.FpModel + header.CbModel + header.CbStringTable + header.CbStringChars + header.CbAssemblyName + sizeof(ulong);
        if (header.FpLim != parts)
        {
            throw new WeightsFormatException($"The model cannot be loaded: {header.FpLim - parts} bytes lie between the parts of its header, which no checksum covers; it was altered after saving.");
        }

        if (stream.CanSeek && stream.Length != last)
        {
            throw new WeightsFormatException($"The model cannot be loaded: {stream.Length - last} bytes follow its header, which no checksum covers; it was altered after saving.");
        }
    }

    private static string Normalize(string name) => name.Replace('\\', '/').TrimStart('/');

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_entries")]
    private static extern ref Dictionary<string, ZipArchiveEntry> Entries(RepositoryReader repository);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_archive")]
    private static extern ref ZipArchive Archive(RepositoryWriter repository);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "GetPath")]
    private static extern void GetPath(Repository repository, out string pathEnt, out string pathTemp, string dir, string name, bool createDir);
}
