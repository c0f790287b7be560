namespace Microsoft.ML.ArcFace.Files;

/// <summary>A file that appears under its name when it is whole; until then, or if writing fails, what was there stays.</summary>
internal sealed class WholeFile : IDisposable
{
    private readonly string _path;
    private readonly string _partialPath;
    private readonly FileStream _stream;

    public WholeFile(string path)
    {
        _path = Path.GetFullPath(path);
        _partialPath = $"{_path}.{Guid.NewGuid():N}.part";
        _stream = File.Create(_partialPath);
    }

    public Stream Stream => _stream;

    /// <summary>Says that everything was written. What is under the name is then on the disk, also if the power fails.</summary>
    public void Complete()
    {
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Move(_partialPath, _path, overwrite: true);
    }

    public void Dispose()
    {
        _stream.Dispose();
        File.Delete(_partialPath);
    }
}
