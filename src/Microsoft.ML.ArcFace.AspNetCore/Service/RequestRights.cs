using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Microsoft.ML.ArcFace.Service;

/// <summary>Marks an endpoint with the right that it takes.</summary>
internal sealed record RequiredRight(ServiceRights Right);

/// <summary>
/// Tells who may do what, and how often. Keys are read anew when their file changed, so that a revoked one opens nothing within
/// a second. Whoever sends wrong keys is slowed down by address; a right key always passes.
/// </summary>
internal sealed partial class RequestRights : IDisposable
{
    private const string Scheme = "Bearer ";
    private const int WrongAtOnce = 10;

    private static readonly TimeSpan WrongEvery = TimeSpan.FromSeconds(6), LookEvery = TimeSpan.FromSeconds(1);

    private readonly string? _path;
    private readonly TimeProvider _clock;
    private readonly ILogger<RequestRights> _log;
    private readonly Lock _reading = new();
    private readonly PartitionedRateLimiter<string> _wrong, _requests;

    private ServiceKeyFile? _keys;
    private (DateTime Written, long Length) _stamp;
    private long _looked;

    public RequestRights(FaceServiceOptions options, ILogger<RequestRights> log, TimeProvider? clock = null)
    {
        (_path, _log, _clock) = (options.KeysPath, log, clock ?? TimeProvider.System);
        _wrong = Limiter(WrongAtOnce, tokens: 1, WrongEvery);
        _requests = options.RequestsPerMinute is { } perMinute ? Limiter(perMinute, perMinute, TimeSpan.FromMinutes(1)) : PartitionedRateLimiter.Create<string, string>(client => RateLimitPartition.GetNoLimiter(client));
        if (_path is not null)
        {
            (_keys, _stamp, _looked) = (ServiceKeyFile.Read(_path), StampOf(_path), _clock.GetTimestamp());
        }
    }

    /// <summary>Lets a request pass or not.</summary>
    /// <exception cref="RefusedException">It has no key, a wrong one, one that does not allow it, or comes too often.</exception>
    public void Check(HttpContext context)
    {
        ServiceRights right = context.GetEndpoint()?.Metadata.GetMetadata<RequiredRight>()?.Right ?? ServiceRights.None;
        if (right == ServiceRights.None)
        {
            return;
        }

        string client = ClientOf(context.Connection.RemoteIpAddress);
        if (_path is not null)
        {
            ServiceKey key = KeyOf(context, client);
            if ((key.Allowed & (right | ServiceRights.Administer)) == 0)
            {
                throw new RefusedException(ProblemKind.NotAllowed, $"The key '{key.Id}' allows {string.Join(" and ", key.Rights)}; this takes {right.ToString().ToLowerInvariant()}. Make one that does: arcface keys --add NAME --rights {right.ToString().ToLowerInvariant()}.");
            }

            client = key.Id;
        }

        using RateLimitLease lease = _requests.AttemptAcquire(client);
        if (!lease.IsAcquired)
        {
            throw new RefusedException(ProblemKind.TooOften, "This client sends too many requests. Send it again later.") { RetryAfter = RetryAfter(lease) };
        }
    }

    public void Dispose()
    {
        _wrong.Dispose();
        _requests.Dispose();
    }

    private ServiceKey KeyOf(HttpContext context, string client)
    {
        string header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && Keys().Find(header[Scheme.Length..].Trim()) is { } key)
        {
            return key;
        }

        if (header.Length > 0)
        {
            using RateLimitLease lease = _wrong.AttemptAcquire(client);
            if (!lease.IsAcquired)
            {
                throw new RefusedException(ProblemKind.TooOften, "Too many wrong keys were sent from this address. Send a right one, or wait.") { RetryAfter = RetryAfter(lease) };
            }

            LogWrong(context.TraceIdentifier, client);
        }

        throw new RefusedException(ProblemKind.NoKey, header.Length == 0 ? "The request has no key. Send Authorization: Bearer KEY; arcface keys makes one." : "The key is unknown or revoked. Send Authorization: Bearer KEY; arcface keys makes one.");
    }

    private ServiceKeyFile Keys()
    {
        lock (_reading)
        {
            if (_clock.GetElapsedTime(_looked) >= LookEvery)
            {
                _looked = _clock.GetTimestamp();
                try
                {
                    if (StampOf(_path!) is var stamp && stamp != _stamp)
                    {
                        (_keys, _stamp) = (ServiceKeyFile.Read(_path!), stamp);
                    }
                }
                catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException)
                {
                    LogUnreadable(error.Message);
                }
            }

            return _keys!;
        }
    }

    private static (DateTime Written, long Length) StampOf(string path) => (File.GetLastWriteTimeUtc(path), new FileInfo(path).Length);

    private static PartitionedRateLimiter<string> Limiter(int limit, int tokens, TimeSpan every) => PartitionedRateLimiter.Create<string, string>(client => RateLimitPartition.GetTokenBucketLimiter(
        client, _ => new TokenBucketRateLimiterOptions { TokenLimit = limit, TokensPerPeriod = tokens, ReplenishmentPeriod = every, QueueLimit = 0 }));

    private static string RetryAfter(RateLimitLease lease) =>
        lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan wait) ? Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture) : "5";

    /// <summary>Names a client by its address; a network of IPv6 has 64 bits of addresses for one client.</summary>
    private static string ClientOf(IPAddress? address)
    {
        if (address is { IsIPv4MappedToIPv6: true })
        {
            address = address.MapToIPv4();
        }

        return address is null ? "unknown" : address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }

    [LoggerMessage(LogLevel.Warning, "Request {RequestId} from {Client} has a wrong key")]
    private partial void LogWrong(string requestId, string client);

    [LoggerMessage(LogLevel.Error, "The keys cannot be read, and those from before are kept: {Reason}")]
    private partial void LogUnreadable(string reason);
}
