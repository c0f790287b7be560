using System.Globalization;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>
/// Shows how long work goes: one line that changes in place on a terminal, a line now and then elsewhere. Work that is done
/// within a second is not shown. Other lines go through it, so that they do not run into the one that changes.
/// </summary>
internal sealed class ProgressDisplay : IDisposable
{
    private static readonly TimeSpan FirstShown = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TerminalInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);

    private readonly TextWriter _output;
    private readonly bool _isShown;
    private readonly bool _isTerminal;
    private readonly TimeProvider _clock;
    private readonly ITimer? _timer;
    private readonly Lock _lock = new();

    // Work within work, such as a validation within a training: the innermost is shown.
    private readonly List<Work> _works = [];
    private TrainingProgress? _training;
    private string _inPlace = "";

    /// <param name="output">Where it is shown; null: standard output.</param>
    /// <param name="isShown">Whether progress is shown at all; other lines are in any case.</param>
    /// <param name="clock">The time; null: the system's.</param>
    /// <param name="isTerminal">Whether a line can change in place; null: found out.</param>
    public ProgressDisplay(TextWriter? output = null, bool isShown = true, TimeProvider? clock = null, bool? isTerminal = null)
    {
        _output = output ?? Console.Out;
        _isShown = isShown;
        _isTerminal = isTerminal ?? ((_output == Console.Out && !Console.IsOutputRedirected) || (_output == Console.Error && !Console.IsErrorRedirected));
        _clock = clock ?? TimeProvider.System;
        _timer = isShown ? _clock.CreateTimer(_ => ShowIfDue(), null, TerminalInterval, TerminalInterval) : null;
    }

    /// <summary>Shows, whenever no other work is under way for long, that something is at work and since when, until the display is disposed of.</summary>
    public void ShowAtWork(string what)
    {
        lock (_lock)
        {
            _works.Insert(0, new Work(new FaceProgress(what, 0, null, 0, null, IsEnd: false), _clock.GetTimestamp()) { IsCounted = false });
        }
    }

    /// <summary>Shows how a piece of work goes.</summary>
    public void Show(FaceProgress progress)
    {
        lock (_lock)
        {
            Work? work = _works.Find(known => known.Progress.Work == progress.Work);
            if (progress.IsEnd)
            {
                End(work, progress);
                return;
            }

            if (work is null)
            {
                _works.Add(new Work(progress, _clock.GetTimestamp()));
            }
            else
            {
                work.Progress = progress;
            }

            ShowIfDue();
        }
    }

    /// <summary>Shows how a training goes; where lines are written, each epoch gets one.</summary>
    public void Show(TrainingProgress progress)
    {
        lock (_lock)
        {
            _training = progress;
            Show(new FaceProgress(FaceProgress.TrainingSteps, progress.Step, progress.Steps, PerSecond: 0, progress.EstimatedTimeRemaining, IsEnd: false));
            if (progress.IsEpochEnd && !_isTerminal)
            {
                Draw(_works.Find(work => work.Progress.Work == FaceProgress.TrainingSteps)!);
            }

            if (progress.Remark is { } remark && _isShown)
            {
                WriteLine(remark);
            }
        }
    }

    /// <summary>Writes a line that is not progress.</summary>
    public void WriteLine(string line)
    {
        lock (_lock)
        {
            Erase();
            _output.WriteLine(TerminalText.Of(line));
        }
    }

    public void Dispose()
    {
        _timer?.Dispose();
        lock (_lock)
        {
            _works.Clear();
            Erase();
        }
    }

    private void End(Work? work, FaceProgress progress)
    {
        if (work is null)
        {
            return;
        }

        _works.Remove(work);
        if (_works.Count > 0)
        {
            // What goes on is not worth a line at once.
            _works[^1].LastShown = _clock.GetTimestamp();
        }

        if (work.LastShown is not null)
        {
            WriteLine($"   {progress} in {FaceProgress.Text(_clock.GetElapsedTime(work.Began))}");
        }
    }

    private void ShowIfDue()
    {
        lock (_lock)
        {
            if (_works.Count > 0 && _works[^1] is var work && IsDue(work))
            {
                Draw(work);
            }
        }
    }

    private bool IsDue(Work work) => work.LastShown is { } shown
        ? _clock.GetElapsedTime(shown) >= (_isTerminal ? TerminalInterval : LineInterval)
        : _clock.GetElapsedTime(work.Began) >= FirstShown;

    private void Draw(Work work)
    {
        if (!_isShown)
        {
            return;
        }

        work.LastShown = _clock.GetTimestamp();
        string line = "   " + TerminalText.OfLine(_training is { } training && work.Progress.Work == FaceProgress.TrainingSteps ? Text(training, work.Progress)
            : work.IsCounted ? work.Progress.ToString() : $"{work.Progress.Work}, {FaceProgress.Text(_clock.GetElapsedTime(work.Began))}");
        if (!_isTerminal)
        {
            _output.WriteLine(line);
            return;
        }

        line = line.Length < Width() ? line : line[..(Width() - 1)];
        _output.Write('\r' + line.PadRight(_inPlace.Length));
        _inPlace = line;
    }

    /// <summary>Writes what matters of a training; steps and the time left as they are now, the rest as the trainer told last.</summary>
    private static string Text(TrainingProgress training, FaceProgress steps) => string.Create(CultureInfo.InvariantCulture,
        $"epoch {training.Epoch}/{training.Epochs}, step {Math.Max(steps.Done, training.Step)}/{training.Steps}, loss {training.Loss:F2}, {Margin(training)}{training.ImagesPerSecond:F0} photographs/s, {FaceProgress.Text(steps.EstimatedTimeRemaining ?? training.EstimatedTimeRemaining)} left");

    /// <summary>Writes the share of the margin while it grows, because a loss is read beside it.</summary>
    private static string Margin(TrainingProgress training) =>
        training.MarginFraction < 1 ? string.Create(CultureInfo.InvariantCulture, $"{training.MarginFraction * 100:F0} % of the margin, ") : "";

    private void Erase()
    {
        if (_inPlace.Length > 0)
        {
            _output.Write('\r' + new string(' ', _inPlace.Length) + '\r');
            _inPlace = "";
        }
    }

    private static int Width()
    {
        const int usual = 80;
        try
        {
            return Console.WindowWidth is > 1 and var width ? width : usual;
        }
        catch (IOException)
        {
            return usual;
        }
    }

    private sealed class Work(FaceProgress progress, long began)
    {
        public FaceProgress Progress { get; set; } = progress;

        public long Began => began;

        public long? LastShown { get; set; }

        public bool IsCounted { get; init; } = true;
    }
}
