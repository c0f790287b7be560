using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>
/// Class centres and the cross entropy over them. Owns what the losses share: normalisation, cosines, scale, terms
/// that are added.
/// </summary>
/// <remarks>
/// All arithmetic is float32 or better: half-precision embeddings and centres are widened first.
/// </remarks>
internal abstract class ClassificationHead : LossHead
{
    // [C, d]. Not private: TorchSharp swaps the field when the module changes its type or device, and has to see it.
    protected readonly Parameter weight;
    private readonly double scale;
    private readonly List<LossTerm> terms = [];

    /// <summary>Creates centres drawn from N(0, 0.01).</summary>
    protected ClassificationHead(string name, int embeddingSize, long centerCount, double scale) : base(name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(embeddingSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(centerCount, 1);
        this.scale = scale;
        weight = nn.Parameter(empty(centerCount, embeddingSize));
        nn.init.normal_(weight, 0, 0.01);
        register_parameter(nameof(weight), weight);
    }

    /// <summary>The centres [C, d], trainable, not normalised.</summary>
    public Parameter Centers => weight;

    /// <summary>Rows of the centres that belong to a class, one after the other.</summary>
    public virtual int CentersPerClass => 1;

    public override Tensor ClassCenters(IEnumerable<EmbeddedBatch> trainingSet) => weight.detach();

    /// <summary>
    /// Moves the centers of each class to a place: the one center, or all of several with their drawn differences. A class whose place is
    /// all zeros keeps its drawn centers.
    /// </summary>
    /// <param name="places">[C, d].</param>
    public void BeginAt(Tensor places)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor rows = places.repeat_interleave(CentersPerClass, 0).to(weight.dtype);
        Tensor isKnown = rows.abs().amax([1], keepdim: true).sign();                 // [C·K, 1], 0 or 1
        Tensor kept = CentersPerClass > 1 ? weight.detach() : weight.detach().mul(isKnown.Times(-1).Plus(1));
        weight.copy_(kept.Plus(rows));
    }

    /// <summary>Adds a term to the loss.</summary>
    public void Add(LossTerm term)
    {
        register_module(term.GetName(), term);
        terms.Add(term);
    }

    /// <summary>The mean loss, a scalar, of embeddings [B, d] with labels [B], int64 from 0 to C − 1.</summary>
    public sealed override Tensor forward(Tensor embeddings, Tensor labels, LossStep step)
    {
        using var scope = NewDisposeScope();
        (Tensor scored, labels) = step.Sample is { } sample ? (sample.Values, sample.Labels) : (weight, labels);
        Tensor centers = Widen(scored), widened = embeddings.to(centers.dtype);
        Tensor loss = cross_entropy(TrainingLogits(widened, centers, labels, step), labels);
        foreach (LossTerm term in terms)
        {
            loss = loss.Plus(term.forward(widened, centers, labels));
        }

        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>The logits [B, C] of embeddings [B, d] as at prediction: no margin, so that softmax of them is the score.</summary>
    public Tensor Logits(Tensor embeddings)
    {
        using var scope = NewDisposeScope();
        Tensor centers = Widen(weight);
        return PlainLogits(embeddings.to(centers.dtype), centers).MoveToOuterDisposeScope();
    }

    /// <summary>The cosines [B, C], −1 to 1, of embeddings [B, d] with every class centre.</summary>
    public Tensor Cosine(Tensor embeddings)
    {
        using var scope = NewDisposeScope();
        Tensor centers = Widen(weight);
        return ClassCosines(CenterCosines(embeddings.to(centers.dtype), centers)).Clamped(-1, 1).MoveToOuterDisposeScope();
    }

    /// <summary>Logits [B, C] without a margin from embeddings [B, d] and centres of one type.</summary>
    protected virtual Tensor PlainLogits(Tensor embeddings, Tensor centers) =>
        Scaled(ClassCosines(CenterCosines(embeddings, centers)), embeddings);

    /// <summary>Cosines [B, C] with the classes from cosines with every row of the centres; a class may have several.</summary>
    protected virtual Tensor ClassCosines(Tensor centerCosines) => centerCosines;

    /// <summary>Cosines [B, any] times the scale of each row.</summary>
    protected virtual Tensor Scaled(Tensor cosine, Tensor embeddings) => cosine.Times(scale);

    /// <summary>Logits [B, C] to train on; the plain ones where a loss has no margin.</summary>
    protected virtual Tensor TrainingLogits(Tensor embeddings, Tensor centers, Tensor labels, LossStep step) => PlainLogits(embeddings, centers);

    protected static Tensor Normalized(Tensor rows) => normalize(rows, p: 2, dim: 1);

    private static Tensor CenterCosines(Tensor embeddings, Tensor centers) => Normalized(embeddings).matmul(Normalized(centers).t());

    private static Tensor Widen(Tensor tensor) =>
        tensor.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? tensor.to(ScalarType.Float32) : tensor;
}
