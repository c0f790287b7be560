using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>
/// Lets one process at a time do what takes several steps in a folder, and leaves no file there: on Unix the folder itself is
/// locked, on Windows a mutex with a name made of its path. Where the file system has no locks, nothing is kept out.
/// </summary>
internal sealed partial class FolderLock : IDisposable
{
    private const int Exclusive = 2;

    private readonly SafeFileHandle? _folder;
    private readonly Mutex? _mutex;

    private FolderLock(SafeFileHandle? folder, Mutex? mutex) => (_folder, _mutex) = (folder, mutex);

    /// <summary>Waits for the folder. The thread that took it must give it back.</summary>
    public static FolderLock Take(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return new FolderLock(null, TakeMutex(folder));
        }

        int closeOnExec = OperatingSystem.IsMacOS() ? 0x100_0000 : 0x8_0000;
        var handle = new SafeFileHandle(Open(folder, closeOnExec), ownsHandle: true);
        if (!handle.IsInvalid)
        {
            _ = Lock(handle, Exclusive);
        }

        return new FolderLock(handle, null);
    }

    public void Dispose()
    {
        _folder?.Dispose();
        _mutex?.ReleaseMutex();
        _mutex?.Dispose();
    }

    private static Mutex TakeMutex(string folder)
    {
        var mutex = new Mutex(initiallyOwned: false, $@"Global\arcface-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder.ToUpperInvariant())))}");
        try
        {
            mutex.WaitOne();
        }
        catch (AbandonedMutexException)
        {
            // Who had it was killed; it is ours now.
        }

        return mutex;
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock")]
    private static partial int Lock(SafeFileHandle handle, int operation);
}
