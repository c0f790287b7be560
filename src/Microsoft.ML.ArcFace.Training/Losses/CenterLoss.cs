using Microsoft.ML.ArcFace.Losses;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Center loss beside ordinary softmax: λ·½‖x − c_y‖² is added to <see cref="SoftmaxLoss"/> and draws the embeddings of
/// a person together (Wen et al., ECCV 2016, equation 5).
/// </summary>
/// <remarks>
/// The centres c are not trained by the gradient: after each step c_j moves by −α·Σ(c_j − x_i)/(1 + n_j) over the n_j
/// samples of class j in the batch (equations 3 and 4). They start at 0.
/// </remarks>
/// <param name="Weight">λ, the weight of the mean of ½‖x − c_y‖²: 0 to 1000, default 0.003.</param>
/// <param name="CenterRate">α, how fast centres follow their samples: 0 to 1, default 0.5.</param>
public sealed record CenterLoss(double Weight = 0.003, double CenterRate = 0.5) : FaceLoss
{
    internal override bool HasScale => false;

    internal override bool CanSampleClasses => false;

    internal override LossHead CreateHead(int embeddingSize, long classCount, double scale)
    {
        var head = new SoftmaxHead(embeddingSize, classCount);
        head.Add(new CenterTerm(embeddingSize, classCount, Weight, CenterRate));
        return head;
    }

    private protected override IEnumerable<string> OwnViolations() =>
    [
        .. OutOfRange(nameof(Weight), Weight, 0, 1000, "The usual value is 0.003."),
        .. OutOfRange(nameof(CenterRate), CenterRate, 0, 1, "The usual value is 0.5."),
    ];
}
