using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>The views of a step as the backbone embeds them.</summary>
/// <param name="All">[n, d], with their gradient; those with a label come first.</param>
/// <param name="Labels">[B], the classes of those that have one, B ≤ n.</param>
/// <param name="Taught">[n, t], what a teacher makes of them; null where there is none.</param>
internal sealed record EmbeddedViews(Tensor All, Tensor Labels, Tensor? Taught)
{
    /// <summary>[B, d], those with a label.</summary>
    public Tensor Labeled => All.shape[0] == Labels.shape[0] ? All : All.narrow(0, 0, Labels.shape[0]);
}
