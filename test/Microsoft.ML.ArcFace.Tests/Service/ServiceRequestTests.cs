using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.ML.ArcFace.Service;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Service;

/// <summary>What reaches the service over a socket: odd ids, requests that a page of somebody else makes a browser send, floods.</summary>
[TestClass]
public class ServiceRequestTests
{
    private const int MaximumBytes = 100_000;

    private static readonly MLContext Ml = new(seed: 1);
    private static DrawnPeople s_people = null!;
    private static byte[] s_picture = [];
    private static WebApplication s_app = null!;
    private static HttpClient s_client = null!;

    /// <summary>Ids that a path cannot carry, or that two spellings of a path would share.</summary>
    private static readonly string[] OddIds =
    [
        "a/b", "/", "//", "/a", "a/", "a%2Fb", "a%252Fb", "%2F", "%", "%%", "50%", "%zz", "%C3", ".", "..", "../..", "./a", "a/../b", "...",
        "a b", " a", "a ", "a+b", "a%20b", "tab\there", "new\nline", "\r\nHost: evil", "a\\b", "a?b", "a#b", "a&id=b", "id=a", "a;b", "a=b", ":", "*", "|", "\"a\"", "'a'",
        "<script>", "{id}", "$(a)", "photographs", "people", "identify", "null", "José", "Jose\u0301e", "日本", "ß", "İ", "🙂", "👩‍👩‍👧", "\u202eevil", "a\u200bb", "\uFEFFa", "\uFFFD", "\uFFFFa", "\u0001",
        "\u007F", "\u0085a", "\u2028a", "a\0b", new string('x', 2000), new string('é', 500),
    ];

    private static FaceServiceOptions Options => new(Path.Combine(s_people.Folder, "faces.zip"))
    {
        GalleryPath = Path.Combine(s_people.Folder, "people.db"),
        MaximumPhotographBytes = MaximumBytes,
        MaximumRequestBytes = 2 * MaximumBytes,
        Gallery = new FaceGalleryOptions { CosineThreshold = 0.5 },
        Embedder = new FaceEmbedder.Options { Cosine = 0.5 },
    };

    [ClassInitialize]
    public static async Task Start(TestContext _)
    {
        s_people = new DrawnPeople(people: 1, picturesPerPerson: 1);
        s_picture = File.ReadAllBytes(s_people.AnyPicture);
        IDataView data = Ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        Ml.Model.Save(Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(embedding), data.Schema, Options.ModelPath);
        s_app = await ServiceTests.StartAsync(Options);
        s_client = ServiceTests.ClientOf(s_app);
    }

    [ClassCleanup]
    public static async Task Stop()
    {
        s_client.Dispose();
        await s_app.DisposeAsync();
        s_people.Dispose();
    }

    [TestMethod]
    public async Task People_OddIds_AreEnrolledListedFoundAndErased()
    {
        // Whatever a gallery takes: the service is to take that, too, but for what no path carries.
        using FaceGallery accepting = Ml.FaceRecognition().CreateGalleryFor(new FaceGalleryModel("any", EmbeddingSize: 2, Threshold: null), options: new FaceGalleryOptions { CosineThreshold = 0.5 });
        string[] ids = [.. OddIds.Where(id => Accepts(accepting, id))];
        ids = [.. accepting.GetPeople().Select(person => person.Id).Where(PathText.CanCarry).Order(StringComparer.Ordinal)];
        Assert.IsGreaterThan(OddIds.Length - 9, ids.Length, "Nearly all are accepted.");

        var locations = new List<Uri>();
        foreach (string id in ids)
        {
            using HttpResponseMessage created = await PostAsync($"people/{Uri.EscapeDataString(id)}/photographs?name={Uri.EscapeDataString("n" + id)}");
            Assert.AreEqual(HttpStatusCode.Created, created.StatusCode, $"'{id}': {await created.Content.ReadAsStringAsync()}");
            Assert.AreEqual(id, (await ServiceTests.AnswerOf<EnrolledAnswer>(created)).PersonId);
            Assert.AreEqual($"/v1/people/{Uri.EscapeDataString(id)}", created.Headers.Location!.OriginalString);
            locations.Add(created.Headers.Location!);
        }

        CollectionAssert.AreEqual(ids, await ListAsync());
        foreach ((string id, Uri location) in ids.Zip(locations))
        {
            PersonAnswer person = (await s_client.GetFromJsonAsync<PersonAnswer>(location))!;
            Assert.AreEqual((id, "n" + id, 1), (person.Id, person.Name, person.Photographs.Count));
        }

        for (int erased = 0; erased < ids.Length; erased++)
        {
            using HttpResponseMessage deleted = await s_client.DeleteAsync(locations[erased]);
            Assert.AreEqual(HttpStatusCode.NoContent, deleted.StatusCode, ids[erased]);
            await ServiceTests.IsProblem(HttpStatusCode.NotFound, "not-found", await s_client.GetAsync(locations[erased]));
            await ServiceTests.IsProblem(HttpStatusCode.NotFound, "not-found", await s_client.DeleteAsync(locations[erased]));
            CollectionAssert.AreEqual(ids[(erased + 1)..], await ListAsync(), "Nobody else is erased.");
        }
    }

    /// <summary>Paths that a server and a client could read differently, as they are written.</summary>
    [TestMethod]
    [DataRow("/v1/people/%FF")]
    [DataRow("/v1/people/a%C3")]
    [DataRow("/v1/people/%ED%A0%80")]
    [DataRow("/v1/people/%C0%AF")]
    [DataRow("/v1/people/%zz")]
    [DataRow("/v1/people/50%")]
    [DataRow("/v1/people/ada/photographs/..")]
    [DataRow("/v1/people/ada/photographs/%2E%2E")]
    [DataRow("/v1/people/ada/x/../../ada/.")]
    public async Task People_PathOfTwoReadings_IsRefused(string path)
    {
        using HttpResponseMessage created = await PostAsync("people/ada/photographs");
        string answer = await RawAsync($"DELETE {path} HTTP/1.1", "X-Nothing: 1");
        StringAssert.StartsWith(answer, "HTTP/1.1 400 ", path);
        StringAssert.Contains(answer, "two ways");
        CollectionAssert.AreEqual(new[] { "ada" }, await ListAsync(), "Nobody is erased.");
        using HttpResponseMessage deleted = await s_client.DeleteAsync("people/ada");
    }

    [TestMethod]
    [DataRow("%FF")]
    [DataRow("%ED%A0%80")]
    [DataRow("a%C3")]
    [DataRow("%C0%AF")]
    public async Task People_QueryThatIsNoUtf8_IsRefused(string name)
    {
        StringAssert.Contains(await ServiceTests.IsProblem(HttpStatusCode.BadRequest, "bad-request", await PostAsync($"people/eve/photographs?name={name}")), "UTF-8");
        StringAssert.Contains(await ServiceTests.IsProblem(HttpStatusCode.BadRequest, "bad-request", await s_client.GetAsync($"people?after={name}")), "UTF-8");
    }

    [TestMethod]
    [DataRow("people?after=a&After=b", "twice")]
    [DataRow("people?skip=5", "no parameter 'skip'")]
    [DataRow("people?limit=many", "'many' is no value of limit (whole number)")]
    [DataRow("people?limit=0", "from 1 to 1000")]
    [DataRow("people?limit=1001", "from 1 to 1000")]
    [DataRow("people/ada?x=1", "It has no parameters")]
    [DataRow("model?person=ada", "It has no parameters")]
    public async Task Parameters_ThatAreNone_AreRefusedByName(string path, string said) =>
        StringAssert.Contains(await ServiceTests.IsProblem(HttpStatusCode.BadRequest, "bad-request", await s_client.GetAsync(path)), said);

    [TestMethod]
    public async Task Enroll_ParametersThatAreNone_EnrollNobody()
    {
        StringAssert.Contains(await ServiceTests.IsProblem(HttpStatusCode.BadRequest, "bad-request", await PostAsync("people/eve/photographs?replace=maybe")), "true or false");
        StringAssert.Contains(await ServiceTests.IsProblem(HttpStatusCode.BadRequest, "bad-request", await PostAsync("people/eve/photographs?onface=true")), "oneFace (true or false)");
        await ServiceTests.IsProblem(HttpStatusCode.BadRequest, "bad-request", await PostAsync("people/%20/photographs"));
        Assert.IsEmpty(await ListAsync());
    }

    /// <summary>All that a page can send to another origin without asking: no type, the three of forms, and what looks like a picture's.</summary>
    [TestMethod]
    [DataRow(null)]
    [DataRow("")]
    [DataRow("text/plain")]
    [DataRow("text/plain;charset=UTF-8")]
    [DataRow("multipart/form-data")]
    [DataRow("application/x-www-form-urlencoded")]
    [DataRow("application/octet-stream")]
    [DataRow("text/plain; image/jpeg")]
    [DataRow("text/plain, image/jpeg")]
    [DataRow("image/jpeg, text/plain")]
    [DataRow("image/jpegx")]
    [DataRow("image/*")]
    [DataRow("*/*")]
    [DataRow("jpeg")]
    public async Task Photographs_OfNoPhotographsType_AreRefused(string? type)
    {
        foreach (string path in new[] { "v1/identify", "v1/embed", "v1/verify", "v1/people/eve/photographs" })
        {
            StringAssert.StartsWith(await RawAsync($"POST /{path} HTTP/1.1", type is null ? "X-Nothing: 1" : $"Content-Type: {type}"), "HTTP/1.1 415 ", path);
        }

        Assert.IsEmpty(await ListAsync());
    }

    [TestMethod]
    [DataRow("image/jpeg")]
    [DataRow("IMAGE/JPEG; q=1")]
    public async Task Photographs_OfAPhotographsType_AreTaken(string type)
    {
        StringAssert.StartsWith(await RawAsync("POST /v1/people/eve/photographs HTTP/1.1", $"Content-Type: {type}"), "HTTP/1.1 201 ");
        using HttpResponseMessage deleted = await s_client.DeleteAsync("people/eve");
    }

    [TestMethod]
    [DataRow("evil.example")]
    [DataRow("evil.example:80")]
    [DataRow("localhost.evil.example")]
    [DataRow("127.0.0.1.evil.example")]
    [DataRow("192.168.0.7")]
    [DataRow("")]
    public async Task Requests_ToAnotherHost_AreRefused(string host)
    {
        StringAssert.StartsWith(await RawAsync("POST /v1/people/eve/photographs HTTP/1.1", "Content-Type: image/jpeg", host), "HTTP/1.1 400 ");
        StringAssert.StartsWith(await RawAsync("GET /v1/people HTTP/1.1", "X-Nothing: 1", host), "HTTP/1.1 400 ");
        Assert.IsEmpty(await ListAsync());
    }

    [TestMethod]
    public async Task Requests_ToAListedHost_AreAnswered()
    {
        using var folder = new TemporaryFolder();
        await using WebApplication app = await ServiceTests.StartAsync(Options with { GalleryPath = Path.Combine(folder.FullName, "people.db") }, "faces.example");
        foreach (string host in new[] { "faces.example", "FACES.example:8080", "localhost", "127.0.0.1:1", "[::1]" })
        {
            StringAssert.StartsWith(await RawAsync("GET /v1/people HTTP/1.1", "X-Nothing: 1", host, app), "HTTP/1.1 200 ", host);
        }

        StringAssert.StartsWith(await RawAsync("GET /v1/people HTTP/1.1", "X-Nothing: 1", "other.example", app), "HTTP/1.1 400 ");
    }

    [TestMethod]
    [DataRow("Origin: http://evil.example")]
    [DataRow("Origin: null")]
    [DataRow("Origin: http://localhost:1")]
    [DataRow("Origin: http://localhost.evil.example")]
    [DataRow("Sec-Fetch-Site: cross-site")]
    [DataRow("Sec-Fetch-Site: same-site")]
    [DataRow("Sec-Fetch-Site: same-site\r\nOrigin: http://localhost")]
    public async Task Changes_SentByAPageOfAnotherOrigin_AreRefused(string header)
    {
        using HttpResponseMessage created = await PostAsync("people/ada/photographs");
        foreach (string change in new[] { "POST /v1/people/eve/photographs", "POST /v1/identify", "DELETE /v1/people/ada" })
        {
            StringAssert.StartsWith(await RawAsync(change + " HTTP/1.1", $"Content-Type: image/jpeg\r\n{header}"), "HTTP/1.1 403 ", change);
        }

        CollectionAssert.AreEqual(new[] { "ada" }, await ListAsync());
        using HttpResponseMessage deleted = await s_client.DeleteAsync("people/ada");
    }

    [TestMethod]
    [DataRow("Origin: http://localhost")]
    [DataRow("Sec-Fetch-Site: same-origin\r\nOrigin: https://localhost")]
    [DataRow("Sec-Fetch-Site: none")]
    public async Task Changes_SentByAPageOfItsOwn_AreMade(string header)
    {
        StringAssert.StartsWith(await RawAsync("POST /v1/people/eve/photographs HTTP/1.1", $"Content-Type: image/jpeg\r\n{header}"), "HTTP/1.1 201 ");
        StringAssert.StartsWith(await RawAsync("DELETE /v1/people/eve HTTP/1.1", header), "HTTP/1.1 204 ");
    }

    [TestMethod]
    public async Task Preflight_OfAnotherOrigin_IsNotGranted()
    {
        string answer = await RawAsync("OPTIONS /v1/people/eve/photographs HTTP/1.1", "Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type");
        Assert.IsFalse(answer.Contains("Access-Control-Allow", StringComparison.OrdinalIgnoreCase), answer);
    }

    /// <summary>The first body is let in and stops half way; what comes then has no room, and is told so before it is read.</summary>
    [TestMethod]
    public async Task Photographs_MoreThanFit_WaitOrAreAskedToComeBack()
    {
        using var folder = new TemporaryFolder();
        await using WebApplication app = await ServiceTests.StartAsync(Options with { GalleryPath = Path.Combine(folder.FullName, "people.db"), UploadBytes = 1, MaximumRequestBytes = MaximumBytes, MaximumRequests = 2 });
        using var client = new HttpClient(new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromMinutes(1) }) { BaseAddress = new Uri(app.Urls.Single() + "/v1/") };
        using SlowContent slow = new(s_picture, MaximumBytes), second = new(s_picture, MaximumBytes), third = new(s_picture, MaximumBytes);
        Task<HttpResponseMessage> first = SendAsync(slow);
        await slow.LetIn.Task;                                 // the server has asked for the body

        // There is room for one more to wait.
        Task<HttpResponseMessage>[] next = [SendAsync(second), SendAsync(third)];
        Task<HttpResponseMessage> refused = await Task.WhenAny(next);
        using (HttpResponseMessage answer = await refused)
        {
            Assert.AreEqual(TimeSpan.FromSeconds(5), answer.Headers.RetryAfter!.Delta);
            await ServiceTests.IsProblem(HttpStatusCode.ServiceUnavailable, "busy", answer);
        }

        Array.ForEach([slow, second, third], content => content.Rest.SetResult());
        foreach (Task<HttpResponseMessage> admitted in next.Except([refused]).Append(first))
        {
            using HttpResponseMessage answer = await admitted;
            Assert.IsTrue(answer.IsSuccessStatusCode, answer.StatusCode.ToString());
        }

        Task<HttpResponseMessage> SendAsync(SlowContent content) =>
            client.SendAsync(new HttpRequestMessage(HttpMethod.Post, "people/ada/photographs?name=Ada") { Content = content, Headers = { ExpectContinue = true } });
    }

    /// <summary>What is under way when the service is told to stop is answered; the next one finds nobody.</summary>
    [TestMethod]
    public async Task Requests_UnderWayAtTheEnd_AreAnswered()
    {
        using var folder = new TemporaryFolder();
        await using WebApplication app = await ServiceTests.StartAsync(Options with { GalleryPath = Path.Combine(folder.FullName, "people.db") });
        using var client = new HttpClient(new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromMinutes(1) }) { BaseAddress = new Uri(app.Urls.Single() + "/v1/") };
        using SlowContent slow = new(s_picture, MaximumBytes);
        Task<HttpResponseMessage> enrolling = client.SendAsync(new HttpRequestMessage(HttpMethod.Post, "people/ada/photographs") { Content = slow, Headers = { ExpectContinue = true } });
        await slow.LetIn.Task;
        Task stopping = app.StopAsync();
        Assert.IsFalse(stopping.IsCompleted);
        slow.Rest.SetResult();
        using HttpResponseMessage answer = await enrolling;
        Assert.AreEqual(HttpStatusCode.Created, answer.StatusCode, await answer.Content.ReadAsStringAsync());
        await stopping;
        await Assert.ThrowsExactlyAsync<HttpRequestException>(() => client.GetAsync("people"));
    }

    [TestMethod]
    public async Task Requests_AnsweredTooLate_AreAskedToComeBack()
    {
        using var folder = new TemporaryFolder();
        await using WebApplication app = await ServiceTests.StartAsync(Options with { GalleryPath = Path.Combine(folder.FullName, "people.db"), RequestTimeout = TimeSpan.FromMilliseconds(200) });
        string answer = await RawAsync("POST /v1/people/ada/photographs HTTP/1.1", "Content-Type: image/jpeg", app: app, missing: 1);
        StringAssert.StartsWith(answer, "HTTP/1.1 503 ");
        StringAssert.Contains(answer, "Retry-After: 5");
        StringAssert.Contains(answer, "in time");
        using HttpClient client = ServiceTests.ClientOf(app);
        Assert.IsEmpty((await client.GetFromJsonAsync<PeopleAnswer>("people"))!.People);
    }

    [TestMethod]
    public async Task People_FullDisk_SaysSoAndGoesOn()
    {
        using var folder = new TemporaryFolder();
        using SmallDisk disk = SmallDisk.Mount(Path.Combine(folder.FullName, "disk"), megabytes: 1);
        await using WebApplication app = await ServiceTests.StartAsync(Options with { GalleryPath = Path.Combine(disk.Folder, "people.db") });
        using HttpClient client = ServiceTests.ClientOf(app);
        Assert.AreEqual(HttpStatusCode.Created, (await PostAsync("people/ada/photographs", client)).StatusCode);
        disk.FillBut(0);
        StringAssert.Contains(await ServiceTests.IsProblem(HttpStatusCode.ServiceUnavailable, "gallery-unavailable", await PostAsync("people/bob/photographs", client)), "the disk is full");
        await ServiceTests.IsProblem(HttpStatusCode.ServiceUnavailable, "gallery-unavailable", await client.DeleteAsync("people/ada"));
        Assert.AreEqual(HttpStatusCode.OK, (await client.GetAsync("people/ada")).StatusCode);
        disk.Free();
        Assert.AreEqual(HttpStatusCode.Created, (await PostAsync("people/bob/photographs", client)).StatusCode);
        Assert.AreEqual(HttpStatusCode.NoContent, (await client.DeleteAsync("people/ada")).StatusCode);
    }

    private static bool Accepts(FaceGallery gallery, string id)
    {
        try
        {
            gallery.Enroll(id, [1, 0]);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static async Task<HttpResponseMessage> PostAsync(string path, HttpClient? client = null)
    {
        using var content = new ByteArrayContent(s_picture) { Headers = { ContentType = new MediaTypeHeaderValue("image/jpeg") } };
        return await (client ?? s_client).PostAsync(path, content);
    }

    private static async Task<string[]> ListAsync() => [.. (await s_client.GetFromJsonAsync<PeopleAnswer>("people"))!.People.Select(person => person.Id)];

    /// <summary>Sends a request as it is written, with the picture as its body, less what is missing of it, and returns the answer as it comes.</summary>
    private static async Task<string> RawAsync(string line, string header, string host = "localhost", WebApplication? app = null, int missing = 0)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", new Uri((app ?? s_app).Urls.Single()).Port);
        NetworkStream stream = socket.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes($"{line}\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {s_picture.Length + missing}\r\n{header}\r\n\r\n"));
        await stream.WriteAsync(s_picture);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    /// <summary>A picture with bytes behind it that are sent when the test says so.</summary>
    private sealed class SlowContent : HttpContent
    {
        private readonly byte[] _picture;
        private readonly int _length;

        public SlowContent(byte[] picture, int length)
        {
            (_picture, _length) = (picture, length);
            Headers.ContentType = new MediaTypeHeaderValue("image/jpeg");
        }

        public TaskCompletionSource LetIn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Rest { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(_picture);
            LetIn.SetResult();
            await Rest.Task;
            await stream.WriteAsync(new byte[_length - _picture.Length]);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _length;
            return true;
        }
    }
}
