using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.ML.ArcFace.Samples.Web;

namespace Microsoft.ML.ArcFace.Samples;

/// <summary>
/// Serves face recognition over HTTP: enroll, list, identify, erase. A photograph is the body of a request. Ids travel in the
/// query, where any text can: /people?id=a%2Fb; in the path only those without / and %. An enrolled photograph is answered with
/// 201, one that was there already with 200. Errors are ProblemDetails: 400 no readable image, 403 sent by a page of another
/// origin, 409 nobody can be identified in an empty gallery, 413 too large, 415 no image type, 422 no usable face in it (or
/// several, with oneFace=true), 503 too many uploads at once, the model was replaced or the gallery cannot be written.
/// Whoever reaches this service may use it: before it leaves your machine, add authentication (RequireAuthorization) and HTTPS.
/// </summary>
internal static class WebApi
{
    private const int ListedAtOnce = 1000;

    /// <summary>Loads the model, opens the gallery, listens.</summary>
    /// <exception cref="InvalidOperationException">The model is not calibrated, and the settings give no threshold.</exception>
    public static async Task<WebApplication> StartAsync(WebApiSettings settings, CancellationToken cancellationToken)
    {
        WebApplication app = Create(settings);
        try
        {
            // A bad model or gallery ends the start, not the first request.
            _ = app.Services.GetRequiredService<IFaceGallery>();
            await app.StartAsync(cancellationToken);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    private static WebApplication Create(WebApiSettings settings)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls(settings.Urls);
        builder.WebHost.ConfigureKestrel(kestrel => UploadBudget.SetLimits(kestrel.Limits, settings));
        builder.Services.Configure<HostFilteringOptions>(hosts => (hosts.AllowedHosts, hosts.AllowEmptyHosts) = (RequestChecks.AllowedHosts(settings), false));
        builder.Services.AddFaceEmbedder(settings.Model, new FaceEmbedder.Options { RequireAligned = settings.RequireAligned, DecodingBytes = settings.DecodingBytes });
        builder.Services.AddSingleton(provider => OpenGallery(provider.GetRequiredService<FaceEmbedder>(), settings));
        builder.Services.AddSingleton<IFaceGallery>(provider => provider.GetRequiredService<FaceGallery>());
        builder.Services.AddSingleton<FaceService>().AddSingleton<UploadBudget>().AddSingleton(settings);
        builder.Services.AddHealthChecks().AddCheck<ModelCheck>("model");
        builder.Services.AddProblemDetails().AddExceptionHandler<Refusals>();
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, WebApiJson.Default);
            json.SerializerOptions.Converters.Add(new JsonStringEnumConverter<IdentificationOutcome>(JsonNamingPolicy.CamelCase));
            json.SerializerOptions.Converters.Add(new JsonStringEnumConverter<EnrollmentOutcome>(JsonNamingPolicy.CamelCase));
        });

        WebApplication app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.Use(RequestChecks.RefuseOtherOrigins);
        app.Use(RequestChecks.RefuseAmbiguousQueries);
        app.MapHealthChecks("/health");
        app.MapPost("/people/photographs", EnrollAsync).AcceptsPhotographs();
        app.MapGet("/people", FindOrList);
        app.MapDelete("/people", DeleteAsync);
        app.MapPost("/identify", IdentifyAsync).AcceptsPhotographs();
        RouteGroupBuilder person = app.MapGroup("/people/{id}").AddEndpointFilter(RequestChecks.RefuseEscapedIds);
        person.MapPost("photographs", EnrollAsync).AcceptsPhotographs();
        person.MapGet("", FindAsync);
        person.MapDelete("", DeleteAsync);
        return app;
    }

    private static void AcceptsPhotographs(this RouteHandlerBuilder endpoint) => endpoint
        .Accepts<Stream>(RequestChecks.PhotographTypes[0], RequestChecks.PhotographTypes[1..])
        .AddEndpointFilter(RequestChecks.RequirePhotographType)
        .AddEndpointFilter((context, next) => context.HttpContext.RequestServices.GetRequiredService<UploadBudget>().EnterAsync(context, next));

    private static FaceGallery OpenGallery(FaceEmbedder embedder, WebApiSettings settings)
    {
        FaceGalleryModel model = embedder.GetGalleryModel();
        var options = new FaceGalleryOptions { CosineThreshold = settings.Cosine, EncryptionKey = settings.EncryptionKey };
        _ = options.ThresholdFor(model, vectorCount: 1);
        return new MLContext().FaceRecognition().CreateGalleryFor(model, settings.Gallery, options);
    }

    private static async Task<Results<Created<EnrolledPhotograph>, Ok<EnrolledPhotograph>>> EnrollAsync(
        string id, string? name, string? source, bool? replace, bool? oneFace, HttpRequest request, FaceService service, IFaceGallery gallery, CancellationToken cancellationToken)
    {
        FaceEmbedding embedding = await service.EmbedAsync(request, cancellationToken);
        if (oneFace is true)
        {
            if (embedding.Faces is null)
            {
                throw new BadHttpRequestException("oneFace=true takes a model with a detector: this one does not count faces.");
            }

            embedding.RequireOneFace("of the request");
        }

        FaceEnrollment result = (await gallery.EnrollAsync([new FaceToEnroll(id, embedding) { Name = name, Source = source }], replace ?? false, cancellationToken))[0];
        var answer = new EnrolledPhotograph(result.PersonId, result.Photograph.Id, result.Photograph.EnrolledAt, result.Outcome, result.SameSource.Count)
        {
            NotAligned = embedding.IsAligned ? 0 : 1,
            Faces = embedding.Faces?.Count,
            SeveralFaces = embedding.PassedOver is not null,
        };
        return result.Outcome == EnrollmentOutcome.AlreadyThere ? TypedResults.Ok(answer) : TypedResults.Created($"/people?id={Uri.EscapeDataString(result.PersonId)}", answer);
    }

    private static Results<Ok<GalleryPerson>, Ok<ListedPerson[]>, NotFound> FindOrList(string? id, int? skip, FaceGallery gallery) => id is null
        ? TypedResults.Ok(gallery.GetPeople().Skip(skip ?? 0).Take(ListedAtOnce).Select(person => new ListedPerson(person.Id, person.Name, person.Photographs.Count)).ToArray())
        : gallery.Find(id) is { } person ? TypedResults.Ok(person) : TypedResults.NotFound();

    private static async Task<Results<Ok<GalleryPerson>, NotFound>> FindAsync(string id, IFaceGallery gallery, CancellationToken cancellationToken) =>
        await gallery.FindAsync(id, cancellationToken) is { } person ? TypedResults.Ok(person) : TypedResults.NotFound();

    private static async Task<Results<NoContent, NotFound>> DeleteAsync(string id, IFaceGallery gallery, CancellationToken cancellationToken) =>
        await gallery.RemoveAsync(id, cancellationToken) ? TypedResults.NoContent() : TypedResults.NotFound();

    private static async Task<IdentifiedFace> IdentifyAsync(HttpRequest request, FaceService service, IFaceGallery gallery, CancellationToken cancellationToken)
    {
        FaceEmbedding embedding = await service.EmbedAsync(request, cancellationToken);
        FaceIdentification found = await gallery.IdentifyAsync(embedding, cancellationToken);
        if (found.Nearest is null)
        {
            throw new BadHttpRequestException("The gallery is empty, so nobody can be identified. Enroll people first: POST /people/ID/photographs.", StatusCodes.Status409Conflict);
        }

        // Whom a stranger resembles most is nobody's business.
        FaceCandidate?[] candidates = found.Outcome switch
        {
            IdentificationOutcome.Match => [found.Nearest],
            IdentificationOutcome.Ambiguous => [found.Nearest, found.RunnerUp],
            _ => [],
        };
        return new IdentifiedFace(found.Outcome, found.Threshold, [.. candidates.OfType<FaceCandidate>().Select(person => new PossiblePerson(person.PersonId, person.Name, person.Score))])
        {
            NotAligned = embedding.IsAligned ? 0 : 1,
            Faces = embedding.Faces?.Count,
            SeveralFaces = embedding.PassedOver is not null,
        };
    }

    /// <summary>From the body of a request to an embedding.</summary>
    private sealed class FaceService(FaceEmbedder embedder, WebApiSettings settings)
    {
        private readonly ArrayPool<byte> _uploads = Upload.CreatePool(settings);

        public async Task<FaceEmbedding> EmbedAsync(HttpRequest request, CancellationToken cancellationToken)
        {
            using var upload = new Upload(request, settings.MaximumBytes, _uploads);
            return await embedder.EmbedAsync(await upload.ReadAsync(cancellationToken), cancellationToken);
        }
    }

    /// <summary>Whether the service can answer.</summary>
    private sealed class ModelCheck(FaceEmbedder embedder, IFaceGallery gallery) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(embedder.Fingerprint == gallery.Model.Fingerprint ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(Refusals.ModelWasReplaced));
    }
}
