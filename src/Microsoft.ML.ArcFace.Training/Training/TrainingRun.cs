using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>All that a training run is given.</summary>
/// <param name="Channel">For its messages.</param>
/// <param name="Recipe">The options that decide the weights, with the run's seed.</param>
/// <param name="Setup">All other options.</param>
/// <param name="Faces">What is learned from.</param>
/// <param name="Validation">What the epochs are judged by, if anything.</param>
/// <param name="Device">Where it is computed.</param>
/// <param name="Checkpoints">Where its state is kept, if anywhere.</param>
/// <param name="Observer">Who follows it.</param>
/// <param name="Initial">The network that it starts with.</param>
/// <param name="Teaching">Who teaches beside the labels; null: nobody.</param>
internal sealed record TrainingRun(
    IChannel Channel, TrainingRecipe Recipe, TrainingSetup Setup, TrainingFaces Faces, TrainingValidation? Validation, Device Device, CheckpointFolder? Checkpoints, WorkObserver Observer,
    InitialNetwork Initial, Teaching? Teaching = null)
{
    /// <summary>Of weights, order and augmentation.</summary>
    public int Seed => Recipe.Seed ?? throw new InvalidOperationException("The recipe has no seed.");

    /// <summary>Creates what learns, by a plan.</summary>
    public Learner CreateLearner(TrainingPlan plan)
    {
        TeacherTerm? teacher = Teaching is null ? null : new TeacherTerm(Teaching.Teacher.Options, Teaching.Teacher.EmbeddingSize, Initial.EmbeddingSize, Faces.Count, Device);
        return new Learner(Initial, Recipe, plan, Faces.Labels.Count, Device, teacher);
    }

    /// <summary>Has a learner begin with what the teacher knows of the people, where there is one.</summary>
    public void BeginWithTeacher(Learner learner)
    {
        if (Teaching is null)
        {
            return;
        }

        using var scope = NewDisposeScope();
        IEnumerable<(byte[] Pixels, int Label)> faces = Observer.Watch(Faces.InOrder(), "photographs embedded by the teacher", Faces.Count);
        learner.BeginWith(TaughtPeople.Of(Teaching.Teacher, faces, Faces.Count, Faces.Labels.Count, Setup.CancellationToken));
    }
}
