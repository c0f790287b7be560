using Microsoft.ML.ArcFace.Training;

namespace Microsoft.ML.ArcFace.Experiments;

/// <summary>
/// Hashes all that the result of a trial depends on, so that results of other experiments are not taken for it: the identity that
/// checkpoints are known by (<see cref="RunIdentity"/>), with the data, when training stops, and how the model embeds.
/// </summary>
internal static class TrialKey
{
    /// <param name="options">The trial's options.</param>
    /// <param name="data">Tells photographs and pairs from others.</param>
    /// <param name="epochs">After which it stops; null where all rungs have one key.</param>
    public static string Of(ArcFaceTrainer.Options options, string data, int? epochs = null) => RunIdentity.Of(options.Recipe).With(
    [
        ("the data", data),
        .. RunJson.ValuesOf(options.Setup, RunJson.Legible.TrainingSetup).Where(option => ResultOptions.Contains(option.Name)).Select(option => (option.Name, RunJson.Text(option.Value))),
        ("the rung", $"{RunJson.Text(epochs)} epochs"),
    ]).Hash;

    /// <summary>The options that decide no weight, but what comes of them. A test knows those that do not.</summary>
    internal static readonly string[] ResultOptions =
    [
        nameof(TrainingSetup.ImageColumnName), nameof(TrainingSetup.EarlyStoppingPatienceEpochs), nameof(TrainingSetup.UnreadableImages), nameof(TrainingSetup.RequireAligned),
        nameof(TrainingSetup.AddMirrorImage), nameof(TrainingSetup.InferencePrecision),
    ];
}
