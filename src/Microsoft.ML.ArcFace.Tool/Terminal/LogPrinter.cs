using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>Prints ML.NET's log on standard error while it lives: warnings always, everything else if asked to.</summary>
internal sealed class LogPrinter : IDisposable
{
    private readonly MLContext _ml;
    private readonly bool _verbose;
    private readonly TextWriter _error;

    public LogPrinter(MLContext ml, bool verbose, TextWriter? error = null)
    {
        (_ml, _verbose, _error) = (ml, verbose, error ?? Console.Error);
        ml.Log += Print;
    }

    public void Dispose() => _ml.Log -= Print;

    private void Print(object? sender, LoggingEventArgs line)
    {
        if (line.Kind is ChannelMessageKind.Warning or ChannelMessageKind.Error || (_verbose && line.Kind == ChannelMessageKind.Info))
        {
            _error.WriteLine(line.Message);
        }
    }
}
