using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Numerics.Tensors;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.ML.ArcFace.Samples;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.Serving;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Samples;

/// <summary>The service as its clients see it: over HTTP, on a free port.</summary>
[TestClass]
public class WebApiTests
{
    private const int MaximumBytes = 100_000;

    private static readonly MLContext Ml = new(seed: 1);
    private static DrawnPeople s_people = null!;
    private static byte[][] s_pictures = [];
    private static WebApplication s_app = null!;
    private static HttpClient s_client = null!;

    private static WebApiSettings Settings => new(Path.Combine(s_people.Folder, "faces.zip"), Path.Combine(s_people.Folder, "people.db")) { Urls = "http://127.0.0.1:0", MaximumBytes = MaximumBytes };

    [ClassInitialize]
    public static async Task Start(TestContext _)
    {
        s_people = new DrawnPeople(people: 3, picturesPerPerson: 2);
        IDataView data = Ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        s_pictures = [.. data.GetColumn<string>("ImagePath").Select(File.ReadAllBytes)];
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        ITransformer model = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(embedding);
        Ml.Model.Save(model, data.Schema, Settings.Model);

        // The network was not trained: only a photograph itself is like itself.
        float[][] vectors = [.. model.Transform(data).GetColumn<float[]>("Embedding")];
        double nearest = vectors.SelectMany((first, i) => vectors.Skip(i + 1).Select(second => (double)TensorPrimitives.Dot<float>(first, second))).Max();
        Assert.IsLessThan(1 - 1e-5, nearest);
        s_app = await WebApi.StartAsync(Settings with { Cosine = (1 + nearest) / 2 }, CancellationToken.None);
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
        StringAssert.Contains(await IsProblem(HttpStatusCode.Conflict, await PostAsync("identify", s_pictures[0])), "empty");

        using HttpResponseMessage created = await PostAsync("people/ada%20l/photographs?name=Ada", s_pictures[0]);
        Assert.AreEqual(HttpStatusCode.Created, created.StatusCode);
        Assert.AreEqual("/people?id=ada%20l", created.Headers.Location!.OriginalString);
        EnrolledPhotograph photograph = await AnswerOf<EnrolledPhotograph>(created);
        Assert.AreEqual(("ada l", EnrollmentOutcome.Enrolled, null, false), (photograph.PersonId, photograph.Outcome, photograph.Faces, photograph.SeveralFaces));
        using HttpResponseMessage again = await PostAsync("people/ada%20l/photographs", s_pictures[0]);
        Assert.AreEqual(HttpStatusCode.OK, again.StatusCode);
        Assert.AreEqual(photograph with { Outcome = EnrollmentOutcome.AlreadyThere }, await AnswerOf<EnrolledPhotograph>(again));
        GalleryPerson person = (await s_client.GetFromJsonAsync<GalleryPerson>(created.Headers.Location))!;
        Assert.AreEqual(("ada l", "Ada", photograph.PhotographId), (person.Id, person.Name, person.Photographs.Single().Id));

        IdentifiedFace known = await IdentifyAsync(s_pictures[0]);
        Assert.AreEqual(IdentificationOutcome.Match, known.Outcome);
        PossiblePerson found = known.Candidates.Single();
        Assert.AreEqual(("ada l", "Ada"), (found.PersonId, found.Name));
        Assert.AreEqual(1, found.Score, 1e-5);
        IdentifiedFace stranger = await IdentifyAsync(s_pictures[4]);
        Assert.AreEqual(IdentificationOutcome.Unknown, stranger.Outcome);
        Assert.IsEmpty(stranger.Candidates, "A stranger learns nothing of who is enrolled.");

        // The same photograph under another name: nobody can tell.
        using HttpResponseMessage twin = await PostAsync("people/twin/photographs", s_pictures[0]);
        IdentifiedFace either = await IdentifyAsync(s_pictures[0]);
        Assert.AreEqual(IdentificationOutcome.Ambiguous, either.Outcome);
        CollectionAssert.AreEquivalent(new[] { "ada l", "twin" }, either.Candidates.Select(candidate => candidate.PersonId).ToArray());

        foreach (string id in new[] { "twin", "ada%20l" })
        {
            using HttpResponseMessage deleted = await s_client.DeleteAsync($"people/{id}");
            Assert.AreEqual(HttpStatusCode.NoContent, deleted.StatusCode);
            await IsProblem(HttpStatusCode.NotFound, await s_client.DeleteAsync($"people/{id}"));
            await IsProblem(HttpStatusCode.NotFound, await s_client.GetAsync($"people/{id}"));
        }

        await IsProblem(HttpStatusCode.Conflict, await PostAsync("identify", s_pictures[0]));
    }

    [TestMethod]
    public async Task Enroll_SameSourceAgain_IsKeptOrReplacesTheOlder()
    {
        using HttpResponseMessage first = await PostAsync("people/fay/photographs?source=image.jpg", s_pictures[0]);
        using HttpResponseMessage beside = await PostAsync("people/fay/photographs?source=image.jpg", s_pictures[1]);
        EnrolledPhotograph kept = await AnswerOf<EnrolledPhotograph>(beside);
        Assert.AreEqual((HttpStatusCode.Created, EnrollmentOutcome.Enrolled, 1), (beside.StatusCode, kept.Outcome, kept.SameSource));
        using HttpResponseMessage instead = await PostAsync("people/fay/photographs?source=image.jpg&replace=true", s_pictures[2]);
        EnrolledPhotograph replaced = await AnswerOf<EnrolledPhotograph>(instead);
        Assert.AreEqual((HttpStatusCode.Created, EnrollmentOutcome.Replaced, 2), (instead.StatusCode, replaced.Outcome, replaced.SameSource));
        GalleryPerson fay = (await s_client.GetFromJsonAsync<GalleryPerson>("people/fay"))!;
        Assert.AreEqual((replaced.PhotographId, "image.jpg"), (fay.Photographs.Single().Id, fay.Photographs.Single().Source));
        using HttpResponseMessage deleted = await s_client.DeleteAsync("people/fay");
    }

    [TestMethod]
    public async Task Photographs_SeveralFaces_AreCountedAndRefusedWhenAsked()
    {
        using var folder = new TemporaryFolder();
        byte[] photograph = EncodedImages.Gradient(90, 60, SKEncodedImageFormat.Png);
        string zip = FaceEmbedderTests.Detecting(folder, "two", DetectorModels.Scrfd.TwoFaces().ToBytes(), photograph).Zip;
        await using WebApplication app = await WebApi.StartAsync(Settings with { Model = zip, Gallery = Path.Combine(folder.FullName, "people.db"), Cosine = 0.5 }, CancellationToken.None);
        using HttpClient client = ClientOf(app);
        StringAssert.Contains(await IsProblem(HttpStatusCode.UnprocessableEntity, await PostAsync("people/ada/photographs?oneFace=true", photograph, "image/png", client: client)), "2 faces");
        using HttpResponseMessage enrolled = await PostAsync("people/ada/photographs", photograph, "image/png", client: client);
        EnrolledPhotograph answer = await AnswerOf<EnrolledPhotograph>(enrolled);
        Assert.AreEqual((2, true), (answer.Faces, answer.SeveralFaces));
        using HttpResponseMessage identified = await PostAsync("identify", photograph, "image/png", client: client);
        IdentifiedFace found = await AnswerOf<IdentifiedFace>(identified);
        Assert.AreEqual((IdentificationOutcome.Match, 2, true), (found.Outcome, found.Faces, found.SeveralFaces));
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, await PostAsync("people/eve/photographs?oneFace=true", s_pictures[0])), "detector");
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
    [DataRow("people/eve/photographs")]
    public async Task Photographs_BadOnes_AreRefusedByStatusAndReason(string path)
    {
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, await PostAsync(path, [])), "empty");
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, await PostAsync(path, "no image"u8.ToArray())), "no jpg, png, bmp or webp");
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, await PostAsync(path, s_pictures[0][..^200])), "truncated");
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, await PostAsync(path, EncodedImages.PngOfHeaderOnly(60_000, 60_000))), "60000×60000");
        await IsProblem(HttpStatusCode.RequestEntityTooLarge, await PostAsync(path, new byte[MaximumBytes + 1], isPatient: true));
        await IsProblem(HttpStatusCode.UnsupportedMediaType, await PostAsync(path, s_pictures[0], "text/plain"));
        await IsProblem(HttpStatusCode.MethodNotAllowed, await s_client.PutAsync(path, null));
        using HttpResponseMessage after = await s_client.GetAsync("people/eve");
        Assert.AreEqual(HttpStatusCode.NotFound, after.StatusCode, "Nothing was enrolled.");
    }

    [TestMethod]
    public async Task Photographs_WithoutLength_AreStoppedAtTheLimit()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "people/eve/photographs") { Content = new StreamContent(new MemoryStream(new byte[MaximumBytes + 1])) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("image/png");
        request.Headers.TransferEncodingChunked = true;
        await IsProblem(HttpStatusCode.RequestEntityTooLarge, await s_client.SendAsync(request));
    }

    [TestMethod]
    public async Task Enroll_WithoutAnId_OrUnderAnotherName_IsRefused()
    {
        await IsProblem(HttpStatusCode.BadRequest, await PostAsync("people/%20/photographs", s_pictures[0]));
        using HttpResponseMessage created = await PostAsync("people/bob/photographs?name=Bob", s_pictures[3]);
        StringAssert.Contains(await IsProblem(HttpStatusCode.BadRequest, await PostAsync("people/bob/photographs?name=Rob", s_pictures[3])), "'Bob'");
        using HttpResponseMessage deleted = await s_client.DeleteAsync("people/bob");
    }

    [TestMethod]
    public async Task Identify_NoFaceInThePhotograph_IsUnprocessable()
    {
        using var folder = new TemporaryFolder();
        byte[] photograph = EncodedImages.Gradient(90, 60, SKEncodedImageFormat.Png);
        string zip = FaceEmbedderTests.Detecting(folder, "blind", new DetectorModels.Scrfd(96, 64).ToBytes(), photograph).Zip;
        await using WebApplication app = await WebApi.StartAsync(Settings with { Model = zip, Gallery = Path.Combine(folder.FullName, "people.db"), Cosine = 0.5 }, CancellationToken.None);
        using HttpClient client = ClientOf(app);
        StringAssert.Contains(await IsProblem(HttpStatusCode.UnprocessableEntity, await PostAsync("identify", photograph, "image/png", client: client)), "no face");
    }

    [TestMethod]
    public async Task Health_ModelReplacedByAnother_SaysSoAndRefuses()
    {
        using var folder = new TemporaryFolder();
        string zip = folder.Write("faces.zip", File.ReadAllBytes(Settings.Model));
        await using WebApplication app = await WebApi.StartAsync(Settings with { Model = zip, Gallery = Path.Combine(folder.FullName, "people.db"), Cosine = 0.5 }, CancellationToken.None);
        using HttpClient client = ClientOf(app);
        Assert.AreEqual("Healthy", await client.GetStringAsync("health"));

        IDataView data = Ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        using FaceEmbeddingTransformer other = FaceEmbeddingTransformerTests.Create(addMirrorImage: true);
        Ml.Model.Save(Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(other), data.Schema, zip);
        FaceEmbedder embedder = app.Services.GetRequiredService<FaceEmbedder>();
        Assert.IsTrue(SpinWait.SpinUntil(() => embedder.Fingerprint == other.Fingerprint || embedder.Look(), TimeSpan.FromSeconds(30)));
        using HttpResponseMessage health = await client.GetAsync("health");
        Assert.AreEqual((HttpStatusCode.ServiceUnavailable, "Unhealthy"), (health.StatusCode, await health.Content.ReadAsStringAsync()));
        StringAssert.Contains(await IsProblem(HttpStatusCode.ServiceUnavailable, await PostAsync("identify", s_pictures[0], client: client)), "replaced");
    }

    [TestMethod]
    public async Task Start_ModelWithoutThreshold_FailsThenAndThere()
    {
        var error = await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => WebApi.StartAsync(Settings, CancellationToken.None));
        StringAssert.Contains(error.Message, "CalibrateThreshold");
    }

    internal static HttpClient ClientOf(WebApplication app) => new() { BaseAddress = new Uri(app.Urls.Single()) };

    private static async Task<HttpResponseMessage> PostAsync(string path, byte[] photograph, string type = "image/jpeg", bool isPatient = false, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(photograph) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        request.Headers.ExpectContinue = isPatient;
        return await (client ?? s_client).SendAsync(request);
    }

    private static async Task<IdentifiedFace> IdentifyAsync(byte[] photograph)
    {
        using HttpResponseMessage response = await PostAsync("identify", photograph);
        response.EnsureSuccessStatusCode();
        return await AnswerOf<IdentifiedFace>(response);
    }

    internal static async Task<T> AnswerOf<T>(HttpResponseMessage response)
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web) { Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };
        return (await response.Content.ReadFromJsonAsync<T>(options))!;
    }

    /// <returns>Why.</returns>
    internal static async Task<string> IsProblem(HttpStatusCode expected, HttpResponseMessage response)
    {
        using HttpResponseMessage owned = response;
        Assert.AreEqual(expected, response.StatusCode);
        Assert.AreEqual("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        ProblemDetails problem = (await response.Content.ReadFromJsonAsync<ProblemDetails>())!;
        Assert.AreEqual((int)expected, problem.Status);
        return problem.Detail ?? "";
    }
}
