using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Tests.Runtime;

/// <summary>Looks at glibc itself: a block that it maps on its own goes back to the system when it is freed.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux)]
public class NativeMemoryTests
{
    private const nuint LargeBlock = 100 << 20;

    [TestMethod]
    public void KeepFreedMemory_OfLargeBlocks_MapsThemAnewOnlyWhenTheLastLeaseIsOver()
    {
        if (!NativeLibrary.TryLoad("libc.so.6", out nint library) || !NativeLibrary.TryGetExport(library, "mallinfo2", out _))
        {
            Assert.Inconclusive("This system's libc is not glibc 2.33 or newer, so that it does not tell how it keeps memory.");
        }

        Assert.IsTrue(IsMappedOnItsOwn(), "before");
        using (IDisposable first = NativeMemory.KeepFreedMemory())
        {
            IDisposable second = NativeMemory.KeepFreedMemory();
            Assert.IsFalse(IsMappedOnItsOwn(), "while two train");
            second.Dispose();
            second.Dispose();
            Assert.IsFalse(IsMappedOnItsOwn(), "while one trains");
        }

        Assert.IsTrue(IsMappedOnItsOwn(), "afterwards");
    }

    private static bool IsMappedOnItsOwn()
    {
        nuint before = Statistics().MappedBlocks;
        nint block = Allocate(LargeBlock);
        try
        {
            Assert.AreNotEqual(0, block);
            return Statistics().MappedBlocks > before;
        }
        finally
        {
            Free(block);
        }
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
