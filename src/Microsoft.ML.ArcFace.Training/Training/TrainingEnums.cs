namespace Microsoft.ML.ArcFace;

/// <summary>How the learning rate falls after the warm-up.</summary>
public enum LearningRateDecay
{
    /// <summary>It does not.</summary>
    Constant,

    /// <summary>Half a cosine from the peak to 0 (Loshchilov and Hutter, arXiv 1608.03983).</summary>
    Cosine,

    /// <summary>(1 − progress)², as InsightFace's arcface_torch trains.</summary>
    Polynomial,

    /// <summary>A tenth after 62.5 % and again after 87.5 % of the steps, as in the ArcFace paper on CASIA (20k and 28k of 32k).</summary>
    Step,
}

/// <summary>What turns gradients into steps.</summary>
public enum TrainingOptimizer
{
    /// <summary>Stochastic gradient descent with momentum: the papers' choice.</summary>
    Sgd,

    /// <summary>Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101).</summary>
    AdamW,
}

/// <summary>The arithmetic of training. The weights are float32 either way.</summary>
public enum TrainingPrecision
{
    /// <summary>float32 throughout.</summary>
    Float32,

    /// <summary>
    /// Feature maps and convolutions in bfloat16; weights, statistics, embeddings, loss and optimizer in float32. On
    /// processors with AVX512-BF16 nearly twice as fast, on others much slower. GPUs have it from NVIDIA's Ampere on.
    /// </summary>
    BFloat16,
}
