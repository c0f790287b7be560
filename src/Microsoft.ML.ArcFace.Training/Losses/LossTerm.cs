using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>
/// Something added to the cross entropy of a <see cref="ClassificationHead"/>: embeddings [B, d], class centres [C, d]
/// and labels int64 [B] → a scalar.
/// </summary>
internal abstract class LossTerm(string name) : nn.Module<Tensor, Tensor, Tensor, Tensor>(name);
