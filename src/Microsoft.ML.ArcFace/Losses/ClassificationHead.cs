using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>
/// Class centres and the loss over them: embeddings [B, d] and labels int64 [B] → the mean loss of the batch, a scalar.
/// Owns what the losses share: normalisation, cosines, scale, cross entropy.
/// </summary>
/// <remarks>
/// All arithmetic is float32 or better: half-precision embeddings and centres are widened first.
/// </remarks>
internal abstract class ClassificationHead : nn.Module<Tensor, Tensor, Tensor>
{
    // [C, d]. Not private: TorchSharp swaps the field when the module changes its type or device, and has to see it.
    protected readonly Parameter weight;
    private readonly double scale;

    /// <summary>Creates centres drawn from N(0, 0.01).</summary>
    protected ClassificationHead(string name, int embeddingSize, long classCount, double scale) : base(name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(embeddingSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(classCount, 1);
        this.scale = scale;
        weight = nn.Parameter(empty(classCount, embeddingSize));
        nn.init.normal_(weight, 0, 0.01);
        register_parameter(nameof(weight), weight);
    }

    /// <summary>The class centres [C, d], trainable, not normalised.</summary>
    public Parameter Centers => weight;

    /// <summary>
    /// The part of the margin in force, 0 to 1: margins that are added count f times, a multiplier counts 1 + f(m − 1).
    /// A ramp from 0 starts as softmax without a margin.
    /// </summary>
    public double MarginFraction
    {
        get;
        set => field = value is >= 0 and <= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"{nameof(MarginFraction)} must lie from 0 to 1.");
    } = 1;

    /// <summary>Steps of the optimizer so far; annealed losses look at it.</summary>
    public long Step { get; set; }

    /// <summary>The mean loss, a scalar, of embeddings [B, d] with labels [B], int64 from 0 to C − 1.</summary>
    public sealed override Tensor forward(Tensor embeddings, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var centers = Widen(weight);
        var logits = TrainingLogits(embeddings.to(centers.dtype), centers, labels);
        return cross_entropy(logits, labels).MoveToOuterDisposeScope();
    }

    /// <summary>The logits [B, C] of embeddings [B, d] as at prediction: no margin, so that softmax of them is the score.</summary>
    public Tensor Logits(Tensor embeddings)
    {
        using var scope = NewDisposeScope();
        var centers = Widen(weight);
        return PlainLogits(embeddings.to(centers.dtype), centers).MoveToOuterDisposeScope();
    }

    /// <summary>The cosines [B, C], −1 to 1, of embeddings [B, d] with every class centre.</summary>
    public Tensor Cosine(Tensor embeddings)
    {
        using var scope = NewDisposeScope();
        var centers = Widen(weight);
        var cosine = Normalized(embeddings.to(centers.dtype)).matmul(Normalized(centers).t());
        return cosine.clamp(-1, 1).MoveToOuterDisposeScope();
    }

    /// <summary>Logits [B, C] without a margin from embeddings [B, d] and centres [C, d] of one type.</summary>
    protected virtual Tensor PlainLogits(Tensor embeddings, Tensor centers) =>
        Scaled(Normalized(embeddings).matmul(Normalized(centers).t()), embeddings);

    /// <summary>Cosines [B, any] times the scale of each row.</summary>
    protected virtual Tensor Scaled(Tensor cosine, Tensor embeddings) => cosine * scale;

    /// <summary>Logits [B, C] to train on; the plain ones where a loss has no margin.</summary>
    protected virtual Tensor TrainingLogits(Tensor embeddings, Tensor centers, Tensor labels) => PlainLogits(embeddings, centers);

    protected static Tensor Normalized(Tensor rows) => normalize(rows, p: 2, dim: 1);

    private static Tensor Widen(Tensor tensor) =>
        tensor.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? tensor.to(ScalarType.Float32) : tensor;
}
