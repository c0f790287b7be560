using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Numerics.Tensors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.ML.ArcFace.Service;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.Serving;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Service;

/// <summary>The service as its clients see it: over HTTP, on a free port.</summary>
[TestClass]
public class ServiceTests
{
    private const int MaximumBytes = 100_000;

    private static readonly MLContext Ml = new(seed: 1);
    private static DrawnPeople s_people = null!;
    private static byte[][] s_pictures = [];
    private static WebApplication s_app = null!;
    private static HttpClient s_client = null!;

    private static FaceServiceOptions Options => new(Path.Combine(s_people.Folder, "faces.zip")) { GalleryPath = Path.Combine(s_people.Folder, "people.db"), MaximumPhotographBytes = MaximumBytes, MaximumRequestBytes = 3 * MaximumBytes, MaximumPhotographs = 3 };

    [ClassInitialize]
    public static async Task Start(TestContext _)
    {
        s_people = new DrawnPeople(people: 3, picturesPerPerson: 2);
        IDataView data = Ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        s_pictures = [.. data.GetColumn<string>("ImagePath").Select(File.ReadAllBytes)];
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        ITransformer model = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(embedding);
        Ml.Model.Save(model, data.Schema, Options.ModelPath);

        // The network was not trained: only a photograph itself is like itself.
        float[][] vectors = [.. model.Transform(data).GetColumn<float[]>("Embedding")];
        double nearest = vectors.SelectMany((first, i) => vectors.Skip(i + 1).Select(second => (double)TensorPrimitives.Dot<float>(first, second))).Max();
        Assert.IsLessThan(1 - 1e-5, nearest);
        s_app = await StartAsync(WithThreshold(Options, (1 + nearest) / 2));
        s_client = ClientOf(s_app);
    }

    [ClassCleanup]
    public static async Task Stop()
    {
        s_client.Dispose();
        await s_app.DisposeAsync();
        s_people.Dispose();
    }

    [TestMethod]
    public async Task PersonsLife_EnrollIdentifyDelete()
    {
        StringAssert.Contains(await IsProblem(HttpStatusCode.Conflict, "empty-gallery", await PostAsync("identify", s_pictures[0])), "empty");

        using HttpResponseMessage created = await PostAsync("people/ada%20l/photographs?name=Ada", s_pictures[0]);
        Assert.AreEqual(HttpStatusCode.Created, created.StatusCode);
        Assert.AreEqual("/v1/people/ada%20l", created.Headers.Location!.OriginalString);
        EnrolledAnswer answer = await AnswerOf<EnrolledAnswer>(created);
        EnrolledPhotograph photograph = answer.Photographs.Single();
        Assert.AreEqual(("ada l", EnrollmentOutcome.Enrolled, null, false), (answer.PersonId, photograph.Outcome, photograph.Face.FaceCount, photograph.Face.SeveralFaces));
        using HttpResponseMessage again = await PostAsync("people/ada%20l/photographs", s_pictures[0]);
        Assert.AreEqual(HttpStatusCode.OK, again.StatusCode);
        Assert.AreEqual(photograph with { Outcome = EnrollmentOutcome.AlreadyThere }, await EnrolledAsync(again));
        PersonAnswer person = (await s_client.GetFromJsonAsync<PersonAnswer>(created.Headers.Location))!;
        Assert.AreEqual(("ada l", "Ada", photograph.Id), (person.Id, person.Name, person.Photographs.Single().Id));

        IdentifiedFace known = await IdentifyAsync(s_pictures[0]);
        Assert.AreEqual(IdentificationOutcome.Match, known.Outcome);
        PossiblePerson found = known.Candidates.Single();
        Assert.AreEqual(("ada l", "Ada"), (found.Id, found.Name));
        Assert.AreEqual(1, found.Score, 1e-5);
        IdentifiedFace stranger = await IdentifyAsync(s_pictures[4]);
        Assert.AreEqual(IdentificationOutcome.Unknown, stranger.Outcome);
        Assert.IsEmpty(stranger.Candidates, "A stranger learns nothing of who is enrolled.");

        // The same photograph under another name: nobody can tell.
        using HttpResponseMessage twin = await PostAsync("people/twin/photographs", s_pictures[0]);
        IdentifiedFace either = await IdentifyAsync(s_pictures[0]);
        Assert.AreEqual(IdentificationOutcome.Ambiguous, either.Outcome);
        CollectionAssert.AreEquivalent(new[] { "ada l", "twin" }, either.Candidates.Select(candidate => candidate.Id).ToArray());

        foreach (string id in new[] { "twin", "ada%20l" })
        {
            using HttpResponseMessage deleted = await s_client.DeleteAsync($"people/{id}");
            Assert.AreEqual(HttpStatusCode.NoContent, deleted.StatusCode);
            await IsProblem(HttpStatusCode.NotFound, "not-found", await s_client.DeleteAsync($"people/{id}"));
            await IsProblem(HttpStatusCode.NotFound, "not-found", await s_client.GetAsync($"people/{id}"));
        }

        await IsProblem(HttpStatusCode.Conflict, "empty-gallery", await PostAsync("identify", s_pictures[0]));
    }

    [TestMethod]
    public async Task Enroll_SameSourceAgain_IsKeptOrReplacesTheOlder()
    {
        using HttpResponseMessage first = await PostAsync("people/fay/photographs?source=image.jpg", s_pictures[0]);
        using HttpResponseMessage beside = await PostAsync("people/fay/photographs?source=image.jpg", s_pictures[1]);
        EnrolledPhotograph kept = await EnrolledAsync(beside);
        Assert.AreEqual((HttpStatusCode.Created, EnrollmentOutcome.Enrolled, 1), (beside.StatusCode, kept.Outcome, kept.SameSource));
        using HttpResponseMessage instead = await PostAsync("people/fay/photographs?source=image.jpg&replace=true", s_pictures[2]);
        EnrolledPhotograph replaced = await EnrolledAsync(instead);
        Assert.AreEqual((HttpStatusCode.Created, EnrollmentOutcome.Replaced, 2), (instead.StatusCode, replaced.Outcome, replaced.SameSource));
        PersonAnswer fay = (await s_client.GetFromJsonAsync<PersonAnswer>("people/fay"))!;
        Assert.AreEqual((replaced.Id, "image.jpg"), (fay.Photographs.Single().Id, fay.Photographs.Single().Source));
        using HttpResponseMessage deleted = await s_client.DeleteAsync("people/fay");
    }

    [TestMethod]
    public async Task Photographs_SeveralFaces_AreCountedAndRefusedWhenAsked()
    {
        using var folder = new TemporaryFolder();
        byte[] photograph = EncodedImages.Gradient(90, 60, SKEncodedImageFormat.Png);
        string zip = FaceEmbedderTests.Detecting(folder, "two", DetectorModels.Scrfd.TwoFaces().Set(32, 0, 0, 0, 0.15f, 0.2f, 0.5f, 0.2f, 0.33f, 0.45f, 0.2f, 0.65f, 0.47f, 0.65f).ToBytes(), photograph).Zip;
        await using WebApplication app = await StartAsync(WithThreshold(Options with { ModelPath = zip, GalleryPath = Path.Combine(folder.FullName, "people.db") }, 0.5));
        using HttpClient client = ClientOf(app);
        StringAssert.Contains(await IsProblem(HttpStatusCode.UnprocessableEntity, "several-faces", await PostAsync("people/ada/photographs?oneFace=true", photograph, "image/png", client: client)), "2 faces");
        using HttpResponseMessage enrolled = await PostAsync("people/ada/photographs", photograph, "image/png", client: client);
        EnrolledPhotograph answer = await EnrolledAsync(enrolled);
        Assert.AreEqual((2, true), (answer.Face.FaceCount, answer.Face.SeveralFaces));
        Assert.IsTrue(answer.Face.Box is { Width: > 0, Height: > 0 });
        using HttpResponseMessage identified = await PostAsync("identify", photograph, "image/png", client: client);
        IdentifiedFace found = (await AnswerOf<IdentifiedAnswer>(identified)).Faces.Single();
        Assert.AreEqual((IdentificationOutcome.Match, 2, true), (found.Outcome, found.Face.FaceCount, found.Face.SeveralFaces));
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, "bad-request", await PostAsync("people/eve/photographs?oneFace=true", s_pictures[0])), "detector");

        // All of them, as the embedder finds them; nobody is on a photograph twice.
        IReadOnlyList<Microsoft.ML.ArcFace.EmbeddedFace> expected = app.Services.GetRequiredService<FaceEmbedder>().EmbedAll(photograph);
        Assert.HasCount(2, expected);
        using HttpResponseMessage all = await PostAsync("identify?faces=all", photograph, "image/png", client: client);
        IReadOnlyList<IdentifiedFace> people = (await AnswerOf<IdentifiedAnswer>(all)).Faces;
        Assert.AreEqual((IdentificationOutcome.Match, "ada"), (people[0].Outcome, people[0].Candidates.Single().Id));
        Assert.AreNotEqual(IdentificationOutcome.Match, people[1].Outcome);
        Assert.AreEqual(people[1].Outcome == IdentificationOutcome.Ambiguous ? 0 : null, people[1].NearerFace);
        using HttpResponseMessage detected = await PostAsync("detect", photograph, "image/png", client: client);
        IReadOnlyList<SeenFace> seen = (await AnswerOf<DetectedAnswer>(detected)).Faces;
        CollectionAssert.AreEqual(expected.Select(face => FaceArea.Of(face.Box)).ToArray(), seen.Select(face => face.Box).ToArray());
        CollectionAssert.AreEqual(expected.Select(face => face.DetectionScore).ToArray(), seen.Select(face => face.DetectionScore).ToArray());
        Assert.IsTrue(seen.All(face => face.Landmarks!.Count == 10));
        using HttpResponseMessage embedded = await PostAsync("embed?faces=all", photograph, "image/png", client: client);
        IReadOnlyList<FaceVector> vectors = (await AnswerOf<EmbeddedAnswer>(embedded)).Faces;
        for (int i = 0; i < expected.Count; i++)
        {
            FaceEmbedderTests.IsSame(expected[i].Embedding.Vector, vectors[i].Embedding);
        }

        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, "bad-request", await PostAsync("identify?faces=both", photograph, "image/png", client: client)), "(main, all)");
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, "bad-request", await PostAsync("detect", s_pictures[0])), "no detector");
    }

    [TestMethod]
    public async Task Photographs_MoreFacesThanAreTaken_AreRefused()
    {
        using var folder = new TemporaryFolder();
        byte[] photograph = EncodedImages.Gradient(90, 60, SKEncodedImageFormat.Png);
        string zip = FaceEmbedderTests.Detecting(folder, "two", DetectorModels.Scrfd.TwoFaces().ToBytes(), photograph).Zip;
        await using WebApplication app = await StartAsync(Options with { ModelPath = zip, GalleryPath = null, Gallery = new FaceGalleryOptions { CosineThreshold = 0.5 }, Embedder = new FaceEmbedder.Options { MaximumFaces = 1 } });
        using HttpClient client = ClientOf(app);
        foreach (string path in new[] { "identify?faces=all", "embed?faces=all", "detect" })
        {
            StringAssert.Contains(await IsProblem(HttpStatusCode.UnprocessableEntity, "too-many-faces", await PostAsync(path, photograph, "image/png", client: client)), "2 faces");
        }
    }

    [TestMethod]
    public async Task Identify_ManyAtOnce_EachGetsItsOwnAnswer()
    {
        using HttpResponseMessage created = await PostAsync("people/cleo/photographs", s_pictures[5]);
        IdentifiedFace[] answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => IdentifyAsync(s_pictures[i % 2 == 0 ? 5 : 2])));
        CollectionAssert.AreEqual(
            Enumerable.Range(0, 24).Select(i => i % 2 == 0 ? IdentificationOutcome.Match : IdentificationOutcome.Unknown).ToArray(), answers.Select(answer => answer.Outcome).ToArray());
        using HttpResponseMessage deleted = await s_client.DeleteAsync("people/cleo");
    }

    [TestMethod]
    [DataRow("identify")]
    [DataRow("embed")]
    [DataRow("people/eve/photographs")]
    public async Task Photographs_BadOnes_AreRefusedByStatusAndReason(string path)
    {
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, "unreadable-photograph", await PostAsync(path, [])), "empty");
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, "unreadable-photograph", await PostAsync(path, "no image"u8.ToArray())), "no jpg, png, bmp or webp");
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, "unreadable-photograph", await PostAsync(path, s_pictures[0][..^200])), "truncated");
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, "unreadable-photograph", await PostAsync(path, EncodedImages.PngOfHeaderOnly(60_000, 60_000))), "60000×60000");
        await IsProblem(HttpStatusCode.RequestEntityTooLarge, "too-large", await PostAsync(path, new byte[MaximumBytes + 1], isPatient: true));
        await IsProblem(HttpStatusCode.UnsupportedMediaType, "wrong-type", await PostAsync(path, s_pictures[0], "text/plain"));
        await IsProblem(HttpStatusCode.MethodNotAllowed, "other-method", await s_client.PutAsync(path, null));
        using HttpResponseMessage after = await s_client.GetAsync("people/eve");
        Assert.AreEqual(HttpStatusCode.NotFound, after.StatusCode, "Nothing was enrolled.");
    }

    [TestMethod]
    public async Task Photographs_WithoutLength_AreStoppedAtTheLimit()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "people/eve/photographs") { Content = new StreamContent(new MemoryStream(new byte[MaximumBytes + 1])) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("image/png");
        request.Headers.TransferEncodingChunked = true;
        await IsProblem(HttpStatusCode.RequestEntityTooLarge, "too-large", await s_client.SendAsync(request));
    }

    [TestMethod]
    public async Task Enroll_WithoutAnId_OrUnderAnotherName_IsRefused()
    {
        await IsProblem(HttpStatusCode.BadRequest, "bad-request", await PostAsync("people/%20/photographs", s_pictures[0]));
        using HttpResponseMessage created = await PostAsync("people/bob/photographs?name=Bob", s_pictures[3]);
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, "bad-request", await PostAsync("people/bob/photographs?name=Rob", s_pictures[3])), "'Bob'");
        using HttpResponseMessage deleted = await s_client.DeleteAsync("people/bob");
    }

    [TestMethod]
    public async Task Form_OfSeveralPhotographs_IsEnrolledAsAWhole()
    {
        using HttpResponseMessage created = await s_client.PostAsync("people/gus/photographs", Form(("a", s_pictures[0], "image/jpeg"), ("b", s_pictures[1], "image/jpeg")));
        EnrolledAnswer answer = await AnswerOf<EnrolledAnswer>(created);
        Assert.AreEqual(HttpStatusCode.Created, created.StatusCode);
        CollectionAssert.AreEqual(new[] { "a.jpg", "b.jpg" }, answer.Photographs.Select(photograph => photograph.Source).ToArray());

        // One that cannot be read keeps the others out.
        StringAssert.Contains(
            await IsProblem(HttpStatusCode.BadRequest, "unreadable-photograph", await s_client.PostAsync("people/hal/photographs", Form(("a", s_pictures[2], "image/jpeg"), ("b", "no image"u8.ToArray(), "image/jpeg")))), "2 of the form");
        await IsProblem(HttpStatusCode.NotFound, "not-found", await s_client.GetAsync("people/hal"));

        // Photograph by photograph it goes, and with the last one the person.
        await IsProblem(HttpStatusCode.NotFound, "not-found", await s_client.DeleteAsync($"people/hal/photographs/{answer.Photographs[0].Id}"));
        await IsProblem(HttpStatusCode.NotFound, "not-found", await s_client.DeleteAsync("people/gus/photographs/x"));
        foreach (EnrolledPhotograph photograph in answer.Photographs)
        {
            Assert.AreEqual(HttpStatusCode.NoContent, (await s_client.DeleteAsync($"people/gus/photographs/{photograph.Id}")).StatusCode);
        }

        await IsProblem(HttpStatusCode.NotFound, "not-found", await s_client.GetAsync("people/gus"));
    }

    [TestMethod]
    public async Task Form_ThatIsNone_IsRefusedByReason()
    {
        const string path = "people/eve/photographs";
        StringAssert.Contains(await IsProblem(HttpStatusCode.UnsupportedMediaType, "wrong-type", await s_client.PostAsync(path, Form(("a", s_pictures[0], null)))), "Part 1");
        StringAssert.Contains(await IsProblem(HttpStatusCode.UnsupportedMediaType, "wrong-type", await s_client.PostAsync(path, Form(("a", s_pictures[0], "image/jpeg"), ("name", "Eve"u8.ToArray(), "text/plain")))), "'name'");
        StringAssert.Contains(await IsProblem(HttpStatusCode.RequestEntityTooLarge, "too-large", await s_client.PostAsync(path, Form(("a", new byte[MaximumBytes + 1], "image/jpeg")))), "Photograph 1");
        StringAssert.Contains(
            await IsProblem(HttpStatusCode.RequestEntityTooLarge, "too-large", await s_client.PostAsync(path, Form([.. Enumerable.Range(0, 4).Select(i => ($"{i}", s_pictures[0], (string?)"image/jpeg"))]))), "more than 3");
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, "bad-request", await PostAsync(path, "--x--\r\n"u8.ToArray(), "multipart/form-data; boundary=x")), "no photograph");
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, "bad-request", await PostAsync(path, "--x\r\nContent-Type: image/jpeg\r\n\r\nno end"u8.ToArray(), "multipart/form-data; boundary=x")), "broken");
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, "bad-request", await s_client.PostAsync("identify", Form(("a", s_pictures[0], "image/jpeg"), ("b", s_pictures[0], "image/jpeg")))), "2 photographs");
        await IsProblem(HttpStatusCode.NotFound, "not-found", await s_client.GetAsync("people/eve"));
    }

    [TestMethod]
    public async Task Verify_TwoPhotographs_AreComparedAsTheEmbedderDoes()
    {
        using HttpResponseMessage same = await s_client.PostAsync("verify", Form(("first", s_pictures[0], "image/jpeg"), ("second", s_pictures[0], "image/jpeg")));
        VerifiedAnswer verified = await AnswerOf<VerifiedAnswer>(same);
        Assert.IsTrue(verified.IsSamePerson);
        Assert.AreEqual(1, verified.Score, 1e-5);
        using HttpResponseMessage other = await s_client.PostAsync("verify", Form(("first", s_pictures[0], "image/jpeg"), ("second", s_pictures[4], "image/jpeg")));
        VerifiedAnswer different = await AnswerOf<VerifiedAnswer>(other);
        FaceEmbedder embedder = s_app.Services.GetRequiredService<FaceEmbedder>();
        Assert.AreEqual((false, embedder.Verify(s_pictures[0], s_pictures[4]).Score), (different.IsSamePerson, different.Score));
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, "bad-request", await PostAsync("verify", s_pictures[0])), "1 photographs");
    }

    [TestMethod]
    public async Task Embed_APhotograph_GivesTheEmbeddersVector()
    {
        using HttpResponseMessage response = await PostAsync("embed", s_pictures[0]);
        EmbeddedAnswer answer = await AnswerOf<EmbeddedAnswer>(response);
        FaceEmbedder embedder = s_app.Services.GetRequiredService<FaceEmbedder>();
        FaceEmbedding expected = embedder.Embed(s_pictures[0]);
        Assert.AreEqual(expected.Fingerprint, answer.Fingerprint);
        FaceEmbedderTests.IsSame(expected.Vector, answer.Faces.Single().Embedding);
        ModelAnswer model = (await s_client.GetFromJsonAsync<ModelAnswer>("model"))!;
        Assert.AreEqual((expected.Fingerprint, expected.Vector.Length), (model.Fingerprint, model.EmbeddingSize));
    }

    [TestMethod]
    public async Task People_ByPages_AreListedOnceEach()
    {
        string[] ids = ["a", "B", "c d", "é", "日本", "a/b", "z"];
        foreach (string id in ids)
        {
            using HttpResponseMessage created = await PostAsync($"people/{Uri.EscapeDataString(id)}/photographs", s_pictures[1]);
        }

        var seen = new List<string>();
        for (string? next = "people?limit=2"; next is not null;)
        {
            PeopleAnswer page = (await s_client.GetFromJsonAsync<PeopleAnswer>(next))!;
            Assert.IsTrue(page.People.Count <= 2);
            seen.AddRange(page.People.Select(person => person.Id));

            // Who is erased between two pages moves nobody.
            using HttpResponseMessage deleted = await s_client.DeleteAsync($"people/{Uri.EscapeDataString(page.People[0].Id)}");
            Assert.AreEqual(HttpStatusCode.NoContent, deleted.StatusCode);
            next = page.Next;
        }

        CollectionAssert.AreEqual(ids.Order(StringComparer.Ordinal).ToArray(), seen);
        foreach (ListedPerson left in (await s_client.GetFromJsonAsync<PeopleAnswer>("people"))!.People)
        {
            using HttpResponseMessage deleted = await s_client.DeleteAsync($"people/{Uri.EscapeDataString(left.Id)}");
        }
    }

    [TestMethod]
    public async Task Rename_APerson_KeepsPhotographs()
    {
        using HttpResponseMessage created = await PostAsync("people/ida/photographs?name=Ida", s_pictures[1]);
        using HttpResponseMessage renamed = await s_client.PatchAsJsonAsync("people/ida", new RenameRequest("Ida B."));
        PersonAnswer ida = await AnswerOf<PersonAnswer>(renamed);
        Assert.AreEqual(("Ida B.", 1), (ida.Name, ida.Photographs.Count));
        await IsProblem(HttpStatusCode.NotFound, "not-found", await s_client.PatchAsJsonAsync("people/nobody", new RenameRequest("x")));
        await IsProblem(HttpStatusCode.BadRequest, "bad-request", await s_client.PatchAsJsonAsync("people/ida", new RenameRequest(" ")));
        await IsProblem(HttpStatusCode.BadRequest, "bad-request", await s_client.PatchAsync("people/ida", new StringContent("{", null, "application/json")));
        await IsProblem(HttpStatusCode.UnsupportedMediaType, "wrong-type", await s_client.PatchAsync("people/ida", new StringContent("{}", null, "text/plain")));
        using HttpResponseMessage deleted = await s_client.DeleteAsync("people/ida");
    }

    [TestMethod]
    [DataRow("a-1_B.9", true)]
    [DataRow("two words", false)]
    [DataRow("a,b", false)]
    [DataRow("12345678901234567890123456789012345678901234567890123456789012345", false)]
    public async Task Requests_HaveAnId_TheClientsIfItCanStandInALog(string id, bool isTaken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "people/nobody");
        request.Headers.TryAddWithoutValidation("X-Request-Id", id);
        using HttpResponseMessage response = await s_client.SendAsync(request);
        string answered = response.Headers.GetValues("X-Request-Id").Single();
        Assert.AreEqual(isTaken, answered == id);
        Assert.AreEqual(answered, (await AnswerOf<ServiceProblem>(response)).RequestId);
    }

    [TestMethod]
    public async Task Addresses_ThatThereAreNot_AreProblems()
    {
        await IsProblem(HttpStatusCode.NotFound, "not-found", await s_client.GetAsync("/"));
        await IsProblem(HttpStatusCode.NotFound, "not-found", await s_client.GetAsync("persons"));
        StringAssert.Contains(await IsProblem(HttpStatusCode.MethodNotAllowed, "other-method", await s_client.GetAsync("identify")), "POST");
    }

    /// <summary>A program that has nothing of the server's own: the endpoints answer for themselves.</summary>
    [TestMethod]
    public async Task Map_InAProgramOfItsOwn_AnswersProblems()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddFaceRecognition(WithThreshold(Options with { GalleryPath = null }, 0.5));
        await using WebApplication app = builder.Build();
        app.MapFaceRecognition("/faces");
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single() + "/faces/") };
        await IsProblem(HttpStatusCode.NotFound, "not-found", await client.GetAsync("people/a%2Fb"));
        await IsProblem(HttpStatusCode.BadRequest, "unreadable-photograph", await PostAsync("identify", [], client: client));
        using HttpResponseMessage created = await PostAsync("people/a%2Fb/photographs", s_pictures[0], client: client);
        Assert.AreEqual("/faces/people/a%2Fb", created.Headers.Location!.OriginalString);
        WebApplication without = WebApplication.CreateSlimBuilder().Build();
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => without.MapFaceRecognition()).Message, "AddFaceRecognition");
        await without.DisposeAsync();
    }

    [TestMethod]
    public void Options_OutOfRange_AreAllListed()
    {
        FaceServiceOptions bad = Options with { MaximumPhotographBytes = 0, MaximumPhotographs = 0, MaximumRequests = 0, UploadBytes = 0, RequestTimeout = TimeSpan.Zero, KeysPath = " ", RequestsPerMinute = 0, OpenGallery = (_, _) => null! };
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ServiceCollection().AddFaceRecognition(bad)).Message;
        foreach (string name in new[] { "MaximumPhotographBytes", "MaximumPhotographs", "MaximumRequests", "UploadBytes", "RequestTimeout", "KeysPath", "RequestsPerMinute", "OpenGallery" })
        {
            StringAssert.Contains(message, name);
        }
    }

    [TestMethod]
    [DataRow("http://0.0.0.0:5080", "other machines")]
    [DataRow("http://localhost:5080;http://*:80", "other machines")]
    [DataRow("http://faces.example", "other machines")]
    [DataRow("faces", "no address")]
    [DataRow("http://127.0.0.1:5080;http://[::1]:5080;http://localhost", null)]
    public void Server_ThatOthersCanReach_IsRefused(string urls, string? said)
    {
        IReadOnlyList<string> violations = new FaceServerOptions(Options) { Urls = urls }.Violations();
        Assert.HasCount(said is null ? 0 : 1, violations);
        StringAssert.Contains(violations.FirstOrDefault() ?? "", said ?? "");
        Assert.HasCount(said == "no address" ? 1 : 0, new FaceServerOptions(Options with { KeysPath = "keys.json" }) { Urls = urls }.Violations(), "With keys others may reach it.");
    }

    [TestMethod]
    public async Task Identify_NoFaceInThePhotograph_IsUnprocessable()
    {
        using var folder = new TemporaryFolder();
        byte[] photograph = EncodedImages.Gradient(90, 60, SKEncodedImageFormat.Png);
        string zip = FaceEmbedderTests.Detecting(folder, "blind", new DetectorModels.Scrfd(96, 64).ToBytes(), photograph).Zip;
        await using WebApplication app = await StartAsync(WithThreshold(Options with { ModelPath = zip, GalleryPath = Path.Combine(folder.FullName, "people.db") }, 0.5));
        using HttpClient client = ClientOf(app);
        StringAssert.Contains(await IsProblem(HttpStatusCode.UnprocessableEntity, "no-face", await PostAsync("identify", photograph, "image/png", client: client)), "no face");
        using HttpResponseMessage all = await PostAsync("identify?faces=all", photograph, "image/png", client: client);
        IdentifiedAnswer nobody = await AnswerOf<IdentifiedAnswer>(all);
        Assert.AreEqual((0, null), (nobody.Faces.Count, nobody.Threshold));
    }

    [TestMethod]
    public async Task Health_ModelReplacedByAnother_SaysSoAndRefuses()
    {
        using var folder = new TemporaryFolder();
        string zip = folder.Write("faces.zip", File.ReadAllBytes(Options.ModelPath));
        await using WebApplication app = await StartAsync(WithThreshold(Options with { ModelPath = zip, GalleryPath = Path.Combine(folder.FullName, "people.db") }, 0.5));
        using HttpClient client = ClientOf(app);
        Assert.AreEqual("{\"status\":\"ready\"}", await client.GetStringAsync("health/ready"));
        Assert.AreEqual("{\"status\":\"live\"}", await client.GetStringAsync("health/live"));

        IDataView data = Ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        using FaceEmbeddingTransformer other = FaceEmbeddingTransformerTests.Create(addMirrorImage: true);
        Ml.Model.Save(Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(other), data.Schema, zip);
        FaceEmbedder embedder = app.Services.GetRequiredService<FaceEmbedder>();
        Assert.IsTrue(SpinWait.SpinUntil(() => embedder.Fingerprint == other.Fingerprint || embedder.Look(), TimeSpan.FromSeconds(30)));
        StringAssert.Contains(await IsProblem(HttpStatusCode.ServiceUnavailable, "not-ready", await client.GetAsync("health/ready")), "replaced");
        Assert.AreEqual(HttpStatusCode.OK, (await client.GetAsync("health/live")).StatusCode);
        StringAssert.Contains(await IsProblem(HttpStatusCode.ServiceUnavailable, "not-ready", await PostAsync("identify", s_pictures[0], client: client)), "replaced");
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public async Task Health_GalleryRemoved_SaysSoAndTakesNoChange()
    {
        using var folder = new TemporaryFolder();
        string gallery = Path.Combine(folder.FullName, "people.db"), aside = Path.Combine(folder.FullName, "aside.db");
        await using WebApplication app = await StartAsync(WithThreshold(Options with { GalleryPath = gallery }, 0.5));
        using HttpClient client = ClientOf(app);
        using HttpResponseMessage enrolled = await PostAsync("people/ada/photographs", s_pictures[0], client: client);
        Assert.AreEqual(HttpStatusCode.Created, enrolled.StatusCode);
        File.Move(gallery, aside);
        StringAssert.Contains(await IsProblem(HttpStatusCode.ServiceUnavailable, "gallery-unavailable", await PostAsync("people/bob/photographs", s_pictures[2], client: client)), "moved or removed");
        StringAssert.Contains(await IsProblem(HttpStatusCode.ServiceUnavailable, "gallery-unavailable", await client.DeleteAsync("people/ada")), "moved or removed");
        StringAssert.Contains(await IsProblem(HttpStatusCode.ServiceUnavailable, "gallery-unavailable", await client.GetAsync("health/ready")), gallery);
        Assert.AreEqual("{\"status\":\"live\"}", await client.GetStringAsync("health/live"));
        File.Move(aside, gallery);
        Assert.AreEqual("{\"status\":\"ready\"}", await client.GetStringAsync("health/ready"));
        using HttpResponseMessage again = await PostAsync("people/bob/photographs", s_pictures[2], client: client);
        Assert.AreEqual(HttpStatusCode.Created, again.StatusCode);
    }

    [TestMethod]
    public async Task Start_ModelWithoutThreshold_FailsThenAndThere()
    {
        var error = await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => StartAsync(Options));
        StringAssert.Contains(error.Message, "CalibrateThreshold");
    }

    internal static HttpClient ClientOf(WebApplication app) => new() { BaseAddress = new Uri(app.Urls.Single() + "/v1/") };

    /// <summary>Starts the service on a free port.</summary>
    internal static Task<WebApplication> StartAsync(FaceServiceOptions options, params string[] allowedHosts) =>
        FaceServer.StartAsync(new FaceServerOptions(options) { Urls = "http://127.0.0.1:0", AllowedHosts = allowedHosts }, logging: null, CancellationToken.None);

    private static FaceServiceOptions WithThreshold(FaceServiceOptions options, double cosine) =>
        options with { Gallery = new FaceGalleryOptions { CosineThreshold = cosine }, Embedder = new FaceEmbedder.Options { Cosine = cosine } };

    private static async Task<EnrolledPhotograph> EnrolledAsync(HttpResponseMessage response) => (await AnswerOf<EnrolledAnswer>(response)).Photographs.Single();

    /// <summary>Makes a form of photographs, each with a name and a type of its own.</summary>
    private static MultipartFormDataContent Form(params (string Name, byte[] Bytes, string? Type)[] parts)
    {
        var form = new MultipartFormDataContent();
        foreach ((string name, byte[] bytes, string? type) in parts)
        {
            var part = new ByteArrayContent(bytes);
            part.Headers.ContentType = type is null ? null : new MediaTypeHeaderValue(type);
            form.Add(part, name, name + ".jpg");
        }

        return form;
    }

    private static async Task<HttpResponseMessage> PostAsync(string path, byte[] photograph, string type = "image/jpeg", bool isPatient = false, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(photograph) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        request.Headers.ExpectContinue = isPatient;
        return await (client ?? s_client).SendAsync(request);
    }

    private static async Task<IdentifiedFace> IdentifyAsync(byte[] photograph)
    {
        using HttpResponseMessage response = await PostAsync("identify", photograph);
        response.EnsureSuccessStatusCode();
        return (await AnswerOf<IdentifiedAnswer>(response)).Faces.Single();
    }

    internal static async Task<T> AnswerOf<T>(HttpResponseMessage response) => (await response.Content.ReadFromJsonAsync<T>())!;

    /// <summary>Checks that an answer is a problem of a kind, with the id of the request.</summary>
    /// <returns>Why.</returns>
    internal static async Task<string> IsProblem(HttpStatusCode expected, string kind, HttpResponseMessage response)
    {
        using HttpResponseMessage owned = response;
        Assert.AreEqual(expected, response.StatusCode, await response.Content.ReadAsStringAsync());
        Assert.AreEqual("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        ServiceProblem problem = (await response.Content.ReadFromJsonAsync<ServiceProblem>())!;
        Assert.AreEqual(("urn:arcface:problem:" + kind, (int)expected, response.Headers.GetValues("X-Request-Id").Single()), (problem.Type, problem.Status, problem.RequestId));
        Assert.IsTrue(problem.Title.EndsWith('.') && problem.Detail.Length > 0);
        return problem.Detail;
    }
}
