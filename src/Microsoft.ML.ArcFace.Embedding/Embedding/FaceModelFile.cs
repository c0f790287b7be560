using System.Reflection;
using System.Runtime.ExceptionServices;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Data;
using Microsoft.ML.Data.IO;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Loads and saves models as <c>ml.Model</c> does, in the same format, but without ML.NET's temporary files, and with messages that
/// name the file.
/// </summary>
internal static class FaceModelFile
{
    private const string SchemaEntry = "Schema", ModelFolder = "TransformerChain";

    /// <summary>Loads a model with a face embedding in it.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="WeightsFormatException">It is damaged or of another kind.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ITransformer Load(IHostEnvironment environment, string path, out DataViewSchema? inputSchema)
    {
        MissingFile.ThrowIfAbsent("The model", path, "Give the .zip that arcface train or ml.Model.Save wrote.");

        if (FileUse.Model.Mismatch(path) is { } mismatch)
        {
            throw new WeightsFormatException($"'{path}' cannot be loaded as a model. {mismatch}");
        }

        try
        {
            using FileStream file = RegularFile.OpenRead(path);
            CheckEntries(path);
            return Load(environment, file, out inputSchema);
        }
        catch (Exception error)
        {
            throw Explain(path, error);
        }
    }

    /// <summary>Saves a model; a program that watches the file finds the former one or the new one, whole.</summary>
    public static void Save(IHostEnvironment environment, ITransformer model, DataViewSchema? inputSchema, string path)
    {
        using var file = new WholeFile(path);
        Save(environment, model, inputSchema, file.Stream);
        file.Complete();
    }

    /// <summary>Saves a model to a stream.</summary>
    /// <param name="environment">The context.</param>
    /// <param name="model">The model.</param>
    /// <param name="inputSchema">The schema of what it takes; null if it is not known.</param>
    /// <param name="stream">Where it goes; stays open.</param>
    public static void Save(IHostEnvironment environment, ITransformer model, DataViewSchema? inputSchema, Stream stream)
    {
        using RepositoryWriter repository = RepositoryWriter.CreateNew(stream, environment, useFileSystem: false);
        ModelSaveContext.SaveModel(repository, model, ModelFolder);
        if (inputSchema is not null)
        {
            using IChannel channel = environment.Start("Saving Schema");
            using Repository.Entry entry = repository.CreateEntry(SchemaEntry);
            DataSaverUtils.SaveDataView(channel, new BinarySaver(environment, new BinarySaver.Arguments { Silent = true }), new EmptyDataView(environment, inputSchema), entry.Stream, keepHidden: true);
        }

        repository.Commit();
    }

    /// <summary>Loads a model from memory or a file that this process wrote.</summary>
    public static ITransformer Load(IHostEnvironment environment, Stream stream, out DataViewSchema? inputSchema)
    {
        using (RepositoryReader repository = RepositoryReader.Open(stream, environment, useFileSystem: false))
        {
            using Repository.Entry? schema = repository.OpenEntryOrNull(SchemaEntry);
            inputSchema = schema is null ? null : new BinaryLoader(environment, new BinaryLoader.Arguments(), schema.Stream).Schema;
            if (ModelLoadContext.LoadModelOrNull<ITransformer, SignatureLoadModel>(environment, out ITransformer model, repository, ModelFolder))
            {
                return model;
            }
        }

        // Saved with a loader of data, which no model of a face is; ML.NET knows how.
        stream.Position = 0;
        return new ModelOperationsCatalog(environment).Load(stream, out inputSchema);
    }

    /// <summary>Refuses an entry that claims more bytes than it can have, before memory is taken for it.</summary>
    private static void CheckEntries(string path)
    {
        using ByteSource source = ByteSource.Open(path);
        foreach (ZipEntry entry in ZipDirectory.Read(source).Values)
        {
            ZipEntry.CheckGrowth(entry.Name, entry.Length, entry.PackedLength, ZipEntry.FreeLengthInModels);
        }
    }

    private static Exception Explain(string path, Exception error)
    {
        // ML.NET creates by reflection what it loads, and reflection wraps what is thrown; so does a load of an assembly that was not found.
        Exception cause = error;
        while (cause is TargetInvocationException or FileLoadException && cause.InnerException is { } inner)
        {
            cause = inner;
        }

        if (cause is NativeRuntimeException or OperationCanceledException or OutOfMemoryException)
        {
            ExceptionDispatchInfo.Throw(cause);
        }

        if (OlderModels.Contains(path))
        {
            return new WeightsFormatException($"The model '{path}' cannot be loaded: {OlderModels.Refusal}.", error);
        }

        // An assembly, and not a file that may be there later.
        if (cause is FileNotFoundException { FileName: { } assembly } && assembly.Contains("PublicKeyToken=", StringComparison.Ordinal))
        {
            return new InvalidOperationException(
                $"The model '{path}' cannot be loaded: it needs the assembly {new AssemblyName(assembly).Name}, which this program does not bring. Add the package that has it.", error);
        }

        string message = $"The model '{path}' cannot be loaded: {cause.Message.TrimEnd('.')}.";
        return cause switch
        {
            WeightsFormatException => new WeightsFormatException(message, error),
            IOException and not EndOfStreamException or UnauthorizedAccessException => new IOException(message, error),
            FormatException or InvalidDataException or EndOfStreamException => new WeightsFormatException(
                $"{message} Copy it again if it is damaged, or load it with the version of the package that saved it, or a newer one.", error),
            _ => new InvalidOperationException(message, error),
        };
    }
}
