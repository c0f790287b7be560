namespace Microsoft.ML.ArcFace.Files;

/// <summary>Makes sure that long work can write to its folders.</summary>
internal static class WritableFolder
{
    /// <summary>Makes the folder if there is none, and makes sure that files can be written to it.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="option">What to call it in a message.</param>
    /// <exception cref="IOException">They cannot, and why.</exception>
    public static void Prepare(string path, string option)
    {
        try
        {
            Probe(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new IOException($"{option} is '{path}', which cannot be written to ({error.Message.TrimEnd('.')}). Give a folder that you may write to.", error);
        }
    }

    /// <summary>Makes the folder if there is none, and writes a file to it that is deleted at once.</summary>
    public static void Probe(string path)
    {
        Directory.CreateDirectory(path);
        string probe = Path.Combine(path, $"{Guid.NewGuid():N}.part");
        File.Create(probe, bufferSize: 1, FileOptions.DeleteOnClose).Dispose();
    }
}
