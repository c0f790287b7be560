namespace Microsoft.ML.ArcFace.Files;

/// <summary>A file that appears under its name when it is whole; until then, or if writing fails, what was there stays.</summary>
internal sealed class WholeFile : IDisposable
{
    private readonly string _path;
    private readonly string _partialPath;

    public WholeFile(string path)
    {
        _path = Path.GetFullPath(path);
        _partialPath = $"{_path}.{Guid.NewGuid():N}.part";
        Stream = File.Create(_partialPath);
    }

    public Stream Stream { get; }

    /// <summary>Says that everything was written.</summary>
    public void Complete()
    {
        Stream.Dispose();
        File.Move(_partialPath, _path, overwrite: true);
    }

    public void Dispose()
    {
        Stream.Dispose();
        File.Delete(_partialPath);
    }
}
