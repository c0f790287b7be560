using Microsoft.ML.ArcFace.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Benchmarks.Heads;

/// <summary>A loss head alone: forward and backward pass over a batch of random embeddings, without an optimizer.</summary>
internal sealed class HeadStep : IDisposable
{
    public const int EmbeddingSize = 512, BatchSize = 128;

    private readonly LossHead _head;
    private readonly Tensor _embeddings;
    private readonly Tensor _labels;

    public HeadStep(FaceLoss loss, long classes)
    {
        manual_seed(1);
        _head = loss.CreateHead(EmbeddingSize, classes, scale: 64);
        _embeddings = randn(BatchSize, EmbeddingSize, requires_grad: true);
        _labels = randint(0, classes, [BatchSize], dtype: ScalarType.Int64);
    }

    /// <summary>The losses that are compared.</summary>
    public static FaceLoss[] Losses => [new SoftmaxLoss(), new NormSoftmaxLoss(), new CosFaceLoss(), new ArcFaceLoss()];

    public void ForwardAndBackward()
    {
        using var scope = NewDisposeScope();
        _head.zero_grad();
        _head.forward(_embeddings, _labels).backward();
    }

    public void Dispose()
    {
        _head.Dispose();
        _embeddings.Dispose();
        _labels.Dispose();
    }
}
