using System.Text;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.Win32.SafeHandles;

namespace Microsoft.ML.ArcFace.Tests.Files;

[TestClass]
public class RegularFileTests
{
    private static readonly MLContext Ml = new();

    [TestMethod]
    public void ReadAllBytes_File_GivesItsBytes()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = [.. Enumerable.Range(0, 100_000).Select(number => (byte)number)];
        CollectionAssert.AreEqual(bytes, RegularFile.ReadAllBytes(folder.Write("file", bytes), 100_000));
        Assert.IsEmpty(RegularFile.ReadAllBytes(folder.Write("empty", []), 100_000));
        Assert.Contains("100000 bytes", Assert.ThrowsExactly<InvalidDataException>(() => RegularFile.ReadAllBytes(Path.Combine(folder.FullName, "file"), 99_999)).Message);
    }

    [TestMethod]
    public void OpenHandle_Absent_FailsAsDotnetDoes()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("file", [1]);
        foreach (string path in new[] { Path.Combine(folder.FullName, "absent"), Path.Combine(folder.FullName, "absent", "file"), Path.Combine(file, "below"), Path.Combine(folder.FullName, new string('x', 300)) })
        {
            Exception expected = Assert.Throws<Exception>(() => File.OpenHandle(path).Dispose()), actual = Assert.Throws<Exception>(() => RegularFile.OpenHandle(path).Dispose());
            Assert.AreEqual((expected.GetType(), expected.Message), (actual.GetType(), actual.Message), path);
        }
    }

    [TestMethod]
    public void OpenHandle_FileThatIsWritten_IsRefusedAsByDotnet()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("file", [1]);
        using FileStream writer = new(path, FileMode.Open, FileAccess.Write, FileShare.None);
        Assert.ThrowsExactly<IOException>(() => RegularFile.OpenHandle(path).Dispose());
        RegularFile.OpenHandle(path, FileShare.ReadWrite | FileShare.Delete).Dispose();
    }

    [TestMethod]
    public void OpenRead_FileThatGrows_CanBeReadFurther()
    {
        // As a stream it is an ordinary one: who wants a bound has the length at opening.
        using var folder = new TemporaryFolder();
        string path = folder.Write("file", [1, 2, 3]);
        using FileStream stream = RegularFile.OpenRead(path);
        Assert.AreEqual((3L, true), (stream.Length, stream.CanSeek));
        using SafeFileHandle handle = RegularFile.OpenHandle(path);
        byte[] buffer = new byte[4];
        Assert.AreEqual(2, RandomAccess.Read(handle, buffer, 1));
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void OpenHandle_SpecialFiles_AreNamedAndNotWaitedFor()
    {
        using var folder = new TemporaryFolder();
        string pipe = SpecialFiles.Pipe(folder, "pipe");
        AssertRefused(SpecialFile.NamedPipe, "a named pipe", pipe);
        AssertRefused(SpecialFile.NamedPipe, "a named pipe", SpecialFiles.Link(folder, "to-pipe", pipe));
        AssertRefused(SpecialFile.Socket, "a socket", SpecialFiles.Socket(folder, "socket"));
        AssertRefused(SpecialFile.Device, "a device", SpecialFiles.EndlessDevice(folder, "zero"));
        AssertRefused(SpecialFile.Device, "a device", "/dev/null");
        AssertRefused(SpecialFile.Folder, "a folder", folder.FullName);
    }

    /// <summary>A pipe takes the file's place between the look and the opening, over and over; no thread may be left waiting.</summary>
    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void OpenHandle_FileThatBecomesAPipe_IsNotWaitedFor()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("file", [1]), pipe = SpecialFiles.Pipe(folder, "pipe");
        string spareFile = folder.Write("spare", [1]);
        using var stop = new CancellationTokenSource();
        Task exchanging = Task.Factory.StartNew(
            () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    File.Move(path, spareFile, overwrite: true);
                    File.Move(pipe, path);
                    File.Move(path, pipe);
                    File.Move(spareFile, path);
                }
            }, TaskCreationOptions.LongRunning);
        int opened = SpecialFiles.WithoutWaiting(() =>
        {
            int count = 0;
            for (int attempt = 0; attempt < 5000 && !exchanging.IsCompleted; attempt++)
            {
                try
                {
                    RegularFile.OpenHandle(path).Dispose();
                    count++;
                }
                catch (IOException)
                {
                    // Absent or the pipe for this moment.
                }
            }

            return count;
        });
        stop.Cancel();
        exchanging.GetAwaiter().GetResult();
        Assert.IsGreaterThan(0, opened);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void ReadAllBytes_FilesOfTheKernel_AreReadWithinTheBound()
    {
        // Their size is given as 0; /proc/self/pagemap has terabytes.
        Assert.Contains("dotnet", Encoding.UTF8.GetString(RegularFile.ReadAllBytes("/proc/self/maps", 1 << 26)));
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Assert.Contains("no file on a disk", Assert.ThrowsExactly<InvalidDataException>(() => RegularFile.ReadAllBytes("/proc/self/pagemap", 1 << 20)).Message);
        Assert.IsLessThan(8 << 20, GC.GetTotalAllocatedBytes(precise: true) - before);
        Assert.Contains("no file on a disk", Assert.ThrowsExactly<FaceImageException>(() => FaceImage.FromFile("/proc/self/pagemap")).Message);
    }

    /// <summary>Every reader of a path that a user gives: none may wait, each names path and kind.</summary>
    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void Readers_SpecialFiles_NameFileAndKind()
    {
        FaceRecognitionCatalog faces = Ml.FaceRecognition();
        (string Name, Action<string> Read)[] readers =
        [
            ("photograph", path => FaceImage.FromFile(path).Dispose()),
            ("list", path => faces.LoadFromList(path)),
            ("pairs", path => faces.LoadPairs(path)),
            ("templates", path => faces.LoadFromTemplateList(path)),
            ("records", path => faces.LoadFromRecordIO(path)),
            ("bin", path => faces.LoadFromVerificationBin(path)),
            ("weights", path => Ml.Transforms.EmbedFaces("Embedding", "Image", path, BackboneArchitecture.MobileFaceNet)),
            ("detector", path => Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Image", path)),
            ("model", path => faces.LoadModel(path, out _)),
        ];
        using var folder = new TemporaryFolder();
        (string Path, string Kind)[] places = [(SpecialFiles.Pipe(folder, "pipe.jpg"), "a named pipe"), (SpecialFiles.EndlessDevice(folder, "zero.jpg"), "a device"), (SpecialFiles.Socket(folder, "socket.jpg"), "a socket")];
        foreach ((string name, Action<string> read) in readers)
        {
            foreach ((string path, string kind) in places)
            {
                Exception error = SpecialFiles.WithoutWaiting(() => Assert.Throws<Exception>(() => read(path)));
                Assert.Contains(path, error.Message, name);
                Assert.Contains($"is {kind}", error.Message, name);
                Assert.AreEqual(name == "photograph", error is FaceImageException, name);
            }
        }
    }

    [TestMethod]
    public void ReadFile_FolderInPlaceOfAPhotograph_SaysSo()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("it is a folder, not a file", Assert.ThrowsExactly<FaceImageException>(() => FaceImage.ReadFile(folder.FullName)).Message);
    }

    private static void AssertRefused(SpecialFile kind, string words, string path)
    {
        SpecialFileException error = SpecialFiles.WithoutWaiting(() => Assert.ThrowsExactly<SpecialFileException>(() => RegularFile.OpenHandle(path).Dispose()));
        Assert.AreEqual(kind, error.Kind);
        Assert.Contains($"'{path}' is {words}", error.Message);
    }
}
