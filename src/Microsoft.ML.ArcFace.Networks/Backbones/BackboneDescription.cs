using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>Describes the published networks. A new one is a function as in <see cref="IResNet"/> and an entry here.</summary>
internal static class BackboneDescription
{
    /// <summary>The smallest embedding in which an angle says something.</summary>
    public const int SmallestEmbeddingSize = 2;

    /// <summary>A bound against mistaken sizes; the published models use 512.</summary>
    public const int LargestEmbeddingSize = 4096;

    /// <summary>Stages between stem and head; each halves the resolution or starts where the stem left it.</summary>
    public const int StageCount = 4;

    /// <summary>Describes a network: [batch, 3, 112, 112], RGB in [−1, 1] → [batch, embeddingSize], not normalized.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An argument is outside of its range.</exception>
    public static NetworkDescription Of(BackboneArchitecture architecture, int embeddingSize = 512, double dropout = 0)
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

        string name = architecture.ToShortName();
        return architecture switch
        {
            BackboneArchitecture.MobileFaceNet => MobileFaceNet.Describe(name, [1, 4, 6, 2], scale: 2, embeddingSize, dropout),
            BackboneArchitecture.MobileFaceNetLarge => MobileFaceNet.Describe(name, [2, 8, 12, 4], scale: 4, embeddingSize, dropout),
            _ => IResNet.Describe(name, IResNet.BlocksOf[architecture], embeddingSize, dropout),
        };
    }
}
