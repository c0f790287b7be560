using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>How <see cref="ArcFaceTrainer.FindLearningRate"/> searches.</summary>
public sealed record LearningRateSearch
{
    /// <summary>The learning rate of the first step, over 0. Default 1e-6.</summary>
    public double Lowest { get; init; } = 1e-6;

    /// <summary>The learning rate of the last step, over <see cref="Lowest"/> and finite. Default 10.</summary>
    public double Highest { get; init; } = 10;

    /// <summary>Steps from the lowest to the highest rate, 10 to 10,000. Default 100. A loss that has risen far ends the search before.</summary>
    public int Steps { get; init; } = 100;

    internal IReadOnlyList<string> Violations()
    {
        var check = new OptionsCheck();
        check.Positive(Lowest);
        check.Positive(Highest);
        check.That(!(Highest <= Lowest), FormattableString.Invariant($"{nameof(Highest)} is {Highest}; it must be over {nameof(Lowest)}, which is {Lowest}."));
        check.InRange(Steps, 10, 10_000);
        return check.Violations;
    }

    /// <summary>The learning rate of a step from 0 on.</summary>
    internal double LearningRate(int step) => Lowest * Math.Pow(Highest / Lowest, (double)step / (Steps - 1));

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(LearningRateSearch), PrintMembers);
}
