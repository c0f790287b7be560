using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>Seeds torch's global generator, which all of the process shares, and gives it back as it was. The generators of GPUs, which TorchSharp cannot read, stay seeded.</summary>
internal sealed class RandomStateGuard : IDisposable
{
    private readonly Tensor _before;

    public RandomStateGuard(long seed)
    {
        _before = get_rng_state().DetachFromDisposeScope();
        manual_seed(seed);
    }

    public void Dispose()
    {
        set_rng_state(_before);
        _before.Dispose();
    }
}
