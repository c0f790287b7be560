namespace Microsoft.ML.ArcFace;

/// <summary>Tells what a model was trained with, for reports: <c>ArcFaceTrainer.Options</c> implements it.</summary>
public interface ITrainingSettings
{
    /// <summary>Gets each setting that was made, as text by name, numbers in the invariant culture; callbacks, data and what was left to the trainer are not among them.</summary>
    IReadOnlyDictionary<string, string> Describe();
}
