using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Says on ML.NET's log that a result is about people whom the model was trained on.</summary>
internal static class TrainedPeopleLog
{
    /// <summary>Writes a warning, or that it cannot be told.</summary>
    public static void Write(IHostEnvironment environment, string work, IReadOnlyList<string>? people)
    {
        using IChannel channel = environment.Start(work);
        if (people is null)
        {
            channel.Info("It cannot be told whether the model was trained on these people: the embeddings do not say which model made them, or the model does not keep whom it was trained on.");
        }
        else if (people.Count > 0)
        {
            channel.Warning($"{TrainedPeople.Describe(people)} The rates flatter the model, and say little about people whom it has never seen. Evaluate other people: faces.TrainTestSplitByPerson parts them before training.");
        }
    }
}
