using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Files;

[TestClass]
public class UnnamedFileTests
{
    [TestMethod]
    public void Create_FolderThatIsNotThere_KeepsBytesAndLeavesNoFile()
    {
        using var folder = new TemporaryFolder();
        string within = Path.Combine(folder.FullName, "one", "two");
        using (var file = UnnamedFile.Create(within, 1000))
        {
            file.Write(990, [1, 2, 3]);
            byte[] bytes = new byte[20];
            file.Read(980, bytes);
            CollectionAssert.AreEqual(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0 }, bytes);
            Assert.AreEqual(1000, file.Length);
            Assert.Throws<EndOfStreamException>(() => file.Read(990, new byte[11]));
            if (!OperatingSystem.IsWindows())
            {
                Assert.IsEmpty(Directory.GetFiles(within), "It has no name, so that it is gone however the process ends.");
            }
        }

        Assert.IsEmpty(Directory.GetFiles(within));
    }

    [TestMethod]
    public void Create_FilesOfKilledProcesses_AreDeletedAfterADay()
    {
        using var folder = new TemporaryFolder();
        string old = folder.Write($"arcface.{Guid.NewGuid():N}.part", [1]), recent = folder.Write($"arcface.{Guid.NewGuid():N}.part", [1]), other = folder.Write("arcface.part", [1]);
        Array.ForEach([old, other], path => File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(-2)));
        UnnamedFile.Create(folder.FullName, 10).Dispose();
        Assert.IsFalse(File.Exists(old));
        Assert.IsTrue(File.Exists(recent) && File.Exists(other));
    }

    [TestMethod]
    public void Create_FileInPlaceOfTheFolder_IsAnIOException()
    {
        using var folder = new TemporaryFolder();
        Assert.ThrowsExactly<IOException>(() => UnnamedFile.Create(folder.Write("file", []), 10));
    }

    [TestMethod]
    public void Create_MoreThanTheDiskHas_IsAnIOExceptionAtOnce()
    {
        using var folder = new TemporaryFolder();
        using SmallDisk disk = SmallDisk.Mount(Path.Combine(folder.FullName, "place"), megabytes: 1);
        Assert.ThrowsExactly<IOException>(() => UnnamedFile.Create(disk.Folder, 2 << 20));
        Assert.IsEmpty(Directory.GetFiles(disk.Folder));
        using var file = UnnamedFile.Create(disk.Folder, 512 << 10);
        Assert.ThrowsExactly<IOException>(() => UnnamedFile.Create(disk.Folder, 768 << 10), "The bytes of the first one are its own.");
    }
}
