namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>One layer of an <see cref="InferenceNetwork"/>, with what is fused into it.</summary>
internal abstract class InferenceStep(FeatureMap input, FeatureMap output, FeatureMap? shortcut) : IDisposable
{
    public FeatureMap Input => input;

    public FeatureMap Output => output;

    /// <summary>What is added to the output; null for nothing.</summary>
    public FeatureMap? Shortcut => shortcut;

    /// <summary>Parts into which the work on so many images can be divided; they are independent.</summary>
    public abstract int PartCount(int images);

    /// <summary>Computes the parts from <paramref name="begin"/> to before <paramref name="end"/>.</summary>
    public abstract void Run(StepMemory memory, int images, int begin, int end);

    public abstract void Dispose();
}

/// <summary>Where the maps of a step lie.</summary>
internal readonly record struct StepMemory(MapMemory Input, MapMemory Output, MapMemory Shortcut);

/// <summary>Where a map lies, and who owns the memory of one in bfloat16, see <see cref="IBFloat16Arithmetic.Allocate"/>.</summary>
internal readonly record struct MapMemory(nint Address, IMapOwner? Owner = null);
