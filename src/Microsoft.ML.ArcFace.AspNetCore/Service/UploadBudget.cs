using System.Buffers;
using System.Numerics;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Microsoft.ML.ArcFace.Service;

/// <summary>
/// Bounds requests with photographs and the memory that their bodies take together, before any of them is read: what does not
/// fit waits, unread, and whoever comes after too many others is told to come back.
/// </summary>
internal sealed class UploadBudget(FaceServiceOptions options) : IDisposable
{
    private const int BytesOfPermit = 1 << 12;
    private const int SlowestBytesPerSecond = 16 << 10;

    // The pool's arrays are powers of two; it keeps as many as are in use at once, where the shared one keeps one for each thread, too.
    private readonly ArrayPool<byte> _pool = ArrayPool<byte>.Create((int)MemoryFor(options.MaximumRequestBytes), (int)Math.Clamp(options.UploadBytes / MemoryFor(options.MaximumRequestBytes), 1, 1024));

    private readonly ConcurrencyLimiter _requests = new(new ConcurrencyLimiterOptions { PermitLimit = options.MaximumRequests, QueueLimit = 0 });

    private readonly ConcurrencyLimiter _bytes = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = Permits(Math.Max(options.UploadBytes, MemoryFor(options.MaximumRequestBytes))),
        QueueLimit = int.MaxValue,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>Reads the photographs of a request and has them used; their bytes are valid until then.</summary>
    /// <exception cref="RefusedException">There are too many requests, it is too large, or of another type.</exception>
    public async Task<T> UseAsync<T>(HttpRequest request, Func<IReadOnlyList<UploadedPhotograph>, CancellationToken, Task<T>> use, CancellationToken cancellationToken)
    {
        UploadType type = UploadType.Of(request);
        int most = type.Boundary is null ? options.MaximumPhotographBytes : options.MaximumRequestBytes;
        if (request.ContentLength > most)
        {
            throw new RefusedException(ProblemKind.TooLarge, $"The body has {request.ContentLength} bytes; allowed are {most}. {UploadType.Smaller}");
        }

        SetLimits(request.HttpContext, most);
        using RateLimitLease entry = _requests.AttemptAcquire();
        if (!entry.IsAcquired)
        {
            throw new RefusedException(ProblemKind.Busy, "Too many photographs are being sent. Send it again in a few seconds.");
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(options.RequestTimeout);
        int length = (int)(request.ContentLength ?? most);
        using RateLimitLease memory = await _bytes.AcquireAsync(Permits(MemoryFor(length)), timeout.Token);
        byte[] bytes = _pool.Rent(Math.Max(1, length));
        try
        {
            int read = await request.Body.ReadAtLeastAsync(bytes.AsMemory(0, length), length, throwOnEndOfStream: false, timeout.Token);
            return await use(await type.ReadAsync(bytes.AsMemory(0, read), options, timeout.Token), timeout.Token);
        }
        finally
        {
            _pool.Return(bytes);
        }
    }

    public void Dispose()
    {
        _requests.Dispose();
        _bytes.Dispose();
    }

    /// <summary>Has the server refuse what is too large or too slow.</summary>
    private static void SetLimits(HttpContext context, long most)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = most;
        }

        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = new MinDataRate(SlowestBytesPerSecond, gracePeriod: TimeSpan.FromSeconds(5));
        }
    }

    private static long MemoryFor(long length) => (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(1, length));

    private static int Permits(long bytes) => (int)Math.Clamp((bytes + BytesOfPermit - 1) / BytesOfPermit, 1, int.MaxValue);
}
