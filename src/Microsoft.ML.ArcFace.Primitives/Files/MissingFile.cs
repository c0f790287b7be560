namespace Microsoft.ML.ArcFace.Files;

/// <summary>Says that a file is not there, or that a folder is in its place.</summary>
internal static class MissingFile
{
    /// <summary>Refuses a path at which there is no file.</summary>
    /// <param name="what">The file's use, such as "The weights file".</param>
    /// <param name="path">The path as it was given.</param>
    /// <param name="remedy">What to give, as a sentence.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static void ThrowIfAbsent(string what, string path, string remedy)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                Directory.Exists(path) ? $"{what} '{path}' is a folder. {remedy}" : $"{what} '{path}' does not exist (looked for '{Path.GetFullPath(path)}'). {remedy}", path);
        }
    }
}
