using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.ML.ArcFace.Service;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tests.Tool;
using Microsoft.ML.ArcFace.Tool;

namespace Microsoft.ML.ArcFace.Tests.Service;

/// <summary>Who may do what: keys as the tool makes them, over HTTP.</summary>
[TestClass]
public class ServiceKeysTests
{
    private static readonly MLContext Ml = new(seed: 1);
    private static DrawnPeople s_people = null!;
    private static byte[] s_picture = [];

    private static string Model => Path.Combine(s_people.Folder, "faces.zip");

    [ClassInitialize]
    public static void Save(TestContext _)
    {
        s_people = new DrawnPeople(people: 1, picturesPerPerson: 1);
        s_picture = File.ReadAllBytes(s_people.AnyPicture);
        IDataView data = Ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        Ml.Model.Save(Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(embedding), data.Schema, Model);
    }

    [ClassCleanup]
    public static void Delete() => s_people.Dispose();

    [TestMethod]
    public void Keys_ManyCommandsAtOnce_LoseNoChange()
    {
        using var folder = new TemporaryFolder();
        string keys = Path.Combine(folder.FullName, "keys.json");
        Make(keys, "administer");
        string revoked = ServiceKeyFile.Read(keys).Keys[0].Id;
        const int added = 12;
        Parallel.For(0, added + 1, new ParallelOptions { MaxDegreeOfParallelism = added + 1 }, i =>
        {
            if (i == 0)
            {
                ToolProgram.Answer(ExitCode.Done, "keys", "--keys", keys, "--revoke", revoked);
            }
            else
            {
                Make(keys, "identify");
            }
        });
        IReadOnlyList<ServiceKey> all = ServiceKeyFile.Read(keys).Keys;
        Assert.HasCount(added + 1, all);
        Assert.IsNotNull(all.Single(key => key.Id == revoked).RevokedAt);
    }

    [TestMethod]
    public void Keys_ThroughALink_AreChangedInTheFileThatIsRead()
    {
        using var folder = new TemporaryFolder();
        string keys = Path.Combine(folder.FullName, "keys.json"), link = Path.Combine(folder.FullName, "link.json");
        Make(keys, "identify");
        try
        {
            File.CreateSymbolicLink(link, keys);
        }
        catch (IOException error) when (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive($"Windows makes no link here: {error.Message}");
        }

        Make(link, "enroll");
        Assert.HasCount(2, ServiceKeyFile.Read(keys).Keys);
        Assert.IsNotNull(new FileInfo(link).LinkTarget, "The link is still one.");
    }

    [TestMethod]
    public async Task Requests_ByRights_AreAnsweredOrRefused()
    {
        using var folder = new TemporaryFolder();
        string keys = Path.Combine(folder.FullName, "keys.json");
        string identify = Make(keys, "identify"), enroll = Make(keys, "enroll"), administer = Make(keys, "administer");
        await using WebApplication app = await StartAsync(keys);
        (HttpMethod Method, string Path, string Right)[] requests =
        [
            (HttpMethod.Post, "people/ada/photographs", "enroll"), (HttpMethod.Post, "identify", "identify"), (HttpMethod.Post, "embed", "identify"), (HttpMethod.Get, "model", "identify"),
            (HttpMethod.Get, "people", "administer"), (HttpMethod.Get, "people/ada", "administer"), (HttpMethod.Delete, "people/ada/photographs/x", "administer"), (HttpMethod.Delete, "people/ada", "administer"),
        ];
        foreach ((HttpMethod method, string path, string right) in requests)
        {
            foreach ((string name, string key) in new[] { ("identify", identify), ("enroll", enroll), ("administer", administer) })
            {
                using HttpResponseMessage answer = await SendAsync(app, method, path, key);
                if (name == right || name == "administer")
                {
                    Assert.IsTrue(answer.IsSuccessStatusCode || path.EndsWith("/x", StringComparison.Ordinal), $"{name} {method} {path}: {await answer.Content.ReadAsStringAsync()}");
                }
                else
                {
                    StringAssert.Contains(await ServiceTests.IsProblem(HttpStatusCode.Forbidden, "not-allowed", answer), right);
                }
            }

            using HttpResponseMessage without = await SendAsync(app, method, path, key: null);
            Assert.AreEqual("Bearer", without.Headers.WwwAuthenticate.Single().Scheme);
            StringAssert.Contains(await ServiceTests.IsProblem(HttpStatusCode.Unauthorized, "no-key", without), "no key");
        }

        Assert.AreEqual(HttpStatusCode.OK, (await SendAsync(app, HttpMethod.Get, "health/ready", key: null)).StatusCode, "Whoever watches over the service needs no key.");
    }

    [TestMethod]
    public async Task Keys_ThatAreWrong_AreRefusedAndSlowedDown()
    {
        using var folder = new TemporaryFolder();
        string keys = Path.Combine(folder.FullName, "keys.json"), right = Make(keys, "identify");
        await using WebApplication app = await StartAsync(keys);
        string[] wrong = ["x", "arcface_", "arcface__", right + "x", right[..^1], right.ToUpperInvariant(), "arcface_000000000000_" + right.Split('_', 3)[2], ""];
        foreach (string key in wrong)
        {
            await ServiceTests.IsProblem(HttpStatusCode.Unauthorized, "no-key", await SendAsync(app, HttpMethod.Get, "model", key));
        }

        HttpStatusCode last = HttpStatusCode.Unauthorized;
        for (int i = 0; i < 20 && last == HttpStatusCode.Unauthorized; i++)
        {
            using HttpResponseMessage answer = await SendAsync(app, HttpMethod.Get, "model", "guess");
            last = answer.StatusCode;
            Assert.AreEqual(last == HttpStatusCode.TooManyRequests, answer.Headers.RetryAfter is not null);
        }

        Assert.AreEqual(HttpStatusCode.TooManyRequests, last);
        Assert.AreEqual(HttpStatusCode.OK, (await SendAsync(app, HttpMethod.Get, "model", right)).StatusCode, "A right key passes, also from an address that guessed.");
    }

    [TestMethod]
    public async Task Keys_Revoked_OpenNothingWithoutARestart()
    {
        using var folder = new TemporaryFolder();
        string keys = Path.Combine(folder.FullName, "keys.json"), key = Make(keys, "identify");
        await using WebApplication app = await StartAsync(keys);
        Assert.AreEqual(HttpStatusCode.OK, (await SendAsync(app, HttpMethod.Get, "model", key)).StatusCode);
        string id = key.Split('_')[1];
        Assert.AreEqual(0, ToolProgram.Run("keys", "--keys", keys, "--revoke", id).ExitCode);
        Assert.AreEqual(ExitCode.No, ToolProgram.Run("keys", "--keys", keys, "--revoke", id).ExitCode, "It was revoked before.");
        HttpStatusCode status = HttpStatusCode.OK;
        for (int i = 0; i < 100 && status == HttpStatusCode.OK; i++)
        {
            await Task.Delay(100);
            status = (await SendAsync(app, HttpMethod.Get, "model", key)).StatusCode;
        }

        Assert.AreEqual(HttpStatusCode.Unauthorized, status);

        // A file that somebody spoiled changes nothing.
        File.WriteAllText(keys, "{");
        await Task.Delay(1200);
        await ServiceTests.IsProblem(HttpStatusCode.Unauthorized, "no-key", await SendAsync(app, HttpMethod.Get, "model", key));
    }

    [TestMethod]
    public async Task Requests_OverTheRate_AreAskedToWait()
    {
        using var folder = new TemporaryFolder();
        string keys = Path.Combine(folder.FullName, "keys.json"), first = Make(keys, "identify"), second = Make(keys, "identify");
        await using WebApplication app = await StartAsync(keys, perMinute: 3);
        for (int i = 0; i < 3; i++)
        {
            Assert.AreEqual(HttpStatusCode.OK, (await SendAsync(app, HttpMethod.Get, "model", first)).StatusCode);
        }

        using HttpResponseMessage answer = await SendAsync(app, HttpMethod.Get, "model", first);
        Assert.IsTrue(answer.Headers.RetryAfter?.Delta is { TotalSeconds: > 0 and <= 60 });
        await ServiceTests.IsProblem(HttpStatusCode.TooManyRequests, "too-often", answer);
        Assert.AreEqual(HttpStatusCode.OK, (await SendAsync(app, HttpMethod.Get, "model", second)).StatusCode, "Each key has a rate of its own.");
    }

    [TestMethod]
    public void KeyFile_KeepsHashesAlone()
    {
        using var folder = new TemporaryFolder();
        string keys = Path.Combine(folder.FullName, "keys.json"), key = Make(keys, "identify");
        string kept = File.ReadAllText(keys);
        Assert.IsFalse(kept.Contains(key, StringComparison.Ordinal) || kept.Contains(key.Split('_', 3)[2], StringComparison.Ordinal));
        ToolOutcome listed = ToolProgram.Run("keys", "--keys", keys, "--json");
        Assert.AreEqual("kiosk", listed.Json.GetProperty("keys")[0].GetProperty("name").GetString());
        Assert.IsFalse(listed.Output.Contains("hash", StringComparison.OrdinalIgnoreCase));
    }

    [TestMethod]
    [DataRow("", "no file of keys")]
    [DataRow("{}", "no file of keys")]
    [DataRow("null", "no file of keys")]
    [DataRow("{\"keys\":[{\"id\":\"a\",\"name\":\"b\",\"rights\":[\"all\"],\"hash\":\"c\",\"madeAt\":\"2026-01-01T00:00:00Z\"}]}", "no file of keys")]
    public void KeyFile_ThatIsNone_EndsTheStart(string text, string said)
    {
        using var folder = new TemporaryFolder();
        string keys = folder.Write("keys.json", System.Text.Encoding.UTF8.GetBytes(text));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ServiceKeyFile.Read(keys)).Message, said);
        ToolOutcome outcome = ToolProgram.Run("keys", "--keys", keys, "--add", "kiosk", "--rights", "identify");
        Assert.AreEqual(ExitCode.Failed, outcome.ExitCode);
        Assert.AreEqual(text, File.ReadAllText(keys), "What is no file of keys is not replaced by one.");
    }

    [TestMethod]
    [DataRow("--add kiosk")]
    [DataRow("--rights identify")]
    [DataRow("--add kiosk --rights everything")]
    [DataRow("--add kiosk --rights identify --revoke x")]
    public void Command_ThatIsWrong_WritesNothing(string arguments)
    {
        using var folder = new TemporaryFolder();
        string keys = Path.Combine(folder.FullName, "keys.json");
        Assert.AreEqual(ExitCode.WrongCommandLine, ToolProgram.Run(["keys", "--keys", keys, .. arguments.Split(' ')]).ExitCode);
        Assert.IsFalse(File.Exists(keys));
    }

    private static string Make(string keys, params string[] rights) =>
        ToolProgram.Answer(ExitCode.Done, ["keys", "--keys", keys, "--add", "kiosk", "--rights", .. rights]).GetProperty("key").GetString()!;

    private static Task<WebApplication> StartAsync(string keys, int? perMinute = null) => ServiceTests.StartAsync(new FaceServiceOptions(Model)
    {
        Gallery = new FaceGalleryOptions { CosineThreshold = 0.5 }, KeysPath = keys, RequestsPerMinute = perMinute,
    });

    private static async Task<HttpResponseMessage> SendAsync(WebApplication app, HttpMethod method, string path, string? key)
    {
        using HttpClient client = ServiceTests.ClientOf(app);
        using var request = new HttpRequestMessage(method, path);
        if (method == HttpMethod.Post)
        {
            request.Content = new ByteArrayContent(s_picture) { Headers = { ContentType = new MediaTypeHeaderValue("image/jpeg") } };
        }

        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        }

        return await client.SendAsync(request);
    }
}
