using System.Diagnostics;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Data.Folders;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Data.Folders;

[TestClass]
public class PhotographWalkTests
{
    private static readonly byte[] Jpeg = [0xFF, 0xD8, 0xFF, 0xE0], Png = [0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n'], WebP = [.. "RIFF\0\0\0\0WEBP"u8];

    private static readonly MLContext Ml = new();

    [TestMethod]
    public void LoadFromFolder_FolderOfAPhone_ReadsWhatIsJpegAndCountsTheRest()
    {
        using var folder = new TemporaryFolder();
        Write(folder, [1], "Ada/1.jpg", "Ada/2.JFIF", "Ada/3.jpe", "Ada/a.HEIC", "Ada/b.heic", "Ada/c.heif", "Ada/d.gif", "Ada/notes.txt", "Ada/._1.jpg", "Ada/.DS_Store", "stray.png", "readme.md", ".cache/1.jpg", "Max/1.tiff");
        Write(folder, Jpeg, "Ada/jpeg");
        Write(folder, Png, "Ada/png");
        Write(folder, WebP, "Ada/webp");
        Write(folder, [0, 0, 0, 24, .. "ftypheic\0\0\0\0mif1heic"u8], "Ada/heic");
        Write(folder, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], "Ada/LICENSE");
        Write(folder, [], "Ada/nothing");

        IDataView photographs = Ml.FaceRecognition().LoadFromFolder(folder.FullName, UnreadableImages.Error, out IReadOnlyList<LeftOutFiles> leftOut);

        CollectionAssert.AreEqual(new[] { "Ada/1.jpg", "Ada/2.JFIF", "Ada/3.jpe", "Ada/jpeg", "Ada/png", "Ada/webp" }, photographs.GetColumn<string>("RelativePath").ToArray());
        CollectionAssert.AreEqual(
            new[]
            {
                "Heic .heic 2 Ada/a.HEIC|Ada/b.heic", "Heic  1 Ada/heic", "Heic .heif 1 Ada/c.heif", "OtherEnding .gif 1 Ada/d.gif", "OtherEnding .md 1 readme.md", "OtherEnding .tiff 1 Max/1.tiff",
                "OtherEnding .txt 1 Ada/notes.txt", "NoPhotograph  2 Ada/LICENSE|Ada/nothing", "Hidden  1 .cache", "Hidden .ds_store 1 Ada/.DS_Store", "Hidden .jpg 1 Ada/._1.jpg",
                "OutsideOfPeople .png 1 stray.png", "EmptyFolder  1 Max",
            },
            leftOut.Select(Text).ToArray());
    }

    [TestMethod]
    public void LoadFromFolder_LeftOut_IsOneWarningThatSaysWhatToDo()
    {
        using var folder = new TemporaryFolder();
        Write(folder, [1], "Ada/1.jpg", "Ada/1.heic", "Ada/2.heic", "Ada/3.heic", "Ada/4.heic", "Ada/line\nend.txt");
        string warning = Warnings(folder.FullName).Single();
        Assert.Contains("5 files or folders are left out", warning);
        Assert.Contains("4 .heic (Ada/1.heic, Ada/2.heic, Ada/3.heic, …): convert to JPEG", warning);
        Assert.Contains(@"Ada/line\u000Aend.txt", warning);
    }

    [TestMethod]
    public void LoadFromFolder_NothingLeftOut_DoesNotWarn()
    {
        using var folder = new TemporaryFolder();
        Write(folder, [1], "Ada/1.jpg");
        Assert.IsEmpty(Warnings(folder.FullName));
    }

    [TestMethod]
    public void LoadFromFolder_HeicAlone_SaysSoInTheError()
    {
        using var folder = new TemporaryFolder();
        Write(folder, [1], "Ada/1.heic");
        Assert.Contains("1 .heic (Ada/1.heic): convert to JPEG", Assert.ThrowsExactly<InvalidOperationException>(() => Ml.FaceRecognition().LoadFromFolder(folder.FullName)).Message);
    }

    [TestMethod]
    public void LoadFromFolder_Links_AreFollowedToFilesAlone()
    {
        using var folder = new TemporaryFolder();
        using var outside = new TemporaryFolder();
        Write(outside, Jpeg, "1.jpg", "picture");
        Write(folder, [1], "Ada/1.jpg");
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(folder.FullName, "Bob"), outside.FullName);
            Directory.CreateSymbolicLink(Path.Combine(folder.FullName, "Ada", "deep"), outside.FullName);
            File.CreateSymbolicLink(Path.Combine(folder.FullName, "Ada", "2.jpg"), Path.Combine(outside.FullName, "1.jpg"));
            File.CreateSymbolicLink(Path.Combine(folder.FullName, "Ada", "three"), Path.Combine(outside.FullName, "picture"));
            File.CreateSymbolicLink(Path.Combine(folder.FullName, "Ada", "lost"), Path.Combine(outside.FullName, "absent"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Assert.Inconclusive($"This user may not make links: {error.Message}");
        }

        IDataView photographs = Ml.FaceRecognition().LoadFromFolder(folder.FullName, UnreadableImages.Error, out IReadOnlyList<LeftOutFiles> leftOut);
        CollectionAssert.AreEqual(new[] { "Ada/1.jpg", "Ada/2.jpg", "Ada/three" }, photographs.GetColumn<string>("RelativePath").ToArray());
        Assert.AreEqual("Link  3 Bob|Ada/deep|Ada/lost", Text(leftOut.Single()));
    }

    /// <summary>What /proc and / have many of: links that lead up. Each photograph is counted once, and the walk ends.</summary>
    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void LoadFromFolder_LinksThatLeadUp_AreNoCircles()
    {
        using var folder = new TemporaryFolder();
        Write(folder, [1], "Ada/1.jpg", "Ada/deep/2.jpg");
        foreach ((string link, string target) in new[] { ("self", "."), ("root", "/"), ("Ada/up", ".."), ("Ada/deep/top", folder.FullName), ("Ada/deep/absolute", "/"), ("Ada/photographs.jpg", folder.FullName) })
        {
            SpecialFiles.Link(folder, link, target);
        }

        SpecialFiles.Link(folder, "Ada/circle.jpg", "circle.jpg");
        IDataView photographs = SpecialFiles.WithoutWaiting(() => Ml.FaceRecognition().LoadFromFolder(folder.FullName, UnreadableImages.Skip, out _));
        CollectionAssert.AreEqual(new[] { "Ada/1.jpg", "Ada/circle.jpg", "Ada/deep/2.jpg" }, photographs.GetColumn<string>("RelativePath").ToArray());
        Assert.HasCount(3, Ml.FaceRecognition().FindPhotographs(folder.FullName, UnreadableImages.Skip, out IReadOnlyList<LeftOutFiles> leftOut));
        Assert.AreEqual((LeftOutReason.Link, 6), (leftOut.Single().Reason, leftOut.Single().Count));

        // A link to itself is no photograph that can be opened; the file is named when it is read.
        Assert.Contains("circle.jpg", Assert.ThrowsExactly<FaceImageException>(() => FaceImage.ReadFile(Path.Combine(folder.FullName, "Ada", "circle.jpg"))).Message);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void LoadFromFolder_SpecialFiles_AreCountedByTheirKind()
    {
        using var folder = new TemporaryFolder();
        Write(folder, Jpeg, "Ada/1.jpg", "Ada/file", "zero.txt");
        SpecialFiles.Pipe(folder, "Ada/2.jpg");
        SpecialFiles.Pipe(folder, "Ada/pipe");
        SpecialFiles.Link(folder, "Ada/to-pipe.png", Path.Combine(folder.FullName, "Ada", "2.jpg"));
        SpecialFiles.EndlessDevice(folder, "Ada/3.jpg");
        SpecialFiles.EndlessDevice(folder, "stray.jpg");
        SpecialFiles.Socket(folder, "Ada/4.jpg");
        SpecialFiles.Pipe(folder, "Ada/notes.txt");
        Directory.CreateDirectory(Path.Combine(folder.FullName, "Ada", "5.jpg"));

        IReadOnlyList<LeftOutFiles> leftOut = [];
        IDataView photographs = SpecialFiles.WithoutWaiting(() => Ml.FaceRecognition().LoadFromFolder(folder.FullName, UnreadableImages.Error, out leftOut));
        CollectionAssert.AreEqual(new[] { "Ada/1.jpg", "Ada/file" }, photographs.GetColumn<string>("RelativePath").ToArray());
        CollectionAssert.AreEqual(
            new[]
            {
                "OtherEnding .txt 2 zero.txt|Ada/notes.txt", "NamedPipe  1 Ada/pipe", "NamedPipe .jpg 1 Ada/2.jpg", "NamedPipe .png 1 Ada/to-pipe.png", "Socket .jpg 1 Ada/4.jpg", "Device .jpg 2 stray.jpg|Ada/3.jpg",
            },
            leftOut.Select(Text).ToArray());
        string warning = Warnings(folder.FullName).Single();
        Assert.Contains("1 named pipe (Ada/2.jpg): no files", warning);
        Assert.Contains("2 devices (stray.jpg, Ada/3.jpg): no files", warning);
    }

    [TestMethod]
    public void FindPhotographs_OneFlatFolder_TellsOfPhotographsAsTheyAreFound()
    {
        const int count = 5000;
        using var folder = new TemporaryFolder();
        for (int number = 0; number < count; number++)
        {
            File.WriteAllBytes(Path.Combine(folder.FullName, $"{number}.jpg"), []);
        }

        var told = new List<int>();
        Assert.HasCount(count, new PhotographWalk(folder.FullName) { Found = told.Add }.FindPhotographs(folder.FullName));
        CollectionAssert.AreEqual(Enumerable.Repeat(1, count).Prepend(0).ToArray(), told, "Once while it is listed, then for each.");

        // What is told may stop it.
        Assert.ThrowsExactly<OperationCanceledException>(() => new PhotographWalk(folder.FullName) { Found = _ => throw new OperationCanceledException() }.FindPhotographs(folder.FullName));
    }

    [TestMethod]
    public void LoadFromFolder_FolderThatIsALink_IsWalkedOver()
    {
        using var folder = new TemporaryFolder();
        Write(folder, [1], "real/Ada/1.jpg");
        string link = Path.Combine(folder.FullName, "link");
        try
        {
            Directory.CreateSymbolicLink(link, Path.Combine(folder.FullName, "real"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Assert.Inconclusive($"This user may not make links: {error.Message}");
        }

        Assert.AreEqual("Ada/1.jpg", Ml.FaceRecognition().LoadFromFolder(link).GetColumn<string>("RelativePath").Single());
    }

    [TestMethod]
    public void LoadFromFolder_TwoUnicodeForms_AreOnePersonWithANote()
    {
        using var folder = new TemporaryFolder();
        Write(folder, [1], "Jos\u00E9/1.jpg", "Jose\u0301/2.jpg", "\u1100\u1161/1.jpg");
        if (Directory.GetDirectories(folder.FullName).Length == 2)
        {
            Assert.Inconclusive("This file system does not tell the two forms apart.");
        }

        IDataView photographs = Ml.FaceRecognition().LoadFromFolder(folder.FullName);
        CollectionAssert.AreEqual(new[] { "Jos\u00E9", "Jos\u00E9", "\uAC00" }, photographs.GetColumn<string>("Label").ToArray());
        Assert.IsTrue(photographs.GetColumn<string>("ImagePath").All(File.Exists), "Paths stay as they are on the disk.");
        string warning = Warnings(folder.FullName).Single();
        Assert.Contains("1 people have two folders", warning);
        Assert.Contains("Unicode", warning);
        Assert.Contains(": Jos\u00E9.", warning);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void LoadFromFolder_NameNotUtf8_IsNamedOrLeftOut()
    {
        using var folder = new TemporaryFolder();
        Write(folder, [1], "Max/1.jpg", "Ren\uFFFD/1.jpg");

        // The name with the byte 0xE9 looks to .NET like the one with U+FFFD, which can be opened.
        Shell($"cd '{folder.FullName}' && d=$(printf 'Ren\\351') && mkdir \"$d\" && : >\"$d/1.jpg\" && : >\"Max/$(printf 'K\\374hn.jpg')\" && : >\"Max/$(printf 'K\\374hn.txt')\"");
        try
        {
            string message = Assert.ThrowsExactly<FaceDataFormatException>(() => Ml.FaceRecognition().LoadFromFolder(folder.FullName)).Message;
            Assert.Contains(@"1 with a name that is not UTF-8 (Ren\xE9)", message);
            Assert.Contains(@"Max/K\xFChn.jpg", message);
            Assert.Contains("convmv", message);
            Assert.Contains("--skip-unusable", message);

            IDataView photographs = Ml.FaceRecognition().LoadFromFolder(folder.FullName, UnreadableImages.Skip, out IReadOnlyList<LeftOutFiles> leftOut);
            CollectionAssert.AreEqual(new[] { "Max/1.jpg", "Ren\uFFFD/1.jpg" }, photographs.GetColumn<string>("RelativePath").ToArray());
            CollectionAssert.AreEqual(new[] { @"OtherEnding .txt 1 Max/K\xFChn.txt", @"NameNotUtf8  1 Ren\xE9", @"NameNotUtf8 .jpg 1 Max/K\xFChn.jpg" }, leftOut.Select(Text).ToArray());
        }
        finally
        {
            Shell($"rm -rf '{folder.FullName}'/*");
        }
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void LoadFromFolder_PathLongerThanLinuxOpens_IsNamedOrLeftOut()
    {
        using var folder = new TemporaryFolder();
        Write(folder, [1], "Max/1.jpg");
        Shell($"cd '{folder.FullName}/Max' && n=$(printf '%0250d' 0) && for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do mkdir $n && cd -P $n || exit 1; done; : >1.jpg");
        try
        {
            Assert.Contains("with a path that is too long", Assert.ThrowsExactly<FaceDataFormatException>(() => Ml.FaceRecognition().LoadFromFolder(folder.FullName)).Message);
            Ml.FaceRecognition().LoadFromFolder(folder.FullName, UnreadableImages.Skip, out IReadOnlyList<LeftOutFiles> leftOut);
            Assert.AreEqual((LeftOutReason.PathTooLong, 1), (leftOut.Single().Reason, leftOut.Single().Count));
        }
        finally
        {
            Shell($"rm -rf '{folder.FullName}'/*");
        }
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void LoadFromFolder_FolderOfAnotherUser_IsNamedOrLeftOut()
    {
        using var folder = new TemporaryFolder();
        Write(folder, [1], "Max/1.jpg", "Ada/1.jpg");
        string closed = Path.Combine(folder.FullName, "Ada");
#pragma warning disable CA1416 // The condition above.
        File.SetUnixFileMode(closed, UnixFileMode.None);
        try
        {
            if (Environment.IsPrivilegedProcess)
            {
                Assert.Inconclusive("The superuser may read every folder.");
            }

            Assert.Contains("1 unreadable (Ada)", Assert.ThrowsExactly<FaceDataFormatException>(() => Ml.FaceRecognition().LoadFromFolder(folder.FullName)).Message);
            Assert.AreEqual("Max/1.jpg", Ml.FaceRecognition().LoadFromFolder(folder.FullName, UnreadableImages.Skip, out _).GetColumn<string>("RelativePath").Single());
        }
        finally
        {
            File.SetUnixFileMode(closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
#pragma warning restore CA1416
    }

    [TestMethod]
    public void FindPhotographs_Tree_IsInOrdinalOrderAtAnyDepth()
    {
        using var folder = new TemporaryFolder();
        Write(folder, [1], "b.jpg", "a/2.jpg", "a/1/3.jpg", "C.png", ".hidden/1.jpg");
        var walk = new PhotographWalk(folder.FullName);
        CollectionAssert.AreEqual(
            new[] { "C.png", "a/1/3.jpg", "a/2.jpg", "b.jpg" }, walk.FindPhotographs(folder.FullName).Select(path => Path.GetRelativePath(folder.FullName, path).Replace('\\', '/')).ToArray());
        Assert.AreEqual("Hidden  1 .hidden", Text(walk.LeftOut.Single()));
    }

    [TestMethod]
    public void LeftOut_ManyOfAKind_HaveFiveExamples()
    {
        using var folder = new TemporaryFolder();
        Write(folder, [1], [.. Enumerable.Range(0, 9).Select(number => $"{number}.txt")]);
        var walk = new PhotographWalk(folder.FullName);
        walk.FindPhotographs(folder.FullName);
        Assert.AreEqual("OtherEnding .txt 9 0.txt|1.txt|2.txt|3.txt|4.txt", Text(walk.LeftOut.Single()));
    }

    private static void Write(TemporaryFolder folder, byte[] bytes, params string[] paths) => Array.ForEach(paths, path => folder.Write(path, bytes));

    private static string Text(LeftOutFiles files) => $"{files.Reason} {files.Ending} {files.Count} {string.Join('|', files.Examples)}";

    private static List<string> Warnings(string folder)
    {
        var ml = new MLContext();
        List<string> warnings = LoggedWarnings.Of(ml);
        ml.FaceRecognition().LoadFromFolder(folder);
        return warnings;
    }

    private static void Shell(string command)
    {
        using Process shell = Process.Start("/bin/sh", ["-c", command]);
        shell.WaitForExit();
        Assert.AreEqual(0, shell.ExitCode);
    }
}
