using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// Draws a student's embeddings to the teacher's: w·mean(1 − cos) and, by another weight, the mean squared difference between the cosines of
/// all pairs of views as both see them. Where the sizes differ a projection makes vectors of the student's size of the teacher's: it keeps
/// all cosines where the student's are longer, and as much of them as so many numbers can where they are shorter.
/// </summary>
internal sealed class TeacherTerm : IRunPart, IDisposable
{
    private readonly FaceTeacher _teacher;

    // [t, d]; null where both sizes are the same.
    private readonly Tensor? _projection;

    public TeacherTerm(FaceTeacher teacher, int teacherSize, int embeddingSize, Device device)
    {
        _teacher = teacher;
        _projection = teacherSize == embeddingSize ? null : zeros(teacherSize, embeddingSize, dtype: ScalarType.Float32, device: device).DetachFromDisposeScope();
    }

    /// <summary>Makes the projection, for a run that begins. It is not trained.</summary>
    /// <param name="moments">[t, t]: the mean of v·vᵀ over the teacher's embeddings v.</param>
    public void Begin(Tensor moments)
    {
        if (_projection is null)
        {
            return;
        }

        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        (long teacherSize, long size) = (_projection.shape[0], _projection.shape[1]);
        if (teacherSize < size)
        {
            // Rows at right angles in random directions, so that all of the student's numbers take part.
            _projection.copy_(linalg.qr(randn(size, teacherSize, dtype: ScalarType.Float64)).Q.t());
        }
        else
        {
            // The directions in which the teacher's embeddings differ most; eigenvalues ascend.
            _projection.copy_(linalg.eigh(moments).Item2.narrow(1, teacherSize - size, size));
        }
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
        if (_teacher.RelationWeight > 0)
        {
            // The diagonal is 0, and not counted: n(n − 1) pairs.
            Tensor difference = unit.matmul(unit.t()) - target.matmul(target.t());
            long views = unit.shape[0];
            term = term.Plus((difference * difference).sum().Times(_teacher.RelationWeight / Math.Max(1, views * (views - 1))));
        }

        return (term.MoveToOuterDisposeScope(), distance.detach().MoveToOuterDisposeScope());
    }

    public void Transfer(RunState state)
    {
        if (_projection is not null)
        {
            state.Tensors([("projection", _projection)]);
        }
    }

    public void Dispose() => _projection?.Dispose();
}
