using System.Diagnostics;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>A disk of a few megabytes that can be filled; only root can have one.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string folder) => Folder = folder;

    public string Folder { get; }

    private string Filler => Path.Combine(Folder, "filler");

    /// <summary>Mounts it on a folder; where that is not allowed, the test is inconclusive.</summary>
    public static SmallDisk Mount(string folder, int megabytes)
    {
        Directory.CreateDirectory(folder);
        if (OperatingSystem.IsWindows() || Environment.UserName != "root" || !Runs("mount", "-t", "tmpfs", "-o", $"size={megabytes}M", "tmpfs", folder))
        {
            Assert.Inconclusive("Only root can mount a small disk, where that is allowed.");
        }

        return new SmallDisk(folder);
    }

    /// <summary>Fills the disk but for some bytes.</summary>
    public void FillBut(int bytes)
    {
        using FileStream file = File.Create(Filler);
        file.Write(new byte[new DriveInfo(Folder).AvailableFreeSpace - bytes]);
    }

    public void Free() => File.Delete(Filler);

    public void Dispose() => Runs("umount", Folder);

    private static bool Runs(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
