using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Microsoft.ML.ArcFace.Files;

/// <content>What the system tells of files, and how a file is opened without waiting.</content>
internal static partial class RegularFile
{
    /// <summary>The part of a mode that tells what a file is.</summary>
    private const int TypeMask = 0xF000;

    /// <summary>.NET's own description of a file, the same on every Unix: flags, mode, owner, size and more; with room to grow.</summary>
    private const int StatusSize = 512, ModeIndex = 1;

    private const int NotPermitted = 1, NoEntry = 2, AccessDenied = 13, NoFolder = 20;
    private const int LockShared = 1, LockWithoutWaiting = 4;

    /// <summary>The type of files in Windows.</summary>
    private const int DiskFile = 1;

    private static int OpenFlags => IsDarwin ? 0x4 | 0x2_0000 | 0x100_0000 : 0x800 | 0x100 | 0x8_0000;             // O_NONBLOCK | O_NOCTTY | O_CLOEXEC

    private static SafeFileHandle OpenWithoutWaiting(string path, FileShare share)
    {
        int descriptor = Open(path, OpenFlags);
        if (descriptor < 0)
        {
            throw Failure(path, Marshal.GetLastPInvokeError());
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);

        // As .NET keeps a file from being read while another .NET program writes it, and the other way around.
        int wouldBlock = IsDarwin ? 35 : 11;
        if (share == FileShare.Read && Lock(handle, LockShared | LockWithoutWaiting) < 0 && Marshal.GetLastPInvokeError() == wouldBlock)
        {
            handle.Dispose();
            throw new IOException($"The process cannot access the file '{path}' because it is being used by another process.");
        }

        return handle;
    }

    /// <summary>Gives the exception that .NET has for an error.</summary>
    private static Exception Failure(string path, int error)
    {
        int nameTooLong = IsDarwin ? 63 : 36;
        return error switch
        {
            NoFolder => new DirectoryNotFoundException($"Could not find a part of the path '{path}'."),
            NoEntry when !Directory.Exists(Path.GetDirectoryName(path)) => new DirectoryNotFoundException($"Could not find a part of the path '{path}'."),
            NoEntry => new FileNotFoundException($"Could not find file '{path}'.", path),
            NotPermitted or AccessDenied => new UnauthorizedAccessException($"Access to the path '{path}' is denied."),
            _ when error == nameTooLong => new PathTooLongException($"The path '{path}' is too long, or a component of the specified path is too long."),
            _ => new IOException($"{Marshal.GetPInvokeErrorMessage(error)} : '{path}'"),
        };
    }

    /// <summary>Tells whether the system knows the path, and what it leads to.</summary>
    private static unsafe bool Stat(string path, out SpecialFile? special)
    {
        int* status = stackalloc int[StatusSize / sizeof(int)];
        bool isThere = StatOfPath(path, status) == 0;
        special = isThere ? SpecialOf(status[ModeIndex]) : null;
        return isThere;
    }

    private static unsafe SpecialFile? SpecialOf(SafeFileHandle handle)
    {
        if (OperatingSystem.IsWindows())
        {
            return TypeOf(handle) == DiskFile ? null : SpecialFile.Device;
        }

        int* status = stackalloc int[StatusSize / sizeof(int)];
        return StatOfHandle(handle, status) == 0 ? SpecialOf(status[ModeIndex]) : throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
    }

    private static SpecialFile? SpecialOf(int mode) => (mode & TypeMask) switch
    {
        0x8000 => null,
        0x4000 => SpecialFile.Folder,
        0x1000 => SpecialFile.NamedPipe,
        0xC000 => SpecialFile.Socket,
        _ => SpecialFile.Device,
    };

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle handle, int operation);

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_Stat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatOfPath(string path, int* status);

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_FStat", SetLastError = true)]
    private static unsafe partial int StatOfHandle(SafeFileHandle handle, int* status);

    [LibraryImport("kernel32", EntryPoint = "GetFileType")]
    private static partial int TypeOf(SafeFileHandle handle);
}
