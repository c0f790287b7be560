using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>
/// A network that embeds aligned faces: [B,3,112,112], RGB in [-1,1] → [B,EmbeddingSize], not normalised.
/// </summary>
/// <remarks>
/// <para>The body computes in the element type of the input (float32 or bfloat16), the head in that of its weights.
/// Both memory orders of the input give the same result; channels-last stays channels-last and is faster.</para>
/// <para>In evaluation mode under <c>no_grad</c> any number of threads may run the forward pass at once.</para>
/// </remarks>
internal abstract class FaceBackbone : nn.Module<Tensor, Tensor>
{
    /// <summary>The smallest embedding in which an angle says something.</summary>
    public const int SmallestEmbeddingSize = 2;

    /// <summary>A bound against mistaken sizes; the published models use 512.</summary>
    public const int LargestEmbeddingSize = 4096;

    /// <summary>Stages between stem and head; each halves the resolution or starts where the stem left it.</summary>
    public const int StageCount = 4;

    private nn.Module[] _frozen = [];

    private protected FaceBackbone(BackboneArchitecture architecture, int embeddingSize, double dropout)
        : base(architecture.ToShortName())
    {
        Architecture = architecture;
        EmbeddingSize = embeddingSize;
        Dropout = dropout;
    }

    public BackboneArchitecture Architecture { get; }

    /// <summary>The number of components of an embedding.</summary>
    public int EmbeddingSize { get; }

    /// <summary>The share of the last features that is set to 0 while training.</summary>
    public double Dropout { get; }

    /// <summary>The stem, then the stages, each the modules that belong to it.</summary>
    protected abstract IReadOnlyList<nn.Module[]> StemAndStages { get; }

    /// <summary>
    /// Keeps the stem and the first stages as they are, in training too: their weights get no gradient, and their
    /// BatchNorms use the statistics they have. None are kept if <paramref name="stages"/> is 0.
    /// </summary>
    public void Freeze(int stages)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(stages);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stages, StageCount);
        _frozen = stages == 0 ? [] : [.. StemAndStages.Take(stages + 1).SelectMany(modules => modules)];
        foreach (var parameter in _frozen.SelectMany(module => module.parameters()))
        {
            parameter.requires_grad = false;
        }
    }

    public override void train(bool on = true)
    {
        base.train(on);
        foreach (nn.Module module in _frozen)
        {
            module.eval();
        }
    }

    /// <summary>A new network in training mode with the published initial weights, drawn from torch's global generator.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An argument is outside of its range; nothing was allocated.</exception>
    public static FaceBackbone Create(BackboneArchitecture architecture, int embeddingSize = 512, double dropout = 0)
    {
        if (embeddingSize is < SmallestEmbeddingSize or > LargestEmbeddingSize)
        {
            throw new ArgumentOutOfRangeException(nameof(embeddingSize), embeddingSize,
                $"The embedding size is {embeddingSize}; it must be from {SmallestEmbeddingSize} to {LargestEmbeddingSize}. The usual size is 512.");
        }

        if (!(dropout >= 0 && dropout < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(dropout), dropout,
                FormattableString.Invariant($"Dropout is {dropout}; it must be at least 0 and below 1. Use 0 for none."));
        }

        using var scope = NewDisposeScope();
        return architecture switch
        {
            _ when IResNet.BlocksOf.TryGetValue(architecture, out int[]? blocks) => new IResNet(architecture, blocks, embeddingSize, dropout),
            BackboneArchitecture.MobileFaceNet => new MobileFaceNet(architecture, [1, 4, 6, 2], scale: 2, embeddingSize, dropout),
            BackboneArchitecture.MobileFaceNetLarge => new MobileFaceNet(architecture, [2, 8, 12, 4], scale: 4, embeddingSize, dropout),
            _ => throw new ArgumentOutOfRangeException(nameof(architecture), architecture,
                $"There is no backbone number {(int)architecture}; use a value of {nameof(BackboneArchitecture)}."),
        };
    }
}
