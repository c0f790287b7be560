using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Microsoft.ML.ArcFace.Service;

/// <summary>Says why a request was refused, as RFC 9457 writes problems.</summary>
/// <param name="Type">The kind of problem, which programs may go by.</param>
/// <param name="Title">The kind of problem in words.</param>
/// <param name="Status">The status of the answer.</param>
/// <param name="Detail">What is wrong with this request, and what to do.</param>
/// <param name="RequestId">The request in the log.</param>
internal sealed record ServiceProblem(string Type, string Title, int Status, string Detail, string RequestId);

/// <summary>Knows a kind of problem: the name by which programs tell it, the status, the words.</summary>
internal sealed record ProblemKind(string Name, int Status, string Title)
{
    public static readonly ProblemKind BadRequest = new("bad-request", StatusCodes.Status400BadRequest, "The request cannot be understood.");
    public static readonly ProblemKind UnreadablePhotograph = new("unreadable-photograph", StatusCodes.Status400BadRequest, "The photograph cannot be read.");
    public static readonly ProblemKind NoKey = new("no-key", StatusCodes.Status401Unauthorized, "The request has no key of this service.");
    public static readonly ProblemKind NotAllowed = new("not-allowed", StatusCodes.Status403Forbidden, "The key does not allow this.");
    public static readonly ProblemKind OtherOrigin = new("other-origin", StatusCodes.Status403Forbidden, "A page of another origin sent the request.");
    public static readonly ProblemKind NotFound = new("not-found", StatusCodes.Status404NotFound, "There is nothing of this name.");
    public static readonly ProblemKind OtherMethod = new("other-method", StatusCodes.Status405MethodNotAllowed, "The address takes other methods.");
    public static readonly ProblemKind TooSlow = new("too-slow", StatusCodes.Status408RequestTimeout, "The body came too slowly.");
    public static readonly ProblemKind EmptyGallery = new("empty-gallery", StatusCodes.Status409Conflict, "Nobody is enrolled.");
    public static readonly ProblemKind ReadOnly = new("read-only", StatusCodes.Status409Conflict, "The gallery is open for searching alone.");
    public static readonly ProblemKind TooLarge = new("too-large", StatusCodes.Status413PayloadTooLarge, "The request is too large.");
    public static readonly ProblemKind WrongType = new("wrong-type", StatusCodes.Status415UnsupportedMediaType, "The body is of another type.");
    public static readonly ProblemKind NoFace = new("no-face", StatusCodes.Status422UnprocessableEntity, "The photograph shows no face.");
    public static readonly ProblemKind SeveralFaces = new("several-faces", StatusCodes.Status422UnprocessableEntity, "The photograph shows several faces.");
    public static readonly ProblemKind TooManyFaces = new("too-many-faces", StatusCodes.Status422UnprocessableEntity, "The photograph shows more faces than are taken.");
    public static readonly ProblemKind PresentationAttack = new("presentation-attack", StatusCodes.Status422UnprocessableEntity, "The photograph shows no living face.");
    public static readonly ProblemKind TooOften = new("too-often", StatusCodes.Status429TooManyRequests, "The client sends too many requests.");
    public static readonly ProblemKind Internal = new("internal", StatusCodes.Status500InternalServerError, "The service failed.");
    public static readonly ProblemKind Busy = new("busy", StatusCodes.Status503ServiceUnavailable, "The service has too much to do.");
    public static readonly ProblemKind NotReady = new("not-ready", StatusCodes.Status503ServiceUnavailable, "The service cannot answer.");
    public static readonly ProblemKind GalleryUnavailable = new("gallery-unavailable", StatusCodes.Status503ServiceUnavailable, "The gallery cannot be reached or written.");

    private const string Prefix = "urn:arcface:problem:";

    public string Type => Prefix + Name;
}

/// <summary>Refuses a request.</summary>
internal sealed class RefusedException(ProblemKind kind, string detail) : Exception(detail)
{
    public ProblemKind Kind => kind;

    /// <summary>Seconds after which the client may come back; null: as the kind of problem says.</summary>
    public string? RetryAfter { get; init; }
}

/// <summary>Writes problems, and tells what exceptions mean to a client.</summary>
internal sealed partial class ServiceProblems(ILogger<ServiceProblems> log)
{
    public const string ModelWasReplaced = "The model was replaced by another one than the gallery's people were embedded with. Restart the service with a gallery for it.";

    /// <summary>Seconds after which a client may come back.</summary>
    private const string ComeBack = "5";

    /// <summary>Tells what an exception means.</summary>
    public (ProblemKind Kind, string Detail) Of(Exception error, HttpContext context)
    {
        switch (error)
        {
            case RefusedException refused:
                return (refused.Kind, refused.Message);
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } request:
                return (ProblemKind.TooLarge, request.Message);
            case BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } request:
                return (ProblemKind.TooSlow, $"{request.Message} Send it over a faster line, or make the photograph smaller.");
            case BadHttpRequestException request:
                return (ProblemKind.BadRequest, request.Message);
            case FaceImageException:
                return (ProblemKind.UnreadablePhotograph, error.Message);
            case FaceNotFoundException:
                return (ProblemKind.NoFace, error.Message);
            case SeveralFacesException:
                return (ProblemKind.SeveralFaces, error.Message);
            case TooManyFacesException:
                return (ProblemKind.TooManyFaces, error.Message);
            case PresentationAttackException:
                return (ProblemKind.PresentationAttack, error.Message);
            case FaceGalleryException gallery:
                LogGallery(context.TraceIdentifier, gallery.Problem, error.Message);
                return gallery.Problem switch
                {
                    FaceGalleryProblem.OtherModel => (ProblemKind.NotReady, ModelWasReplaced),
                    FaceGalleryProblem.ReadOnly => (ProblemKind.ReadOnly, error.Message),
                    FaceGalleryProblem.Unreachable or FaceGalleryProblem.InUse => (ProblemKind.GalleryUnavailable, error.Message),
                    _ => Failed(error, context),
                };
            case ArgumentException argument:
                return (ProblemKind.BadRequest, WithoutParameter(argument));
            case ObjectDisposedException:
                return (ProblemKind.NotReady, "The service is stopping. Send the request again in a few seconds.");
            case OperationCanceledException:
                return (ProblemKind.Busy, "The request was not answered in time, because the service has too much to do. Send it again in a few seconds.");
            default:
                return Failed(error, context);
        }
    }

    public async Task WriteAsync(HttpContext context, ProblemKind kind, string detail, string? retryAfter = null)
    {
        context.Response.StatusCode = kind.Status;
        context.Response.Headers.RetryAfter = retryAfter ?? (kind.Status == StatusCodes.Status503ServiceUnavailable ? ComeBack : null);
        context.Response.Headers.WWWAuthenticate = kind == ProblemKind.NoKey ? "Bearer" : null;

        await context.Response.WriteAsJsonAsync(
            new ServiceProblem(kind.Type, kind.Title, kind.Status, detail, context.TraceIdentifier), FaceServiceJson.Default.ServiceProblem, "application/problem+json", context.RequestAborted);
    }

    private (ProblemKind Kind, string Detail) Failed(Exception error, HttpContext context)
    {
        LogFailure(context.TraceIdentifier, error);
        return (ProblemKind.Internal, $"The service failed; its log says why, at request {context.TraceIdentifier}.");
    }

    /// <summary>.NET appends the parameter's name, which is of no use to a client.</summary>
    private static string WithoutParameter(ArgumentException error) => error.ParamName is { } name ? error.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : error.Message;

    [LoggerMessage(LogLevel.Error, "Request {RequestId}: the gallery could not serve ({Problem}): {Reason}")]
    private partial void LogGallery(string requestId, FaceGalleryProblem problem, string reason);

    [LoggerMessage(LogLevel.Error, "Request {RequestId} failed")]
    private partial void LogFailure(string requestId, Exception error);
}
