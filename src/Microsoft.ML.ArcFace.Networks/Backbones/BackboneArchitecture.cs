namespace Microsoft.ML.ArcFace;

/// <summary>
/// The network that turns an aligned face of 112×112 pixels into an embedding. Multiply-accumulates (MACs) are those
/// of one face, parameters those of an embedding of 512. Structure and names of the weights are those of InsightFace's
/// <c>arcface_torch</c>, so its weight files load by name.
/// </summary>
/// <remarks>
/// IResNet: Duta et al., "Improved Residual Networks for Image and Video Recognition", and Deng et al., "ArcFace"
/// (arXiv 1801.07698). MobileFaceNet: Chen et al., "MobileFaceNets" (arXiv 1804.07573).
/// </remarks>
public enum BackboneArchitecture
{
    /// <summary>IResNet-18, published as "r18": 2.61 GMACs, 24.0 million parameters.</summary>
    IResNet18,

    /// <summary>IResNet-34, published as "r34": 4.46 GMACs, 34.1 million parameters.</summary>
    IResNet34,

    /// <summary>IResNet-50, published as "r50": 6.31 GMACs, 43.6 million parameters.</summary>
    IResNet50,

    /// <summary>IResNet-100, published as "r100": 12.09 GMACs, 65.2 million parameters. The network of the paper's best results.</summary>
    IResNet100,

    /// <summary>IResNet-200, published as "r200": 23.4 GMACs, 118.8 million parameters.</summary>
    IResNet200,

    /// <summary>MobileFaceNet, published as "mbf": 0.44 GMACs, 2.06 million parameters. Trains on a processor alone.</summary>
    MobileFaceNet,

    /// <summary>The wider and deeper MobileFaceNet, published as "mbf_large": 1.82 GMACs, 6.3 million parameters.</summary>
    MobileFaceNetLarge,
}
