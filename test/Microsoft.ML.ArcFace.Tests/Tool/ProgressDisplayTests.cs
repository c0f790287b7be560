using Microsoft.Extensions.Time.Testing;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Tests.Tool;

[TestClass]
public class ProgressDisplayTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly StringWriter _output = new();

    [TestMethod]
    public void Show_WorkWithoutAReport_IsSeenWithinTwoSecondsAndThenNowAndThen()
    {
        using var display = new ProgressDisplay(_output, clock: _clock, isTerminal: false);
        display.Show(Embedded(0));
        Assert.AreEqual("", _output.ToString());
        _clock.Advance(TimeSpan.FromSeconds(1.5));
        Assert.AreEqual("   photographs embedded: 0 of 100\n", _output.ToString(), "The timer, for the first batch may take long.");
        for (int second = 0; second < 60; second++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            display.Show(Embedded(second));
        }

        Assert.AreEqual(1 + 6, _output.ToString().Count(letter => letter == '\n'));
        display.Show(Embedded(100) with { IsEnd = true });
        StringAssert.EndsWith(_output.ToString(), "   photographs embedded: 100 of 100 in 1:01\n");
    }

    [TestMethod]
    public void Show_ShortWork_IsNotShown()
    {
        using var display = new ProgressDisplay(_output, clock: _clock, isTerminal: false);
        display.Show(Embedded(0));
        _clock.Advance(TimeSpan.FromSeconds(0.9));
        display.Show(Embedded(100) with { IsEnd = true });
        _clock.Advance(TimeSpan.FromSeconds(60));
        Assert.AreEqual("", _output.ToString());
    }

    [TestMethod]
    public void ShowAtWork_NothingCounted_SaysSoBetweenOtherWork()
    {
        using var display = new ProgressDisplay(_output, clock: _clock, isTerminal: false);
        display.ShowAtWork("calibrate is at work");
        _clock.Advance(TimeSpan.FromSeconds(1.5));
        display.Show(Embedded(0));
        _clock.Advance(TimeSpan.FromSeconds(1));
        display.Show(Embedded(100) with { IsEnd = true });
        _clock.Advance(TimeSpan.FromSeconds(9));
        CollectionAssert.AreEqual(
            new[] { "   calibrate is at work, 0:01", "   photographs embedded: 0 of 100", "   photographs embedded: 100 of 100 in 0:01" }, _output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        _clock.Advance(TimeSpan.FromSeconds(2));
        StringAssert.EndsWith(_output.ToString(), "   calibrate is at work, 0:13\n");
    }

    [TestMethod]
    public void Show_NotWanted_ShowsMessagesOnly()
    {
        using var display = new ProgressDisplay(_output, isShown: false, _clock, isTerminal: true);
        display.Show(Embedded(0));
        _clock.Advance(TimeSpan.FromSeconds(60));
        display.Show(Embedded(50));
        display.Show(Training(step: 10, isEpochEnd: true));
        display.WriteLine("left out: a.jpg");
        Assert.AreEqual("left out: a.jpg\n", _output.ToString());
    }

    [TestMethod]
    public void Show_Terminal_ChangesOneLineInPlace()
    {
        using (var display = new ProgressDisplay(_output, clock: _clock, isTerminal: true))
        {
            display.Show(Embedded(0));
            _clock.Advance(TimeSpan.FromSeconds(1));
            display.WriteLine("left out: a.jpg");
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        string[] lines = _output.ToString().Split('\n');
        Assert.HasCount(2, lines);
        StringAssert.StartsWith(lines[0], "\r   photographs embedded: 0 of 100");
        StringAssert.EndsWith(lines[0], "\rleft out: a.jpg", "What changes in place is erased before another line.");
        StringAssert.EndsWith(lines[1].TrimEnd('\r').TrimEnd(), "");
        Assert.AreEqual("", lines[1].Split('\r')[^1], "Nothing is left of it.");
    }

    [TestMethod]
    public void Show_TrainingWithAValidationInIt_ComesBackToTheTraining()
    {
        using var display = new ProgressDisplay(_output, clock: _clock, isTerminal: false);
        display.Show(new FaceProgress("training steps", 0, 40, 0, null, IsEnd: false));
        _clock.Advance(TimeSpan.FromSeconds(2));
        display.Show(Training(step: 10, isEpochEnd: true));
        display.Show(new FaceProgress("validation photographs embedded", 0, 8, 0, null, IsEnd: false));
        _clock.Advance(TimeSpan.FromSeconds(2));
        display.Show(new FaceProgress("validation photographs embedded", 8, 8, 4, null, IsEnd: true));
        _clock.Advance(TimeSpan.FromSeconds(20));
        string[] lines = _output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        StringAssert.Contains(lines[0], "training steps: 0 of 40");
        StringAssert.Contains(lines[1], "epoch 1/4, step 10/40, loss 12.50, 66 photographs/s, 0:30 left");
        StringAssert.Contains(lines[2], "validation photographs embedded: 0 of 8");
        StringAssert.Contains(lines[3], "validation photographs embedded: 8 of 8, 4.0/s in 0:02");
        StringAssert.Contains(lines[4], "step 10/40");
    }

    private static FaceProgress Embedded(int done) => new("photographs embedded", done, 100, 0, null, IsEnd: false);

    private static TrainingProgress Training(int step, bool isEpochEnd) => new(1, 4, step, 40, 12.5, 0.1, 66, TimeSpan.FromSeconds(30), isEpochEnd, null);
}
