using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.ML.ArcFace.Service;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.Service;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Integration;

/// <summary>
/// A page of somebody else, in a browser on the machine where the service runs, tries all that pages can to enroll, erase and
/// read. A server that takes everything stands beside the service, to show that the browser really sends these requests.
/// </summary>
[TestClass]
[RequiresIntegration]
public class CrossOriginTests
{
    private const string Page = """
        <!doctype html><title>a page of somebody else</title><iframe name="hidden"></iframe>
        <script>
        const picture = Uint8Array.from(atob('PICTURE'), letter => letter.charCodeAt(0)), results = {};
        const send = body => target => fetch(target + '/v1/people/eve/photographs', { method: 'POST', mode: 'no-cors', body: body() });
        const attempts = {
          bytes: send(() => picture),
          pictureWithoutItsType: send(() => new Blob([picture], { type: 'image/jpeg' })),
          text: send(() => new Blob([picture], { type: 'text/plain' })),
          formData: send(() => { const form = new FormData(); form.append('file', new Blob([picture], { type: 'image/jpeg' })); return form; }),
          urlEncoded: send(() => new URLSearchParams({ id: 'eve' })),
          beacon: async target => { if (!navigator.sendBeacon(target + '/v1/people/eve/photographs', picture)) throw 'not queued'; },
          form: target => new Promise(done => {
            const form = document.createElement('form'), frame = document.querySelector('iframe');
            Object.assign(form, { method: 'POST', enctype: 'text/plain', target: 'hidden', action: target + '/v1/people/eve/photographs' });
            document.body.append(form);
            frame.onload = done;
            form.submit();
          }),
          pictureWithItsType: target => fetch(target + '/v1/people/eve/photographs', { method: 'POST', body: picture, headers: { 'Content-Type': 'image/jpeg' } }),
          erase: target => fetch(target + '/v1/people/ada', { method: 'DELETE' }),
          identify: target => fetch(target + '/v1/identify', { method: 'POST', mode: 'no-cors', body: picture }),
          read: async target => (await fetch(target + '/v1/people')).text(),
        };
        (async () => {
          for (const target of ['SERVICE', 'NAIVE'])
            for (const [name, attempt] of Object.entries(attempts))
              try { await attempt(target); results[target + ' ' + name] = 'sent'; } catch (error) { results[target + ' ' + name] = 'blocked'; }
          await fetch('/report', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(results) });
        })();
        </script>
        """;

    private static readonly MLContext Ml = new(seed: 1);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static string? Chromium => Environment.GetEnvironmentVariable("CHROMIUM") is { Length: > 0 } given
        ? given
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "chromium")).FirstOrDefault(File.Exists);

    [TestMethod]
    public async Task Page_OfAnotherOrigin_ChangesAndReadsNothing()
    {
        if (Chromium is null)
        {
            Assert.Inconclusive("There is no chromium; set CHROMIUM to one.");
        }

        using var people = new DrawnPeople(people: 1, picturesPerPerson: 1);
        byte[] picture = File.ReadAllBytes(people.AnyPicture);
        await using WebApplication service = await ServeAsync(people.Folder, picture);
        string serviceUrl = service.Urls.Single();
        var taken = new ConcurrentQueue<string>();
        await using WebApplication naive = await StartAsync(app => app.Run(context =>
        {
            taken.Enqueue($"{context.Request.Method} {context.Request.ContentType ?? "no type"}");
            return context.Response.WriteAsync("everybody's data");
        }));

        var report = new TaskCompletionSource<Dictionary<string, string>>(TaskCreationOptions.RunContinuationsAsynchronously);
        string page = Page.Replace("PICTURE", Convert.ToBase64String(picture)).Replace("SERVICE", serviceUrl).Replace("NAIVE", naive.Urls.Single());
        await using WebApplication evil = await StartAsync(app =>
        {
            app.MapGet("/", () => TypedResults.Content(page, "text/html"));
            app.MapPost("/report", async (HttpRequest request) => report.SetResult((await request.ReadFromJsonAsync<Dictionary<string, string>>())!));
        });
        using (Browser browser = new($"http://evil.example:{new Uri(evil.Urls.Single()).Port}/"))
        {
            Dictionary<string, string> results = await report.Task.WaitAsync(Patience);
            string All(string target) => string.Join(", ", results.Where(result => result.Key.StartsWith(target, StringComparison.Ordinal)).Select(result => $"{result.Key[(target.Length + 1)..]}: {result.Value}"));
            foreach (string attempt in new[] { "pictureWithItsType", "erase", "read" })
            {
                Assert.AreEqual("blocked", results[$"{serviceUrl} {attempt}"], All(serviceUrl));
            }

            // The others reached both, without a question.
            foreach (string attempt in new[] { "bytes", "pictureWithoutItsType", "text", "formData", "urlEncoded", "beacon", "form", "identify" })
            {
                Assert.AreEqual("sent", results[$"{serviceUrl} {attempt}"], All(serviceUrl));
            }
        }

        foreach (string request in new[] { "POST no type", "POST text/plain", "POST application/x-www-form-urlencoded;charset=UTF-8" })
        {
            CollectionAssert.Contains(taken.ToArray(), request, "What the browser sends to a server that asks nothing.");
        }

        Assert.IsTrue(taken.Any(request => request.StartsWith("POST multipart/form-data", StringComparison.Ordinal)));
        using HttpClient client = ServiceTests.ClientOf(service);
        CollectionAssert.AreEqual(new[] { "ada" }, (await client.GetFromJsonAsync<PeopleAnswer>("people"))!.People.Select(person => person.Id).ToArray());
    }

    /// <summary>A page whose own name leads to this machine is of the service's origin to a browser: only the name gives it away.</summary>
    [TestMethod]
    public async Task Page_WhoseNameLeadsHere_IsRefused()
    {
        if (Chromium is null)
        {
            Assert.Inconclusive("There is no chromium; set CHROMIUM to one.");
        }

        using var people = new DrawnPeople(people: 1, picturesPerPerson: 1);
        await using WebApplication service = await ServeAsync(people.Folder, File.ReadAllBytes(people.AnyPicture));
        int port = new Uri(service.Urls.Single()).Port;
        StringAssert.Contains(await Browser.ReadAsync($"http://127.0.0.1:{port}/v1/people"), "\"ada\"", "By its own name it answers.");
        string answer = await Browser.ReadAsync($"http://evil.example:{port}/v1/people");
        StringAssert.Contains(answer, "Invalid Hostname");
        Assert.IsFalse(answer.Contains("ada", StringComparison.Ordinal), answer);
    }

    private static async Task<WebApplication> ServeAsync(string folder, byte[] picture)
    {
        IDataView data = Ml.FaceRecognition().LoadFromFolder(folder);
        string model = Path.Combine(folder, "faces.zip");
        using (FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create())
        {
            Ml.Model.Save(Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(embedding), data.Schema, model);
        }

        WebApplication service = await ServiceTests.StartAsync(new FaceServiceOptions(model) { GalleryPath = Path.Combine(folder, "people.db"), Gallery = new FaceGalleryOptions { CosineThreshold = 0.5 } });
        using HttpClient client = ServiceTests.ClientOf(service);
        using var content = new ByteArrayContent(picture) { Headers = { ContentType = new MediaTypeHeaderValue("image/jpeg") } };
        using HttpResponseMessage created = await client.PostAsync("people/ada/photographs", content);
        created.EnsureSuccessStatusCode();
        return service;
    }

    private static async Task<WebApplication> StartAsync(Action<WebApplication> map)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        map(app);
        await app.StartAsync();
        return app;
    }

    /// <summary>A browser without a display, in which evil.example is this machine.</summary>
    private sealed class Browser : IDisposable
    {
        private readonly TemporaryFolder _profile = new();
        private readonly Process _process;

        public Browser(string url, params string[] options) => _process = Process.Start(new ProcessStartInfo(Chromium!,
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-extensions", "--no-proxy-server", "--host-resolver-rules=MAP evil.example 127.0.0.1", $"--user-data-dir={_profile.FullName}", .. options, url,
        ]) { RedirectStandardOutput = true, RedirectStandardError = true })!;

        /// <summary>Opens a page and returns what it shows.</summary>
        public static async Task<string> ReadAsync(string url)
        {
            using var browser = new Browser(url, "--dump-dom");
            Task<string> errors = browser._process.StandardError.ReadToEndAsync();
            string page = await browser._process.StandardOutput.ReadToEndAsync().WaitAsync(Patience);
            await errors;
            return page;
        }

        public void Dispose()
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            _process.Dispose();
            _profile.Dispose();
        }
    }
}
