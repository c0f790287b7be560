using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// Draws a student's embeddings to the teacher's, by two terms: w·mean(1 − cos) and, by a weight of its own, the mean divergence
/// KL(p‖q) of relations. The relations of a view are a distribution over the anchors, photographs of the training as the teacher embeds
/// them: softmax(16·cos), p with the teacher's embedding of the view and q with the student's (after Fang et al., arXiv 2101.04731). Where
/// the sizes differ a projection makes vectors of the student's size of the teacher's: it keeps all cosines where the student's are longer,
/// and as much of them as so many numbers can where they are shorter.
/// </summary>
internal sealed class TeacherTerm : IRunPart, IDisposable
{
    /// <summary>
    /// Multiplies the cosines of the relations. The photographs of the same person have most of p, and the others a share that tells whom
    /// the view resembles.
    /// </summary>
    public const double RelationScale = 16;

    private readonly FaceTeacher _teacher;

    // [t, d]; null where both sizes are the same.
    private readonly Tensor? _projection;

    // [a, d], of unit length; null where relations have no weight.
    private readonly Tensor? _anchors;

    /// <summary>Creates the term of a run, which <see cref="Begin"/> or a checkpoint fills.</summary>
    /// <param name="teacher">Its weights.</param>
    /// <param name="teacherSize">Numbers in one of the teacher's embeddings, t.</param>
    /// <param name="embeddingSize">Numbers in one of the student's, d.</param>
    /// <param name="photographs">Photographs of the training.</param>
    /// <param name="device">Where the student is trained.</param>
    public TeacherTerm(FaceTeacher teacher, int teacherSize, int embeddingSize, int photographs, Device device)
    {
        _teacher = teacher;
        _projection = teacherSize == embeddingSize ? null : zeros(teacherSize, embeddingSize, dtype: ScalarType.Float32, device: device).DetachFromDisposeScope();
        _anchors = teacher.RelationWeight == 0 ? null : zeros(TaughtPeople.AnchorsOf(photographs), embeddingSize, dtype: ScalarType.Float32, device: device).DetachFromDisposeScope();
    }

    /// <summary>Makes the projection and the anchors, for a run that begins. They are not trained.</summary>
    public void Begin(TaughtPeople people)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        if (_projection is not null)
        {
            (long teacherSize, long size) = (_projection.shape[0], _projection.shape[1]);

            // Longer: rows at right angles in random directions, so that all of the student's numbers take part. Shorter: the directions
            // in which the teacher's embeddings differ most; eigenvalues ascend.
            _projection.copy_(teacherSize < size
                ? linalg.qr(randn(size, teacherSize, dtype: ScalarType.Float64)).Q.t()
                : linalg.eigh(people.Moments).Item2.narrow(1, teacherSize - size, size));
        }

        _anchors?.copy_(Project(people.Anchors.to(_anchors.device)));
    }

    /// <summary>Gives the teacher's vectors [n, t] in the student's size [n, d], of unit length; a vector of zeros stays so.</summary>
    public Tensor Project(Tensor taught)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return nn.functional.normalize(_projection is null ? taught : taught.matmul(_projection), p: 2, dim: 1).MoveToOuterDisposeScope();
    }

    /// <summary>The term that is added to the loss, and the mean of 1 − cos: two scalars.</summary>
    /// <param name="embeddings">The student's, [n, d], of any length.</param>
    /// <param name="taught">The teacher's of the same views, [n, t], of unit length.</param>
    public (Tensor Term, Tensor Distance) Of(Tensor embeddings, Tensor taught)
    {
        using var scope = NewDisposeScope();
        Tensor target = Project(taught);
        Tensor unit = nn.functional.normalize(embeddings.to(target.dtype), p: 2, dim: 1);
        Tensor distance = unit.mul(target).sum(1).mean().Times(-1).Plus(1);
        Tensor term = distance.Times(_teacher.Weight);
        if (_anchors is not null)
        {
            Tensor wanted = nn.functional.log_softmax(target.matmul(_anchors.t()).Times(RelationScale), dim: 1);
            Tensor given = nn.functional.log_softmax(unit.matmul(_anchors.t()).Times(RelationScale), dim: 1);
            term = term.Plus((wanted.exp() * (wanted - given)).sum(1).mean().Times(_teacher.RelationWeight));
        }

        return (term.MoveToOuterDisposeScope(), distance.detach().MoveToOuterDisposeScope());
    }

    public void Transfer(RunState state) => state.Tensors(
    [
        .. _projection is null ? Array.Empty<(string, Tensor)>() : [("projection", _projection)],
        .. _anchors is null ? Array.Empty<(string, Tensor)>() : [("anchors", _anchors)],
    ]);

    public void Dispose()
    {
        _projection?.Dispose();
        _anchors?.Dispose();
    }
}
