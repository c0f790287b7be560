namespace Microsoft.ML.ArcFace.Losses;

/// <summary>Softmax over scaled cosines, without a margin.</summary>
internal sealed class NormSoftmaxHead(int embeddingSize, long classCount, double scale)
    : ClassificationHead(nameof(NormSoftmaxHead), embeddingSize, classCount, scale);
