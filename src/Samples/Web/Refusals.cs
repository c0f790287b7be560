using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Microsoft.ML.ArcFace.Samples.Web;

/// <summary>What is wrong with a request, as ProblemDetails. Anything else stays a 500 that tells nothing.</summary>
internal sealed partial class Refusals(IProblemDetailsService problems, ILogger<Refusals> log) : IExceptionHandler
{
    public const string ModelWasReplaced = "The model was replaced by another one than the gallery's people were embedded with. Restart the service with a gallery for it.";

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        int? status = exception switch
        {
            BadHttpRequestException request => request.StatusCode,
            FaceImageException or ArgumentException => StatusCodes.Status400BadRequest,
            FaceNotFoundException or SeveralFacesException or PresentationAttackException => StatusCodes.Status422UnprocessableEntity,
            FaceGalleryException { Problem: FaceGalleryProblem.ReadOnly or FaceGalleryProblem.Unreachable or FaceGalleryProblem.OtherModel } => StatusCodes.Status503ServiceUnavailable,
            _ => null,
        };
        if (status is null)
        {
            return false;
        }

        if (exception is FaceGalleryException)
        {
            // A full disk, or a model that was replaced, is for the operator to mend.
            LogGallery(exception.Message, exception);
        }

        string detail = exception is FaceGalleryException { Problem: FaceGalleryProblem.OtherModel } ? ModelWasReplaced : exception.Message;
        httpContext.Response.StatusCode = status.Value;
        return await problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = { Status = status, Detail = detail } });
    }

    [LoggerMessage(LogLevel.Error, "The gallery could not serve: {Reason}")]
    private partial void LogGallery(string reason, Exception error);
}
