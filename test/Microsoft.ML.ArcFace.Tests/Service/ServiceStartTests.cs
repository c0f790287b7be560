using System.Net;
using System.Net.Sockets;
using Microsoft.ML.ArcFace.Service;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tests.Tool;
using Microsoft.ML.ArcFace.Tool;

namespace Microsoft.ML.ArcFace.Tests.Service;

/// <summary>The start of arcface serve: what is wrong is found before a gallery is made, and a new one is told.</summary>
[TestClass]
public class ServiceStartTests
{
    private static DrawnPeople s_people = null!;

    private readonly TemporaryFolder _folder = new();

    private static string Model => Path.Combine(s_people.Folder, "faces.zip");

    private string Gallery => Path.Combine(_folder.FullName, "people.db");

    [ClassInitialize]
    public static void Save(TestContext _)
    {
        s_people = new DrawnPeople(people: 1, picturesPerPerson: 1);
        var ml = new MLContext(seed: 1);
        IDataView rows = ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        ml.Model.Save(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Append(embedding), rows.Schema, Model);
    }

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestCleanup]
    public void RemoveFolder() => _folder.Dispose();

    [TestMethod]
    [DataRow("https://localhost:5443", "http alone")]
    [DataRow("http://127.0.0.1:0;https://localhost:5443", "http alone")]
    [DataRow("ftp://localhost", "http alone")]
    [DataRow("http://localhost:5080/faces", "Leave out '/faces'")]
    [DataRow("http://127.0.0.1:65536", "from 0 to 65535")]
    [DataRow("http://localhost:0", "Give http://127.0.0.1:0.")]
    [DataRow("", "is empty")]
    [DataRow(";", "no address")]
    public async Task Urls_ThatCannotBeListenedOn_MakeNoGallery(string urls, string said)
    {
        (int exitCode, string error) = await ServeAsync(Gallery, urls);
        Assert.AreEqual(ExitCode.WrongCommandLine, exitCode, error);
        StringAssert.Contains(error, said);
        Assert.IsEmpty(Directory.GetFileSystemEntries(_folder.FullName));
    }

    [TestMethod]
    [DataRow("http://localhost")]
    [DataRow("http://127.0.0.1:65535")]
    [DataRow("HTTP://[::1]:5080/")]
    public void Urls_ThatCanBeListenedOn_AreTaken(string urls) =>
        Assert.IsEmpty(new FaceServerOptions(new FaceServiceOptions(Model) { GalleryPath = Gallery }) { Urls = urls }.Violations());

    [TestMethod]
    public async Task Gallery_InAFolderThatIsNotThere_IsRefused()
    {
        string folder = Path.Combine(_folder.FullName, "poeple");
        (int exitCode, string error) = await ServeAsync(Path.Combine(folder, "people.db"), "http://127.0.0.1:0");
        Assert.AreEqual(ExitCode.WrongCommandLine, exitCode, error);
        StringAssert.Contains(error, $"'{folder}', which is not there");
        Assert.IsEmpty(Directory.GetFileSystemEntries(_folder.FullName));
    }

    [TestMethod]
    public async Task Gallery_Made_IsToldOnce()
    {
        string told = $"There was no gallery '{Gallery}'; a new, empty one was made.";
        (int exitCode, string error) = await ServeAsync(Gallery, "http://127.0.0.1:0");
        Assert.AreEqual(ExitCode.Done, exitCode, error);
        StringAssert.Contains(error, told);
        (exitCode, error) = await ServeAsync(Gallery, "http://127.0.0.1:0");
        Assert.AreEqual(ExitCode.Done, exitCode, error);
        Assert.DoesNotContain("There was no gallery", error);
    }

    [TestMethod]
    public async Task Gallery_MadeBeforeTheStartFails_IsTold()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        (int exitCode, string error) = await ServeAsync(Gallery, $"http://{other.LocalEndpoint}");
        Assert.AreEqual(ExitCode.Failed, exitCode, error);
        StringAssert.Contains(error, $"There was no gallery '{Gallery}'; a new, empty one was made.");
    }

    /// <summary>Serves until it listens; then it is stopped.</summary>
    private static async Task<(int ExitCode, string Error)> ServeAsync(string gallery, string urls)
    {
        using var stop = new CancellationTokenSource();
        using var error = new StopOn("Listening on ", stop);
        using var output = new StringWriter();
        int exitCode = await ArcFaceCommand.InvokeAsync(["serve", "--model", Model, "--gallery", gallery, "--cosine", "0.5", "--urls", urls], output, error, stop.Token);
        return (exitCode, error.ToString());
    }
}
