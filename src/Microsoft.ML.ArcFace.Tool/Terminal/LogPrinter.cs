using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>Prints ML.NET's log while it lives: warnings always, everything else if asked to.</summary>
internal sealed class LogPrinter : IDisposable
{
    private readonly MLContext _ml;
    private readonly bool _verbose;
    private readonly Action<string> _print;

    /// <param name="ml">Whose log.</param>
    /// <param name="verbose">Whether everything is printed.</param>
    /// <param name="print">Takes the lines; null: they go to standard error.</param>
    public LogPrinter(MLContext ml, bool verbose, Action<string>? print = null)
    {
        (_ml, _verbose, _print) = (ml, verbose, print ?? Console.Error.WriteLine);
        ml.Log += Print;
    }

    public void Dispose() => _ml.Log -= Print;

    private void Print(object? sender, LoggingEventArgs line)
    {
        if (line.Kind is ChannelMessageKind.Warning or ChannelMessageKind.Error || (_verbose && line.Kind == ChannelMessageKind.Info))
        {
            _print(TerminalText.OfMessage(_verbose ? line.Message : line.RawMessage));
        }
    }
}
