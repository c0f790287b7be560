using System.Globalization;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Tells how far a piece of work has come that may take long. <c>ml.FaceRecognition(progress)</c> reports it when the work
/// begins, a few times a second while it goes on, and when it ends or is given up.
/// </summary>
/// <param name="Work">What is counted, such as "photographs embedded".</param>
/// <param name="Done">How many are done.</param>
/// <param name="Total">How many there are; null: not known beforehand.</param>
/// <param name="PerSecond">How many a second, since the work began; 0 as long as none is done.</param>
/// <param name="EstimatedTimeRemaining">How long the rest takes at that rate; null: not known yet.</param>
/// <param name="IsEnd">Whether this is the last report of this piece of work.</param>
public sealed record FaceProgress(string Work, long Done, long? Total, double PerSecond, TimeSpan? EstimatedTimeRemaining, bool IsEnd)
{
    /// <summary>The work of a training; it counts steps.</summary>
    internal const string TrainingSteps = "training steps";

    /// <summary>Gives a line such as "photographs embedded: 1,280 of 13,233, 212/s, 0:56 left".</summary>
    public override string ToString()
    {
        string count = string.Create(CultureInfo.InvariantCulture, $"{Work}: {Done:N0}{(Total is { } total ? string.Create(CultureInfo.InvariantCulture, $" of {total:N0}") : "")}");
        string rate = PerSecond > 0 && Total is not 1 ? string.Create(CultureInfo.InvariantCulture, $", {PerSecond.ToString(PerSecond < 10 ? "0.0" : "N0", CultureInfo.InvariantCulture)}/s") : "";
        return count + rate + (EstimatedTimeRemaining is { } left && !IsEnd ? $", {Text(left)} left" : "");
    }

    /// <summary>Writes a duration as people read it: 0:56, 1:02:03, 2.01:02:03.</summary>
    internal static string Text(TimeSpan time) =>
        time.ToString(time.TotalHours < 1 ? @"m\:ss" : time.TotalDays < 1 ? @"h\:mm\:ss" : @"d\.hh\:mm\:ss", CultureInfo.InvariantCulture);
}
