using Microsoft.ML.ArcFace.Samples.Support;

namespace Microsoft.ML.ArcFace.Tests.Samples;

[TestClass]
public class QuickStartNoteTests
{
    [TestMethod]
    [DataRow(0.5)]
    [DataRow(0.8)]
    public void NoteOn_ShortRun_SaysThatItShowsOnlyThatThePartsWork(double accuracy)
    {
        string? note = Report.NoteOn(Result(accuracy, same: 150, different: 150), Training(isShort: true));

        StringAssert.Contains(note, "only that the parts work together");
        StringAssert.Contains(note, "50 %");
    }

    [TestMethod]
    public void NoteOn_LongRunNoBetterThanGuessing_SaysSo() =>
        StringAssert.Contains(Report.NoteOn(Result(0.91, same: 100, different: 900), Training(isShort: false)), "no better than guessing, which gives 90 %");

    [TestMethod]
    public void NoteOn_LongRunThatLearned_IsSilent() =>
        Assert.IsNull(Report.NoteOn(Result(0.9, same: 300, different: 300), Training(isShort: false)));

    private static VerificationResult Result(double accuracy, int same, int different) => new("", accuracy, 0.02, 0.5, 0.5, [], same, different, 30, 120, 1);

    private static TrainingSummary Training(bool isShort) => new(3, 1, 100, 20, 200, "faces.zip", isShort);
}
