namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>Checks a model's file before an hour of training rather than after it.</summary>
internal static class ModelFile
{
    /// <summary>Makes sure that the file can be written; leaves no trace.</summary>
    /// <exception cref="IOException">It cannot, and why.</exception>
    public static void CheckWritable(string path, string option = "--output")
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            bool existed = File.Exists(path);
            File.Open(path, FileMode.OpenOrCreate, FileAccess.Write).Dispose();
            if (!existed)
            {
                File.Delete(path);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{option} is '{path}', which cannot be written ({error.Message}); give a file in a folder that you may write to.", error);
        }
    }
}
