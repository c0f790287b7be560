using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>Offers what libtorch adds to a model in use: GPUs, and bfloat16 on processors. It is found by the name of its assembly.</summary>
internal interface ITorchRuntime
{
    /// <summary>Makes the arithmetic in bfloat16; null where this processor is faster in float32.</summary>
    /// <exception cref="NativeRuntimeException">The native torch library cannot be loaded.</exception>
    IBFloat16Arithmetic? CreateBFloat16();

    /// <summary>Has processors compute with as many threads as libtorch where the program has loaded it itself, and loads nothing.</summary>
    void FollowThreadsOfProgram();

    /// <summary>Chooses a GPU; null if the CPU takes its place.</summary>
    /// <param name="gpuDeviceId">MLContext.GpuDeviceId.</param>
    /// <param name="fallbackToCpu">MLContext.FallbackToCpu: whether the CPU may take the place of a GPU that is not there.</param>
    /// <exception cref="NativeRuntimeException">The native torch library cannot be loaded.</exception>
    /// <exception cref="InvalidOperationException">The GPU is not there and the CPU may not take its place.</exception>
    IGpu? ChooseGpu(int gpuDeviceId, bool fallbackToCpu);
}

/// <summary>A GPU that models can be brought to.</summary>
internal interface IGpu
{
    /// <summary>Copies a network to the GPU.</summary>
    IFaceNetwork Load(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors, InferencePrecision precision);
}
