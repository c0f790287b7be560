using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>Checks the file of a result before an hour of work rather than after it.</summary>
internal static class ModelFile
{
    /// <summary>
    /// Makes sure that a model's .zip can be written, and that it replaces nothing but another .zip: neither a file that the command
    /// reads nor a recognizer, a photograph or a list that was named by mistake.
    /// </summary>
    /// <param name="path">The .zip.</param>
    /// <param name="inputs">Files that the command reads, by the options that name them; null: the option is not given.</param>
    /// <exception cref="IOException">It cannot be written, or would replace such a file; the message says which.</exception>
    public static void CheckReplacesModelAlone(string path, params (string Option, FileSystemInfo? File)[] inputs)
    {
        foreach ((string option, FileSystemInfo? file) in inputs)
        {
            if (file is not null && file.FullName == path)
            {
                throw new IOException($"--output is '{path}', which {option} reads; give another file, so that both are kept.");
            }
        }

        CheckWritable(path);
        if (File.Exists(path) && FileNature.Of(path) is { Kind: not (FileKind.Empty or FileKind.FaceModel or FileKind.MLNetModel or FileKind.Zip or FileKind.PartialZip) } nature)
        {
            throw new IOException($"--output is '{path}', which is {nature.What} and would be replaced by the model; give a .zip that is not there yet, or that of a model.");
        }
    }

    /// <summary>
    /// Makes sure that the file can be written, and makes its folder if there is none. The file itself is neither made nor
    /// deleted nor locked: other processes may write or read it at this moment.
    /// </summary>
    /// <exception cref="IOException">It cannot, and why.</exception>
    public static void CheckWritable(string path, string option = "--output")
    {
        try
        {
            WritableFolder.Probe(Path.GetDirectoryName(path)!);
            if (RegularFile.SpecialAt(path) is { } special)
            {
                throw new SpecialFileException(path, special);
            }

            OpenExisting(path);
        }
        catch (FileNotFoundException error)
        {
            // File systems that take no files, such as /proc, do not find the one that is to be made.
            throw new IOException($"{option} is '{path}', where no file can be made; give a file in a folder that you may write to.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{option} is '{path}', which cannot be written ({error.Message}); give a file in a folder that you may write to.", error);
        }
    }

    private static void OpenExisting(string path)
    {
        try
        {
            File.Open(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete).Dispose();
        }
        catch (FileNotFoundException)
        {
            // Most results are new.
        }
    }
}
