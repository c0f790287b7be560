using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Gpu;

/// <summary>Contexts that compute where the test says, or fail.</summary>
internal static class GpuContext
{
    /// <param name="gpu">The number of the GPU; null for the processor.</param>
    public static MLContext Create(int? gpu) => new(seed: 1) { GpuDeviceId = gpu, FallbackToCpu = false };
}

/// <summary>Products of float32 as exact on the GPU as on the processor: without TF32, which keeps 10 bits of 23.</summary>
internal sealed class ExactGpuArithmetic : IDisposable
{
    private readonly (bool Convolutions, bool Products) _before = (backends.cudnn.allow_tf32, backends.cuda.matmul.allow_tf32);

    public ExactGpuArithmetic() => Allow(convolutions: false, products: false);

    public void Dispose() => Allow(_before.Convolutions, _before.Products);

    private static void Allow(bool convolutions, bool products)
    {
        backends.cudnn.allow_tf32 = convolutions;
        backends.cuda.matmul.allow_tf32 = products;
    }
}
