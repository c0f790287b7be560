using System.Globalization;

namespace Microsoft.ML.ArcFace;

/// <summary>Where a training run stands.</summary>
/// <param name="Epoch">The current epoch, from 1.</param>
/// <param name="Epochs">How many epochs the run has.</param>
/// <param name="Step">How many steps (batches) are done.</param>
/// <param name="Steps">How many steps the run has.</param>
/// <param name="Loss">The mean loss over the steps since the last report of this epoch.</param>
/// <param name="LearningRate">The learning rate of the last step.</param>
/// <param name="ImagesPerSecond">Photographs trained on per second, since the run was started or went on from a checkpoint; 0 as long as no step is done since then.</param>
/// <param name="EstimatedTimeRemaining">How long the rest takes at that rate; zero where there is none yet.</param>
/// <param name="IsEpochEnd">Whether this report closes an epoch.</param>
/// <param name="ValidationAreaUnderRocCurve">At the end of an epoch of a run with a validation set: the area under the ROC curve of its pairs.</param>
/// <param name="MarginFraction">The share of the margin that the last step used, 0 to 1: it grows at the beginning of a run, and the loss with it.</param>
/// <param name="Remark">What a reader of the numbers should know, said once in a run, such as why the loss rises; null: nothing.</param>
/// <param name="TeacherLoss">With a teacher: the mean of 1 − cos between student and teacher over the steps since the last report, without its weight.</param>
public sealed record TrainingProgress(
    int Epoch,
    int Epochs,
    int Step,
    int Steps,
    double Loss,
    double LearningRate,
    double ImagesPerSecond,
    TimeSpan EstimatedTimeRemaining,
    bool IsEpochEnd,
    double? ValidationAreaUnderRocCurve,
    double MarginFraction = 1,
    string? Remark = null,
    double? TeacherLoss = null)
{
    /// <summary>Formats the report as one line, as the log has it: <c>Progress = Console.WriteLine</c> shows how training goes.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"Epoch {Epoch}/{Epochs}, step {Step}/{Steps}: loss {Loss:0.000}, {Teacher}{Margin}{ImagesPerSecond:0.0} images/s, {TimeLeft} left{Validation}");

    private string Teacher => TeacherLoss is { } distance ? string.Create(CultureInfo.InvariantCulture, $"teacher {distance:0.000}, ") : "";

    private string Margin => MarginFraction < 1 ? string.Create(CultureInfo.InvariantCulture, $"{MarginFraction * 100:0} % of the margin, ") : "";

    private string TimeLeft => EstimatedTimeRemaining.ToString(EstimatedTimeRemaining.Days > 0 ? @"d\.hh\:mm\:ss" : @"hh\:mm\:ss", CultureInfo.InvariantCulture);

    private string Validation => ValidationAreaUnderRocCurve is { } area ? string.Create(CultureInfo.InvariantCulture, $", validation AUC {area:0.0000}") : "";
}
