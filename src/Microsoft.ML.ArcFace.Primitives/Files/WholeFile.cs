namespace Microsoft.ML.ArcFace.Files;

/// <summary>
/// Writes a file that appears under its name when it is whole; until then, or if writing fails, what was there stays. Until then
/// it is called like the file, with a number of its own and .part behind it: writers of one path do not meet, and the last one's
/// file is there in the end. A process that is killed leaves its part behind; the next writer of the file deletes it after a day.
/// </summary>
internal sealed class WholeFile : IDisposable
{
    private readonly string _path;
    private readonly string _partialPath;
    private readonly FileStream _stream;
    private bool _isComplete;

    /// <exception cref="SpecialFileException">The path is that of a folder, a pipe, a socket or a device, which is not replaced by a file.</exception>
    public WholeFile(string path)
    {
        _path = Path.GetFullPath(path);
        if (RegularFile.SpecialAt(_path) is { } special)
        {
            throw new SpecialFileException(path, special);
        }

        AbandonedParts.Delete(_path);
        _partialPath = $"{_path}.{Guid.NewGuid():N}.part";
        _stream = File.Create(_partialPath);
    }

    public Stream Stream => _stream;

    /// <summary>Says that everything was written. What is under the name is then on the disk, also if the power fails.</summary>
    public void Complete()
    {
        Finish();
        TakePlace();
    }

    /// <summary>
    /// Completes files of one folder that belong together. No other process does so in between, so that all of them are of one
    /// writer; if the disk is full, all stay what they were.
    /// </summary>
    public static void CompleteTogether(params WholeFile[] files)
    {
        Array.ForEach(files, file => file.Finish());
        using FolderLock turn = FolderLock.Take(Path.GetDirectoryName(files[0]._path)!);
        Array.ForEach(files, file => file.TakePlace());
    }

    public void Dispose()
    {
        if (_isComplete)
        {
            return;
        }

        // On a full disk the rest of the buffer cannot be written. Nobody wants it.
        Try(_stream.Dispose);
        Try(() => File.Delete(_partialPath));
    }

    private void Finish()
    {
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
    }

    private void TakePlace()
    {
        File.Move(_partialPath, _path, overwrite: true);
        _isComplete = true;
    }

    /// <summary>Tidies up if that can be done.</summary>
    private static void Try(Action tidyUp)
    {
        try
        {
            tidyUp();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The error that is on its way, if there is one, is to be told.
        }
    }
}
