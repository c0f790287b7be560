namespace Microsoft.ML.ArcFace.Files;

/// <summary>
/// Keeps bytes outside of memory, in a temporary file that only this process can reach and that is gone with it, however it ends:
/// on Unix the file has no name once it has its bytes, on Windows the system deletes it when it is closed.
/// </summary>
internal sealed class UnnamedFile : ByteSource
{
    private readonly FileStream _file;

    private UnnamedFile(FileStream file, long length) => (_file, Length) = (file, length);

    public override long Length { get; }

    /// <summary>Makes a file of so many bytes, 0 at first, which the disk then has, where the file system can promise that.</summary>
    /// <param name="folder">Where it lies; made if there is none.</param>
    /// <param name="length">The number of bytes.</param>
    /// <exception cref="IOException">The folder cannot be written to, or the disk has not as many bytes left.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write to the folder.</exception>
    public static UnnamedFile Create(string folder, long length)
    {
        Directory.CreateDirectory(folder);

        // A process that is killed before the name is gone leaves the file behind, for a day.
        string name = Path.Combine(Path.GetFullPath(folder), "arcface"), path = $"{name}.{Guid.NewGuid():N}.part";
        AbandonedParts.Delete(name);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0, PreallocationSize = length };
        if (OperatingSystem.IsWindows())
        {
            options.Options = FileOptions.DeleteOnClose;
        }
        else
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var file = new FileStream(path, options);
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                File.Delete(path);
            }

            file.SetLength(length);
            return new UnnamedFile(file, length);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Writes bytes from a position on.</summary>
    /// <exception cref="IOException">The disk is full, or failed.</exception>
    public void Write(long position, ReadOnlySpan<byte> bytes) => RandomAccess.Write(_file.SafeFileHandle, bytes, position);

    public override void Dispose() => _file.Dispose();

    protected override int ReadSome(long position, Span<byte> buffer) => RandomAccess.Read(_file.SafeFileHandle, buffer, position);
}
