using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>Checks the file of a result before an hour of work rather than after it.</summary>
internal static class ModelFile
{
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

            File.Open(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete).Dispose();
        }
        catch (FileNotFoundException)
        {
            // Most results are new.
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{option} is '{path}', which cannot be written ({error.Message}); give a file in a folder that you may write to.", error);
        }
    }
}
