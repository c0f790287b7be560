namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>Which maps of a chain of steps may lie in the same memory: those that are never alive at once.</summary>
internal sealed class BufferPlan
{
    private readonly List<(bool IsBFloat16, bool IsSmall, long ValuesOfImage)> _buffers = [];

    /// <summary>Gives every map that the steps read, and write but for the last one, a buffer of its element type.</summary>
    /// <param name="input">What the first step reads.</param>
    /// <param name="steps">The steps.</param>
    /// <param name="firstSmall">The first step that runs over more images at once; the map before it collects them.</param>
    /// <exception cref="WeightsFormatException">They take too much memory.</exception>
    public BufferPlan(FeatureMap input, IReadOnlyList<InferenceStep> steps, int firstSmall)
    {
        const long mostValues = 1 << 28;
        var free = new List<int>();
        Hold(input, free, isSmall: false);
        for (int number = 0; number < steps.Count - 1; number++)
        {
            InferenceStep step = steps[number];
            Hold(step.Output, free, isSmall: number >= firstSmall - 1);
            foreach (FeatureMap map in new[] { step.Input, step.Shortcut }.OfType<FeatureMap>().Distinct())
            {
                if (!steps.Skip(number + 1).Any(later => later.Input == map || later.Shortcut == map))
                {
                    free.Add(map.Buffer);
                }
            }
        }

        if (_buffers.Sum(buffer => buffer.ValuesOfImage) is var values and > mostValues)
        {
            throw new WeightsFormatException($"The maps of the network take {(values * sizeof(float)) >> 20} MiB for an image; at most {(mostValues * sizeof(float)) >> 20} are computed here.");
        }
    }

    /// <summary>Memory for so many images at once in large and in small maps.</summary>
    public MapBuffers Allocate(int largeImages, int smallImages, IBFloat16Arithmetic? bfloat16) =>
        new(smallImages, bfloat16, _buffers.Select(buffer => (buffer.IsBFloat16, buffer.ValuesOfImage * (buffer.IsSmall ? smallImages : largeImages))));

    private void Hold(FeatureMap map, List<int> free, bool isSmall)
    {
        // The smallest free one that is large enough, or else the largest, which grows.
        int[] candidates = [.. free.Where(buffer => _buffers[buffer].IsBFloat16 == map.IsBFloat16 && _buffers[buffer].IsSmall == isSmall).OrderBy(buffer => _buffers[buffer].ValuesOfImage)];
        int chosen = candidates.Length == 0 ? _buffers.Count : candidates.FirstOrDefault(buffer => _buffers[buffer].ValuesOfImage >= map.ImageStride, candidates[^1]);
        if (candidates.Length == 0)
        {
            _buffers.Add((map.IsBFloat16, isSmall, 0));
        }

        free.Remove(chosen);
        _buffers[chosen] = (map.IsBFloat16, isSmall, Math.Max(_buffers[chosen].ValuesOfImage, map.ImageStride));
        map.Buffer = chosen;
    }
}

/// <summary>The memory in which one thread computes.</summary>
internal sealed unsafe class MapBuffers : IDisposable
{
    private readonly List<IDisposable> _owners = [];
    private readonly List<MapMemory> _memory = [];

    public MapBuffers(int images, IBFloat16Arithmetic? bfloat16, IEnumerable<(bool IsBFloat16, long Values)> lengths)
    {
        Images = images;
        foreach ((bool isBFloat16, long values) in lengths)
        {
            if (isBFloat16)
            {
                IMapOwner owner = bfloat16!.Allocate(values);
                _owners.Add(owner);
                _memory.Add(new MapMemory(owner.Address, owner));
            }
            else
            {
                var floats = new NativeFloats(values);
                _owners.Add(floats);
                _memory.Add(new MapMemory((nint)floats.Data));
            }
        }
    }

    /// <summary>Images that fit into the small maps.</summary>
    public int Images { get; }

    public MapMemory Of(FeatureMap map) => _memory[map.Buffer];

    public void Dispose() => _owners.ForEach(owner => owner.Dispose());
}
