using Microsoft.ML.ArcFace.Evaluation;

namespace Microsoft.ML.ArcFace;

/// <summary>Is thrown where a threshold is to be calibrated on people whom the model was trained on.</summary>
public sealed class TrainingPeopleException : FaceRecognitionException
{
    internal TrainingPeopleException(IReadOnlyList<string> people, int personCount)
        : base($"{TrainedPeople.Describe(people, personCount)} {Danger} Give people whom it has never seen (faces.TrainTestSplitByPerson parts them before training), or allow these with allowTrainingPeople: true.") =>
        (People, PersonCount) = (people, personCount);

    /// <summary>The people whom the model was trained on, by name.</summary>
    public IReadOnlyList<string> People { get; }

    /// <summary>How many people there are in all.</summary>
    public int PersonCount { get; }

    /// <summary>Says what is wrong with such a threshold.</summary>
    internal static string Danger => "A threshold that is chosen on people whom the model knows lets more strangers pass than it promises.";
}
