using Microsoft.ML.ArcFace.Data;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>The teacher of a run, and the photographs without labels that it is asked about.</summary>
/// <param name="Teacher">The teacher.</param>
/// <param name="Unlabeled">The photographs; null: there are none but those of the people.</param>
internal sealed record Teaching(OpenTeacher Teacher, UnlabeledFaces? Unlabeled)
{
    /// <summary>What makes the views without a label for an epoch.</summary>
    public UnlabeledViews CreateViews(FaceAugmentation augmentation, int seed) => new(Teacher.Options, Unlabeled, new FaceAugmenter(augmentation), seed);

    /// <summary>Has the teacher embed the views of a batch, all pixels as the student will see them.</summary>
    public FaceBatch Ask(FaceBatch batch) => batch with { Taught = Teacher.Embed(batch.Pixels) };
}
