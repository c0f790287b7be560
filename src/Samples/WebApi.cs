using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Microsoft.ML.ArcFace.Samples;

/// <summary>What the service runs on.</summary>
/// <param name="Model">A calibrated .zip that begins with a photograph.</param>
/// <param name="Gallery">The SQLite file of the people; it is made if it is not there.</param>
internal sealed record WebApiSettings(string Model, string Gallery)
{
    public string Urls { get; init; } = "http://localhost:5080";

    /// <summary>Largest photograph.</summary>
    public int MaximumBytes { get; init; } = 10_000_000;

    /// <summary>A cosine to tell strangers by; null: the model's calibrated one.</summary>
    public double? Cosine { get; init; }

    /// <summary>Tells whether photographs that are no aligned faces of 112×112 pixels, and that no detector of the model aligns, are refused.</summary>
    public bool RequireAligned { get; init; }

    /// <summary>32 bytes that the gallery is encrypted with; null: it is not.</summary>
    public byte[]? EncryptionKey { get; init; }
}

/// <summary>Tells what became of a photograph that was sent to be enrolled.</summary>
/// <param name="PersonId">Who it is.</param>
/// <param name="PhotographId">The photograph in the gallery.</param>
/// <param name="EnrolledAt">When it was enrolled; long ago, if it was there already.</param>
/// <param name="Outcome">Enrolled, there already, or in the place of an older one of the same source.</param>
/// <param name="SameSource">Photographs of the person with the same source: kept beside a new one, gone where it took their place.</param>
internal sealed record EnrolledPhotograph(string PersonId, string PhotographId, DateTimeOffset EnrolledAt, EnrollmentOutcome Outcome, int SameSource)
{
    /// <summary>1 where the photograph was no aligned face and was cropped and resized, otherwise 0.</summary>
    public int NotAligned { get; init; }

    /// <summary>Faces on the photograph, of which the main one counts; null: the model has no detector.</summary>
    public int? Faces { get; init; }

    /// <summary>Tells whether another face of comparable size was passed over.</summary>
    public bool SeveralFaces { get; init; }
}

/// <summary>Somebody it may be.</summary>
internal sealed record PossiblePerson(string PersonId, string Name, double Score);

/// <summary>Who it is: one candidate in a match, two where they are about as near, nobody if it is a stranger.</summary>
internal sealed record IdentifiedFace(IdentificationOutcome Outcome, double Threshold, IReadOnlyList<PossiblePerson> Candidates)
{
    /// <summary>1 where the photograph was no aligned face and was cropped and resized, otherwise 0.</summary>
    public int NotAligned { get; init; }

    /// <summary>Faces on the photograph, of which the main one counts; null: the model has no detector.</summary>
    public int? Faces { get; init; }

    /// <summary>Tells whether another face of comparable size was passed over.</summary>
    public bool SeveralFaces { get; init; }
}

/// <summary>
/// Face recognition over HTTP: enroll, identify, delete. A photograph is the body of a request. An enrolled photograph is
/// answered with 201, one that was there already with 200. Errors are ProblemDetails: 400 no readable image, 409 nobody can be
/// identified in an empty gallery, 413 too large, 415 no image type, 422 no usable face in it (or several, with oneFace=true),
/// 503 the model was replaced or the gallery cannot be written.
/// Whoever reaches this service may use it: before it leaves your machine, add authentication (RequireAuthorization) and HTTPS.
/// </summary>
internal static class WebApi
{
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
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = settings.MaximumBytes);
        builder.Services.AddFaceEmbedder(settings.Model, new FaceEmbedder.Options { RequireAligned = settings.RequireAligned });
        builder.Services.AddSingleton(provider => OpenGallery(provider.GetRequiredService<FaceEmbedder>(), settings));
        builder.Services.AddSingleton<FaceService>().AddSingleton(settings);
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
        app.MapHealthChecks("/health");
        app.MapPost("/people/{id}/photographs", EnrollAsync).AcceptsPhotographs();
        app.MapGet("/people/{id}", FindAsync);
        app.MapDelete("/people/{id}", DeleteAsync);
        app.MapPost("/identify", IdentifyAsync).AcceptsPhotographs();
        return app;
    }

    private static void AcceptsPhotographs(this RouteHandlerBuilder endpoint) => endpoint
        .Accepts<Stream>("image/jpeg", "image/png", "image/webp", "image/bmp")
        .AddEndpointFilter(async (context, next) => context.HttpContext.Request.ContentType is null
            ? TypedResults.Problem("The request has no Content-Type. Send image/jpeg, image/png, image/webp or image/bmp.", statusCode: StatusCodes.Status415UnsupportedMediaType)
            : await next(context));

    private static IFaceGallery OpenGallery(FaceEmbedder embedder, WebApiSettings settings)
    {
        var model = new FaceGalleryModel(embedder.Fingerprint, embedder.EmbeddingSize, embedder.Threshold);
        var options = new FaceGalleryOptions { CosineThreshold = settings.Cosine, EncryptionKey = settings.EncryptionKey };
        _ = options.ThresholdFor(model, vectorCount: 1);
        return new MLContext().FaceRecognition().CreateGalleryFor(model, settings.Gallery, options);
    }

    private static async Task<Results<Created<EnrolledPhotograph>, Ok<EnrolledPhotograph>>> EnrollAsync(
        string id, string? name, string? source, bool? replace, bool? oneFace, Stream body, FaceService service, IFaceGallery gallery, CancellationToken cancellationToken)
    {
        FaceEmbedding embedding = await service.EmbedAsync(body, cancellationToken);
        if (oneFace is true)
        {
            if (embedding.Faces is null)
            {
                throw new BadHttpRequestException("oneFace=true takes a model with a detector: this one does not count faces.");
            }

            embedding.RequireOneFace("of the request");
        }

        FaceEnrollment result = (await gallery.EnrollAsync([new FaceToEnroll(id, embedding.Vector) { Name = name, Source = source }], replace ?? false, cancellationToken))[0];
        var answer = new EnrolledPhotograph(result.PersonId, result.Photograph.Id, result.Photograph.EnrolledAt, result.Outcome, result.SameSource.Count)
        {
            NotAligned = embedding.IsAligned ? 0 : 1,
            Faces = embedding.Faces?.Count,
            SeveralFaces = embedding.PassedOver is not null,
        };
        return result.Outcome == EnrollmentOutcome.AlreadyThere ? TypedResults.Ok(answer) : TypedResults.Created($"/people/{Uri.EscapeDataString(result.PersonId)}", answer);
    }

    private static async Task<Results<Ok<GalleryPerson>, NotFound>> FindAsync(string id, IFaceGallery gallery, CancellationToken cancellationToken) =>
        await gallery.FindAsync(id, cancellationToken) is { } person ? TypedResults.Ok(person) : TypedResults.NotFound();

    private static async Task<Results<NoContent, NotFound>> DeleteAsync(string id, IFaceGallery gallery, CancellationToken cancellationToken) =>
        await gallery.RemoveAsync(id, cancellationToken) ? TypedResults.NoContent() : TypedResults.NotFound();

    private static async Task<IdentifiedFace> IdentifyAsync(Stream body, FaceService service, IFaceGallery gallery, CancellationToken cancellationToken)
    {
        FaceEmbedding embedding = await service.EmbedAsync(body, cancellationToken);
        FaceIdentification found = await gallery.IdentifyAsync(embedding.Vector, cancellationToken);
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

    /// <summary>From the body of a request to a vector that the gallery can be asked about.</summary>
    private sealed class FaceService(FaceEmbedder embedder, IFaceGallery gallery, WebApiSettings settings)
    {
        /// <summary>False after a file of other weights took the model's place.</summary>
        public bool IsOfGallery(string fingerprint) => fingerprint == gallery.Model.Fingerprint;

        public async Task<FaceEmbedding> EmbedAsync(Stream body, CancellationToken cancellationToken)
        {
            FacePhotograph photograph = await FacePhotograph.ReadAsync(body, settings.MaximumBytes, cancellationToken);
            FaceEmbedding embedding = await embedder.EmbedAsync(photograph, cancellationToken);
            return IsOfGallery(embedding.Fingerprint) ? embedding : throw new BadHttpRequestException(ModelCheck.Replaced, StatusCodes.Status503ServiceUnavailable);
        }
    }

    /// <summary>Whether the service can answer.</summary>
    private sealed class ModelCheck(FaceEmbedder embedder, FaceService service) : IHealthCheck
    {
        public const string Replaced = "The model was replaced by another one than the gallery's people were embedded with. Restart the service with a gallery for it.";

        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(service.IsOfGallery(embedder.Fingerprint) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(Replaced));
    }

    /// <summary>What is wrong with a request, as ProblemDetails. Anything else stays a 500 that tells nothing.</summary>
    private sealed class Refusals(IProblemDetailsService problems) : IExceptionHandler
    {
        public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
        {
            int? status = exception switch
            {
                BadHttpRequestException request => request.StatusCode,
                FaceImageException or ArgumentException => StatusCodes.Status400BadRequest,
                FaceNotFoundException or SeveralFacesException or PresentationAttackException => StatusCodes.Status422UnprocessableEntity,
                FaceGalleryException { Problem: FaceGalleryProblem.ReadOnly } => StatusCodes.Status503ServiceUnavailable,
                _ => null,
            };
            if (status is null)
            {
                return false;
            }

            httpContext.Response.StatusCode = status.Value;
            return await problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = { Status = status, Detail = exception.Message } });
        }
    }
}

/// <summary>Lists the answers of the service.</summary>
[JsonSerializable(typeof(EnrolledPhotograph))]
[JsonSerializable(typeof(GalleryPerson))]
[JsonSerializable(typeof(IdentifiedFace))]
internal sealed partial class WebApiJson : JsonSerializerContext;
