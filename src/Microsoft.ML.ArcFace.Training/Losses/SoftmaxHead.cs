using Microsoft.ML.ArcFace.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>Ordinary softmax over Wx + b, nothing normalised.</summary>
internal sealed class SoftmaxHead : ClassificationHead
{
    // [C]. Seen by TorchSharp as the centres are.
    private readonly Parameter bias;

    public SoftmaxHead(int embeddingSize, long classCount) : base(nameof(SoftmaxHead), embeddingSize, classCount, scale: 1)
    {
        bias = nn.Parameter(zeros(classCount));
        register_parameter(nameof(bias), bias);
    }

    protected override Tensor PlainLogits(Tensor embeddings, Tensor centers) =>
        embeddings.matmul(centers.t()).Plus(bias.to(embeddings.dtype));
}
