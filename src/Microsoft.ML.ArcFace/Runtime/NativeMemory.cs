using System.Runtime.InteropServices;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>
/// Tells glibc when to keep memory and when to give it back. Kept from giving each large tensor's memory back to the system and
/// faulting it in again, page by page, for the next one, training MobileFaceNet on two cores went from 11.8 to 18.6
/// photographs a second.
/// Elsewhere (Windows, macOS, musl) it does nothing.
/// </summary>
internal static partial class NativeMemory
{
    // From glibc's malloc.h.
    private const int TrimThreshold = -1, TopPad = -2, MmapThreshold = -3, MmapMax = -4;

    private static readonly Lazy<bool> Tuned = new(Tune);
    private static readonly Lazy<bool> HasTrim = new(() =>
        OperatingSystem.IsLinux() && NativeLibrary.TryLoad("libc.so.6", out nint library) && NativeLibrary.TryGetExport(library, "malloc_trim", out _));

    /// <summary>Applies it, once a process. True if it took effect.</summary>
    public static bool KeepFreedMemory() => Tuned.Value;

    /// <summary>
    /// Gives back what was freed and lies between what was not, in the arenas of all threads. A replaced model leaves such holes in
    /// whichever arenas its loading used, and the next one is loaded into others. No setting is changed.
    /// </summary>
    public static void GiveBackFreedMemory()
    {
        if (HasTrim.Value)
        {
            _ = Trim(0);
        }
    }

    private static bool Tune()
    {
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryLoad("libc.so.6", out nint library))
        {
            return false;
        }

        return NativeLibrary.TryGetExport(library, "mallopt", out _)
            // Older versions refuse a threshold over 32 MB; there, no block at all is mapped on its own.
            && (SetOption(MmapThreshold, 1 << 30) == 1 || SetOption(MmapMax, 0) == 1)
            && SetOption(TrimThreshold, int.MaxValue) == 1
            && SetOption(TopPad, 256 << 20) == 1;
    }

    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint bytesKept);

    [LibraryImport("libc.so.6", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);
}
