using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Files;

[TestClass]
public class WholeFileTests
{
    [TestMethod]
    public void Complete_PutsTheFileInPlaceAndLeavesNothingElse()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("file", [1]);
        using (var file = new WholeFile(path))
        {
            file.Stream.Write([2, 3]);
            CollectionAssert.AreEqual(new byte[] { 1 }, File.ReadAllBytes(path));
            file.Complete();
        }

        CollectionAssert.AreEqual(new byte[] { 2, 3 }, File.ReadAllBytes(path));
        Assert.HasCount(1, Directory.GetFiles(folder.FullName));
    }

    [TestMethod]
    public void Dispose_NotComplete_LeavesWhatWasThere()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("file", [1]);
        using (var file = new WholeFile(path))
        {
            file.Stream.Write([2, 3]);
        }

        CollectionAssert.AreEqual(new byte[] { 1 }, File.ReadAllBytes(path));
        Assert.HasCount(1, Directory.GetFiles(folder.FullName));
    }

    [TestMethod]
    public void Complete_ManyWritersOfOnePath_EachWholeAndOneThereInTheEnd()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.FullName, "file");
        Parallel.For(0, 18, new ParallelOptions { MaxDegreeOfParallelism = 18 }, writer =>
        {
            for (int time = 0; time < 20; time++)
            {
                using var file = new WholeFile(path);
                file.Stream.Write(Enumerable.Repeat((byte)writer, 10_000).ToArray());
                file.Complete();
                byte[] there = File.ReadAllBytes(path);
                Assert.AreEqual((10_000, 1), (there.Length, there.Distinct().Count()));
            }
        });
        Assert.HasCount(1, Directory.GetFiles(folder.FullName));
    }

    [TestMethod]
    public void CompleteTogether_ManyWriters_FilesAreOfOneWriter()
    {
        using var folder = new TemporaryFolder();
        string[] paths = [Path.Combine(folder.FullName, "first"), Path.Combine(folder.FullName, "second")];
        for (int time = 0; time < 50; time++)
        {
            Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, writer =>
            {
                WholeFile[] files = [.. paths.Select(path => new WholeFile(path))];
                Array.ForEach(files, file => file.Stream.WriteByte((byte)writer));
                WholeFile.CompleteTogether(files);
                Array.ForEach(files, file => file.Dispose());
            });
            Assert.AreEqual(File.ReadAllBytes(paths[0])[0], File.ReadAllBytes(paths[1])[0]);
        }
    }

    [TestMethod]
    public void Constructor_PartsOfKilledProcesses_AreDeletedAfterADay()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.FullName, "a[1]*.zip");
        string Part(string name, string id, double days)
        {
            string part = folder.Write($"{name}.{id}.part", [1]);
            File.SetLastWriteTimeUtc(part, DateTime.UtcNow.AddDays(-days));
            return part;
        }

        string id = new('a', 32);
        string[] kept = [Part("a[1]*.zip", new('b', 32), 0.9), Part("b.zip", id, 2), Part("a[1]*.zip", "mine", 2), Part("a[1]*.zip.a", id, 2)];
        string old = Part("a[1]*.zip", id, 1.1);
        string written = Part("a[1]*.zip", new('c', 32), 2);
        using (new FileStream(written, FileMode.Open, FileAccess.Write, FileShare.None))
        {
            File.SetLastWriteTimeUtc(written, DateTime.UtcNow.AddDays(-2));
            new WholeFile(path).Dispose();
        }

        CollectionAssert.AreEquivalent(kept.Append(written).ToArray(), Directory.GetFiles(folder.FullName));
        Assert.IsFalse(File.Exists(old));
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void Constructor_DeviceOrPipeInThePlace_IsNotReplaced()
    {
        using var folder = new TemporaryFolder();
        string pipe = SpecialFiles.Pipe(folder, "pipe"), device = SpecialFiles.EndlessDevice(folder, "zero");
        foreach (string path in new[] { pipe, device, folder.FullName })
        {
            Assert.ThrowsExactly<SpecialFileException>(() => new WholeFile(path).Dispose());
        }

        Assert.HasCount(2, Directory.GetFileSystemEntries(folder.FullName));
    }
}
