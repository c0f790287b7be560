using System.Runtime.InteropServices;
using NativeMemory = Microsoft.ML.ArcFace.Runtime.NativeMemory;

namespace Microsoft.ML.ArcFace.Tests.Runtime;

/// <summary>
/// Says of a large block whether glibc maps it on its own, and so gives it back to the system when it is freed: before,
/// while two train, while one trains, and afterwards. On the first thread of a fresh process, whose heap has no other limit.
/// </summary>
internal static class KeptMemory
{
    public const string Name = "kept-memory";

    private const nuint LargeBlock = 100 << 20;

    public static void Run()
    {
        if (!NativeLibrary.TryLoad("libc.so.6", out nint library) || !NativeLibrary.TryGetExport(library, "mallinfo2", out _))
        {
            Console.WriteLine("no glibc 2.33");
            return;
        }

        var answers = new List<bool> { IsMappedOnItsOwn() };
        IDisposable first = NativeMemory.KeepFreedMemory(), second = NativeMemory.KeepFreedMemory();
        answers.Add(IsMappedOnItsOwn());
        second.Dispose();
        second.Dispose();
        answers.Add(IsMappedOnItsOwn());
        first.Dispose();
        answers.Add(IsMappedOnItsOwn());
        Console.WriteLine(string.Join(' ', answers));
    }

    private static bool IsMappedOnItsOwn()
    {
        nuint before = Statistics().MappedBlocks;
        nint block = Allocate(LargeBlock);
        bool isMapped = Statistics().MappedBlocks > before;
        Free(block);
        return isMapped;
    }

    [DllImport("libc.so.6", EntryPoint = "malloc")]
    private static extern nint Allocate(nuint size);

    [DllImport("libc.so.6", EntryPoint = "free")]
    private static extern void Free(nint block);

    [DllImport("libc.so.6", EntryPoint = "mallinfo2")]
    private static extern MallocInfo Statistics();

    /// <summary>glibc's struct mallinfo2.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MallocInfo
    {
        public nuint Arena, FreeBlocks, FastBins, MappedBlocks, MappedBytes, Unused, FastBytes, UsedBytes, FreeBytes, TopBytes;
    }
}
