using Spectre.Console;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>Shows how training goes: a bar on a terminal, a line each epoch (or quarter of a minute) elsewhere.</summary>
internal sealed class TrainingDisplay : IDisposable
{
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(15);

    private readonly TaskCompletionSource _finished = new();
    private readonly Task? _bar;
    private readonly TextWriter _output;
    private readonly IAnsiConsole _console;
    private ProgressTask? _task;
    private long _lastLine = Environment.TickCount64;

    /// <param name="output">Where it is shown; null: standard output.</param>
    public TrainingDisplay(TextWriter? output = null)
    {
        _output = output ?? Console.Out;
        _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(_output) });
        if (_console.Profile.Out.IsTerminal)
        {
            _bar = _console.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn())
                .StartAsync(context =>
                {
                    _task = context.AddTask("   starting");
                    return _finished.Task;
                });
        }
    }

    /// <summary>Called by the trainer several times a minute and after each epoch.</summary>
    public void Show(TrainingProgress progress)
    {
        string line = $"   epoch {progress.Epoch}/{progress.Epochs}  step {progress.Step}/{progress.Steps}  loss {progress.Loss:F2}{(progress.MarginFraction < 1 ? FormattableString.Invariant($"  margin {progress.MarginFraction * 100:F0} %") : "")}  {progress.ImagesPerSecond:F0} pictures/s  {progress.EstimatedTimeRemaining.ToString(progress.EstimatedTimeRemaining.TotalHours < 1 ? @"m\:ss" : "c")} left";
        if (_task is { } task)
        {
            task.Description = line;
            task.Value = 100.0 * progress.Step / progress.Steps;
        }
        else if (progress.IsEpochEnd || Environment.TickCount64 - _lastLine > LineInterval.TotalMilliseconds)
        {
            _lastLine = Environment.TickCount64;
            _output.WriteLine(line);
        }

        if (progress.Remark is { } remark)
        {
            // A bar keeps its place below what its console writes.
            Action<string> write = _task is null ? _output.WriteLine : _console.WriteLine;
            write($"   {remark}");
        }
    }

    public void Dispose()
    {
        _finished.TrySetResult();
        _bar?.GetAwaiter().GetResult();
    }
}
