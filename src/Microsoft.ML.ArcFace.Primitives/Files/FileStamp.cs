using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>
/// Tells a file from the one that was there before, without reading it. A file that is put in the place of another of equal
/// length and time has another number, and one that is written over has another time of change, which no program can set.
/// </summary>
/// <param name="LastWrite">When it was written last, which any program can set.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Identity">Its disk and number, where the system tells them; elsewhere when it was made.</param>
/// <param name="Changed">When it was changed in any way, in nanoseconds; 0 where the system does not tell.</param>
/// <param name="Special">What is there in place of a file; null: a file.</param>
internal readonly partial record struct FileStamp(DateTime LastWrite, long Length, (long Disk, long Number) Identity, long Changed, SpecialFile? Special)
{
    /// <summary>Tells whether the system gives what no program can set. If not, only the bytes themselves are certain.</summary>
    public static bool IsCertain => !OperatingSystem.IsWindows();

    /// <summary>.NET's own description of a file as numbers of 64 bits, the same on every Unix; with room to grow.</summary>
    private const int StatusSize = 64, ChangedIndex = 7, DiskIndex = 11, NumberIndex = 13;

    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Looks at what a path leads to, through links; null if there is nothing that can be opened.</summary>
    public static FileStamp? Of(string path)
    {
        try
        {
            using SafeFileHandle file = RegularFile.OpenHandle(path, FileShare.ReadWrite | FileShare.Delete);
            ((long, long) identity, long changed) = Describe(file);
            return new FileStamp(File.GetLastWriteTimeUtc(file), RandomAccess.GetLength(file), identity, changed, Special: null);
        }
        catch (SpecialFileException error)
        {
            return new FileStamp(default, 0, default, 0, error.Kind);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Gives disk and number of the file that a path leads to, through links. It is not opened, because closing it would end
    /// the locks that this process has on it.
    /// </summary>
    /// <returns>Null if nothing is there, or if the system does not tell (<see cref="IsCertain"/>).</returns>
    public static unsafe (long Disk, long Number)? IdentityOf(string path)
    {
        long* status = stackalloc long[StatusSize];
        return IsCertain && StatusOfPath(path, status) == 0 ? (status[DiskIndex], status[NumberIndex]) : null;
    }

    private static unsafe ((long Disk, long Number) Identity, long Changed) Describe(SafeFileHandle file)
    {
        if (!IsCertain)
        {
            return ((0, File.GetCreationTimeUtc(file).Ticks), 0);
        }

        long* status = stackalloc long[StatusSize];
        return Status(file, status) == 0
            ? ((status[DiskIndex], status[NumberIndex]), unchecked((status[ChangedIndex] * NanosecondsPerSecond) + status[ChangedIndex + 1]))
            : throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
    }

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_FStat", SetLastError = true)]
    private static unsafe partial int Status(SafeFileHandle handle, long* status);

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_Stat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatusOfPath(string path, long* status);
}
