using Microsoft.Extensions.Logging;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Recognition;

/// <summary>Writes into ML.NET's log what a gallery has to tell.</summary>
internal sealed class HostLogger(IHostEnvironment environment, string name) : ILogger
{
    private readonly IHost _host = environment.Register(name);

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Information and not LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        using IChannel channel = _host.Start(name);
        string message = formatter(state, exception);
        if (logLevel >= LogLevel.Warning)
        {
            channel.Warning(message);
        }
        else if (IsEnabled(logLevel))
        {
            channel.Info(message);
        }
    }
}
