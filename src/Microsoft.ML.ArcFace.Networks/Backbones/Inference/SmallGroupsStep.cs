using System.Runtime.CompilerServices;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// A 3×3 convolution with padding 1 in which few channels meet, with bias and PReLU: [images,H,W,C] → [images,H′,W′,C].
/// Four pixels of a row are computed at once, so that the weights of a register of channels are loaded once for them.
/// </summary>
internal abstract unsafe class SmallGroupsStep<TLanes, TOutput> : InferenceStep
    where TLanes : unmanaged, ILanes<TLanes>
    where TOutput : unmanaged, IMapValue<TOutput>
{
    protected const int Kernel = 3, Positions = Kernel * Kernel;

    /// <param name="input">The map that is read, with a border of 1.</param>
    /// <param name="output">The map that is written; at least four pixels wide, its channels a multiple of 16.</param>
    /// <param name="weightCount">Numbers of the kernel.</param>
    /// <param name="bias">[C].</param>
    /// <param name="activation">What is done with the sums.</param>
    /// <param name="stride">In both directions.</param>
    protected SmallGroupsStep(FeatureMap input, FeatureMap output, int weightCount, float[] bias, LayerActivation activation, int stride)
        : base(input, output, shortcut: null)
    {
        (Stride, Activation) = (stride, activation);
        (Weights, Bias, Slopes) = (new NativeFloats(weightCount), new NativeFloats(bias), activation.Slopes is null ? null : new NativeFloats(activation.Slopes));
    }

    protected int Stride { get; }

    /// <summary>What is done with the sums.</summary>
    protected LayerActivation Activation { get; }

    /// <summary>In the order in which the kernel meets them; filled by the class that derives.</summary>
    protected NativeFloats Weights { get; }

    /// <summary>[C].</summary>
    protected NativeFloats Bias { get; }

    /// <summary>[C]; null for no PReLU.</summary>
    protected NativeFloats? Slopes { get; }

    public override int PartCount(int images) => images * Output.Height;

    public override void Run(StepMemory memory, int images, int begin, int end)
    {
        for (int line = begin; line < end; line++)
        {
            (int image, int row) = Math.DivRem(line, Output.Height);
            ConvolveRow((float*)memory.Input.Address + Input.Offset(image, (row * Stride) - 1, -1), (TOutput*)memory.Output.Address + Output.Offset(image, row, 0));
        }
    }

    public override void Dispose()
    {
        Weights.Dispose();
        Bias.Dispose();
        Slopes?.Dispose();
    }

    /// <summary>Applies what is done with the sums.</summary>
    /// <param name="sum">The sums, changed.</param>
    /// <param name="slopes">Of a PReLU; null for none.</param>
    /// <param name="activation">Limits.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static void Activate(ref TLanes sum, float* slopes, in LayerActivation activation)
    {
        if (slopes != null)
        {
            sum.Activate(slopes);
        }

        if (activation.IsLimited)
        {
            sum.Limit(activation.Least, activation.Most);
        }
    }

    /// <summary>A row, four pixels at once; the last four overlap the ones before where the width is no multiple of four.</summary>
    /// <param name="window">Where the kernel of the first pixel begins.</param>
    /// <param name="output">The first pixel.</param>
    protected abstract void ConvolveRow(float* window, TOutput* output);
}
