using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Microsoft.ML.ArcFace.Samples.Web;

/// <summary>
/// Bounds the memory that all uploads take together, before any of them is read: what does not fit waits, and what would wait
/// behind too many others is sent away with 503 and Retry-After.
/// </summary>
internal sealed class UploadBudget(WebApiSettings settings) : IDisposable
{
    private const int BytesOfPermit = 1 << 12, BytesUnread = 1 << 16;
    private const int SlowestBytesPerSecond = 16 << 10;

    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = Permits(Math.Max(settings.UploadBytes, Upload.MemoryFor(settings.MaximumBytes))),
        QueueLimit = Permits(Math.Max(settings.WaitingBytes, Upload.MemoryFor(settings.MaximumBytes))),
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>Has the server refuse what is too large or too slow, and keep little of a body that waits.</summary>
    public static void SetLimits(KestrelServerLimits limits, WebApiSettings settings)
    {
        limits.MaxRequestBodySize = settings.MaximumBytes;
        limits.MaxRequestBufferSize = BytesUnread;
        limits.MinRequestBodyDataRate = new MinDataRate(SlowestBytesPerSecond, gracePeriod: TimeSpan.FromSeconds(5));
    }

    /// <summary>Lets a request on when its body fits; a body of unknown length counts as the largest.</summary>
    public async ValueTask<object?> EnterAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        HttpContext http = context.HttpContext;
        long length = Upload.LengthOf(http.Request, settings.MaximumBytes);
        if (length > settings.MaximumBytes)
        {
            return TypedResults.Problem($"The photograph has {length} bytes; allowed are {settings.MaximumBytes}.", statusCode: StatusCodes.Status413PayloadTooLarge);
        }

        using RateLimitLease lease = await _limiter.AcquireAsync(Permits(Upload.MemoryFor(length)), http.RequestAborted);
        if (!lease.IsAcquired)
        {
            http.Response.Headers.RetryAfter = "5";
            return TypedResults.Problem("Too many photographs are being uploaded. Send it again in a few seconds.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }

        return await next(context);
    }

    public void Dispose() => _limiter.Dispose();

    private static int Permits(long bytes) => (int)Math.Max(1, (bytes + BytesOfPermit - 1) / BytesOfPermit);
}
