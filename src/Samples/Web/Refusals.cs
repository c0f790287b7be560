using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Microsoft.ML.ArcFace.Samples.Web;

/// <summary>What is wrong with a request, as ProblemDetails. Anything else stays a 500 that tells nothing.</summary>
internal sealed class Refusals(IProblemDetailsService problems) : IExceptionHandler
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
