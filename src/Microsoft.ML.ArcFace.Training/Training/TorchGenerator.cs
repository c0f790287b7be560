using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Torch's random numbers on the processor. The generators of GPUs, which TorchSharp cannot read, are no part of a checkpoint.</summary>
internal sealed class TorchGenerator : IRunPart
{
    public void Transfer(RunState state)
    {
        // Saving, it stays as it is.
        Tensor numbers = get_rng_state();
        state.Tensors([("cpu", numbers)]);
        set_rng_state(numbers);
    }
}
