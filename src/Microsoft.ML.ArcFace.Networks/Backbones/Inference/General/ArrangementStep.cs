using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference.General;

/// <summary>Arranges the numbers of one map, or of two, anew: transposes, slices, pads, joins, reshapes.</summary>
internal sealed unsafe class ArrangementStep : InferenceStep
{
    /// <summary>For each number of an image's map where it comes from; a second map's numbers are counted behind those of the first.</summary>
    private readonly int[] _sources;
    private readonly float _outside;

    /// <param name="input">The map that is read.</param>
    /// <param name="other">A second one; null for none.</param>
    /// <param name="output">The map that is written.</param>
    /// <param name="indexes">Of <see cref="TensorIndexes"/>.</param>
    /// <param name="outside">What numbers are that come from nowhere.</param>
    public ArrangementStep(FeatureMap input, FeatureMap? other, FeatureMap output, int[] indexes, float outside)
        : base(input, output, other)
    {
        _outside = outside;
        int[] from = [.. MapLayout.Places(input), .. other is null ? [] : MapLayout.Places(other).Select(place => place + input.ImageStride)], to = MapLayout.Places(output);
        _sources = new int[output.Height * output.Width * output.Channels];

        // Channels that only fill up registers become 0.
        Array.Fill(_sources, Unused);
        int rowLength = output.Width * output.Channels;
        for (int element = 0; element < indexes.Length; element++)
        {
            (int row, int rest) = Math.DivRem(to[element] - (int)output.Offset(0, 0, 0), output.RowStride);
            _sources[(row * rowLength) + rest] = indexes[element] == TensorIndexes.Outside ? Constant : from[indexes[element]];
        }
    }

    private const int Unused = -1, Constant = -2;

    public override int PartCount(int images) => images * Output.Height;

    public override void Run(StepMemory memory, int images, int begin, int end)
    {
        int rowLength = Output.Width * Output.Channels, split = Input.ImageStride;
        for (int line = begin; line < end; line++)
        {
            (int image, int row) = Math.DivRem(line, Output.Height);
            float* first = (float*)memory.Input.Address + ((nint)image * split);
            float* second = Shortcut is null ? null : (float*)memory.Shortcut.Address + ((nint)image * Shortcut.ImageStride) - split;
            float* to = (float*)memory.Output.Address + Output.Offset(image, row, 0);
            foreach (int source in _sources.AsSpan(row * rowLength, rowLength))
            {
                *to++ = source switch
                {
                    Unused => 0,
                    Constant => _outside,
                    _ => source < split ? first[source] : second[source],
                };
            }
        }
    }

    public override void Dispose()
    {
    }
}
