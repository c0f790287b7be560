using System.Runtime.InteropServices;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>Turns Ctrl+C and a request to terminate into a token; the second one ends the process at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _signals;

    public StopSignals() => _signals = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop)];

    public CancellationToken Token => _stop.Token;

    public void Dispose()
    {
        Array.ForEach(_signals, signal => signal.Dispose());
        _stop.Dispose();
    }

    private void Stop(PosixSignalContext signal)
    {
        // What is not canceled here does what it does by default: it ends the process.
        if (!_stop.IsCancellationRequested)
        {
            signal.Cancel = true;
            _ = _stop.CancelAsync();
        }
    }
}
