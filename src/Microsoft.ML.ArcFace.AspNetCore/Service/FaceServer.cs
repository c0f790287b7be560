using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.ML.ArcFace.Gallery;

namespace Microsoft.ML.ArcFace.Service;

/// <summary>Says where a server of its own listens.</summary>
/// <param name="Service">What it runs on.</param>
internal sealed record FaceServerOptions(FaceServiceOptions Service)
{
    private static readonly string[] Wildcards = ["*", "+", "0.0.0.0", "[::]"];

    /// <summary>Where to listen, separated by semicolons.</summary>
    public string Urls { get; init; } = "http://localhost:5080";

    /// <summary>Names that clients may call the server by, besides localhost, 127.0.0.1, [::1] and the ones in <see cref="Urls"/>.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Lists the names by which the server may be called, against pages whose name is made to lead to this machine.</summary>
    public IList<string> Hosts => ["localhost", "127.0.0.1", "[::1]", .. Addresses.Select(address => address.Host).Except(Wildcards), .. AllowedHosts];

    /// <summary>Says why it cannot serve so, a sentence each: found before anything is opened or made.</summary>
    public IReadOnlyList<string> Violations()
    {
        try
        {
            string[] refused = [.. Addresses.Select(Refusal).OfType<string>(), .. MissingFolder() is { } missing ? [missing] : Array.Empty<string>()];
            return Addresses.Any() ? refused : [NoAddress];
        }
        catch (Exception error) when (error is FormatException or InvalidOperationException)
        {
            return [NoAddress];
        }
    }

    private string NoAddress => $"'{Urls}' is no address to listen on. Give one such as http://localhost:5080, several separated by semicolons.";

    private IEnumerable<BindingAddress> Addresses => Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(BindingAddress.Parse);

    private string? Refusal(BindingAddress address) =>
        !address.Scheme.Equals("http", StringComparison.OrdinalIgnoreCase) ? $"'{address}' cannot be listened on: the service speaks http alone. Give http://localhost:5080, and let a proxy before it speak https."
        : address.PathBase.Length > 0 ? $"'{address}' has a path, and addresses to listen on have none. Leave out '{address.PathBase}'."
        : address is { IsUnixPipe: false, IsNamedPipe: false, Port: < 0 or > IPEndPoint.MaxPort } ? $"'{address}' has the port {address.Port}; it must be from 0 to {IPEndPoint.MaxPort}."
        : address.Port == 0 && address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? $"'{address}' leaves the port to the system, which goes with a number alone. Give http://127.0.0.1:0."
        : Service.KeysPath is null && !IsLoopback(address.Host) ? $"'{address}' can be reached from other machines, and whoever reaches a service without keys may use it. Give it keys (--keys, KeysPath), or listen on http://localhost:{address.Port}."
        : null;

    /// <summary>A folder that is not there is most often a mistyped one, in which a new gallery would hide that.</summary>
    private string? MissingFolder() =>
        Service.GalleryPath is { Length: > 0 } path && Path.GetDirectoryName(GalleryCreation.TargetOf(Path.GetFullPath(path))) is { } folder && !Directory.Exists(folder)
            ? $"The gallery '{path}' would be in the folder '{folder}', which is not there. Check the path, or make the folder." : null;

    private static bool IsLoopback(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));
}

/// <summary>Runs the service as a server of its own, by its options alone: no configuration of the environment changes it.</summary>
internal static class FaceServer
{
    private const int BytesUnread = 1 << 16;

    /// <summary>Opens model and gallery, and listens.</summary>
    /// <param name="options">What it runs on, and where it listens.</param>
    /// <param name="logging">Where its log goes; null: nowhere.</param>
    /// <param name="cancellationToken">Stops the start.</param>
    /// <exception cref="InvalidOperationException">The model is not calibrated, and the options give no threshold.</exception>
    public static async Task<WebApplication> StartAsync(FaceServerOptions options, Action<ILoggingBuilder>? logging, CancellationToken cancellationToken)
    {
        WebApplication app = Create(options, logging);
        try
        {
            await app.StartAsync(cancellationToken);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    private static WebApplication Create(FaceServerOptions options, Action<ILoggingBuilder>? logging)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(options.Urls);
        builder.WebHost.ConfigureKestrel(kestrel => (kestrel.Limits.MaxRequestBufferSize, kestrel.AddServerHeader) = (BytesUnread, false));
        logging?.Invoke(builder.Logging);
        builder.Services.AddRouting().AddSingleton<IHostLifetime, StoppedByItsOwner>();
        builder.Services.AddHostFiltering(hosts => (hosts.AllowedHosts, hosts.AllowEmptyHosts) = (options.Hosts, false));
        builder.Services.AddFaceRecognition(options.Service);
        WebApplication app = builder.Build();
        app.UseHostFiltering();
        app.Use(RequestGuard.AnswerUnmatchedAsync);
        app.MapFaceRecognition();
        return app;
    }

    /// <summary>Leaves signals to the program.</summary>
    private sealed class StoppedByItsOwner : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
