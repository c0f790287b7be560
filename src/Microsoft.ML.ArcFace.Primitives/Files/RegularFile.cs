using Microsoft.ML.ArcFace.Names;
using Microsoft.Win32.SafeHandles;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>
/// Opens files and nothing else. A named pipe would block a program that opens it, a device such as /dev/zero has no end, and
/// to open some devices does something. What a path leads to, through links, is looked at before it is opened, and again once
/// it is open, because it may be replaced in between; a pipe that takes the file's place then does not block either.
/// </summary>
internal static partial class RegularFile
{
    /// <summary>The most bytes that are read of a file whose size the system gives as 0, as it does in /proc.</summary>
    public const int MostBytesOfUnknownSize = 64 << 20;

    private const int FirstBuffer = 64 << 10;

    private static readonly bool IsDarwin = OperatingSystem.IsMacOS();

    /// <summary>Finds what a path leads to in place of a file; null for files, for what is absent, and where only opening it would tell.</summary>
    public static SpecialFile? SpecialAt(string path) =>
        !OperatingSystem.IsWindows() && Stat(path, out SpecialFile? special) ? special : Directory.Exists(path) ? SpecialFile.Folder : null;

    /// <summary>Opens a file to read it at any place.</summary>
    /// <param name="path">The file, or a link to it.</param>
    /// <param name="share">What other programs may do with it meanwhile.</param>
    /// <exception cref="SpecialFileException">The path leads to a folder, a pipe, a socket or a device.</exception>
    /// <exception cref="IOException">It is absent, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static SafeFileHandle OpenHandle(string path, FileShare share = FileShare.Read)
    {
        string fullPath = Path.GetFullPath(path);
        if (SpecialAt(fullPath) is { } there)
        {
            throw new SpecialFileException(path, there);
        }

        SafeFileHandle handle = OperatingSystem.IsLinux() || IsDarwin ? OpenWithoutWaiting(fullPath, share) : File.OpenHandle(fullPath, FileMode.Open, FileAccess.Read, share);
        if (SpecialOf(handle) is { } opened)
        {
            handle.Dispose();
            throw new SpecialFileException(path, opened);
        }

        return handle;
    }

    /// <summary>Opens a file to read it from its start.</summary>
    /// <inheritdoc cref="OpenHandle"/>
    public static FileStream OpenRead(string path) => new(OpenHandle(path), FileAccess.Read);

    /// <summary>Reads a file whole, as long as it was when it was opened.</summary>
    /// <param name="path">The file, or a link to it.</param>
    /// <param name="mostBytes">The most that are read.</param>
    /// <exception cref="InvalidDataException">It has more bytes; the message completes a sentence.</exception>
    /// <inheritdoc cref="OpenHandle"/>
    public static byte[] ReadAllBytes(string path, long mostBytes)
    {
        using SafeFileHandle handle = OpenHandle(path);
        long length = RandomAccess.GetLength(handle);
        if (length > mostBytes)
        {
            throw new InvalidDataException($"it has {length} bytes");
        }

        return length > 0 ? ReadKnown(handle, (int)length) : ReadUnknown(handle, (int)Math.Min(mostBytes, MostBytesOfUnknownSize));
    }

    /// <summary>Reads what was there; less if the file became shorter since.</summary>
    private static byte[] ReadKnown(SafeFileHandle handle, int length)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(length);
        int count = Fill(handle, bytes, 0);
        return count == length ? bytes : bytes[..count];
    }

    private static byte[] ReadUnknown(SafeFileHandle handle, int mostBytes)
    {
        byte[] bytes = [];
        int count = 0;
        for (int size = Math.Min(FirstBuffer, mostBytes); ; size = Math.Min(2 * size, mostBytes))
        {
            Array.Resize(ref bytes, size);
            count = Fill(handle, bytes, count);
            if (count < size)
            {
                return bytes[..count];
            }

            if (size == mostBytes)
            {
                if (RandomAccess.Read(handle, new byte[sizeof(long)], count) == 0)
                {
                    return bytes;
                }

                throw new InvalidDataException($"its size is given as 0 bytes, and it has more than {mostBytes}: it is no file on a disk");
            }
        }
    }

    private static int Fill(SafeFileHandle handle, byte[] bytes, int count)
    {
        for (int read = -1; read != 0 && count < bytes.Length; count += read)
        {
            read = RandomAccess.Read(handle, bytes.AsSpan(count), count);
        }

        return count;
    }
}

/// <summary>Names what a path may lead to in place of a file.</summary>
internal enum SpecialFile
{
    Folder,
    NamedPipe,
    Socket,
    Device,
}

/// <summary>Reports a path that leads to something else than a file.</summary>
internal sealed class SpecialFileException(string path, SpecialFile kind) : IOException($"'{ShownName.Of(path)}' is {Describe(kind)}, where a file is due.{Remedy(kind)}")
{
    public SpecialFile Kind => kind;

    /// <summary>Completes a sentence such as "it is …".</summary>
    public static string Describe(SpecialFile kind) => kind switch
    {
        SpecialFile.Folder => "a folder",
        SpecialFile.NamedPipe => "a named pipe",
        SpecialFile.Socket => "a socket",
        _ => "a device",
    };

    private static string Remedy(SpecialFile kind) => kind == SpecialFile.NamedPipe ? " Write what comes through it to a file, and give that." : " Give a file.";
}
