namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>A folder for the files of one test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Directory.CreateDirectory(FullName);

    public string FullName { get; } = Path.Combine(Path.GetTempPath(), "arcface-tests-" + Guid.NewGuid().ToString("N"));

    /// <summary>Writes a file, with the folders on the way to it.</summary>
    public string Write(string relativePath, byte[] bytes)
    {
        string path = Path.Combine(FullName, relativePath);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public void Dispose() => Directory.Delete(FullName, recursive: true);
}
