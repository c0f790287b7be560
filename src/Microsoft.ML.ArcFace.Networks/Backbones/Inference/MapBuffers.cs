namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>Which maps of a chain of steps may lie in the same memory: those that are never alive at once.</summary>
internal sealed class BufferPlan
{
    /// <summary>The most numbers of maps that a face takes: 1 GiB.</summary>
    private const long MostOfFace = 1 << 28;

    private readonly List<(bool IsBFloat16, bool IsSmall, long ValuesOfImage)> _buffers = [];

    /// <summary>Gives every map that the steps read, and write but for the last one, a buffer of its element type.</summary>
    /// <param name="input">What the first step reads.</param>
    /// <param name="steps">The steps.</param>
    /// <param name="firstSmall">The first step that runs over more images at once; the map before it collects them.</param>
    /// <exception cref="WeightsFormatException">They take too much memory.</exception>
    public BufferPlan(FeatureMap input, IReadOnlyList<InferenceStep> steps, int firstSmall)
    {
        var free = new List<int>();
        Hold(input, free, isSmall: false);
        for (int number = 0; number < steps.Count - 1; number++)
        {
            Hold(step: number, steps, free, isSmall: number >= firstSmall - 1, kept: []);
        }

        Check(MostOfFace);
    }

    /// <summary>The same of single images, with the outputs, which are kept to the end.</summary>
    /// <param name="input">What the first step reads.</param>
    /// <param name="steps">The steps.</param>
    /// <param name="outputs">The maps to keep.</param>
    /// <param name="mostValues">What all of them may take.</param>
    /// <exception cref="WeightsFormatException">They take too much memory.</exception>
    public BufferPlan(FeatureMap input, IReadOnlyList<InferenceStep> steps, IReadOnlyCollection<FeatureMap> outputs, long mostValues)
    {
        var free = new List<int>();
        Hold(input, free, isSmall: false);
        for (int number = 0; number < steps.Count; number++)
        {
            Hold(number, steps, free, isSmall: false, outputs);
        }

        Check(mostValues);
    }

    /// <summary>Numbers of all maps of an image, each from the begin of a cache line.</summary>
    public long ValuesOfImage => _buffers.Sum(buffer => Rounded(buffer.ValuesOfImage));

    /// <summary>Places the buffers of an image, of float32, one behind the other in memory of at least <see cref="ValuesOfImage"/>.</summary>
    public unsafe nint[] Within(NativeFloats room)
    {
        var addresses = new nint[_buffers.Count];
        nint next = (nint)room.Data;
        for (int buffer = 0; buffer < addresses.Length; buffer++)
        {
            addresses[buffer] = next;
            next += (nint)Rounded(_buffers[buffer].ValuesOfImage) * sizeof(float);
        }

        return addresses;
    }

    /// <summary>Memory for so many images at once in large and in small maps.</summary>
    public MapBuffers Allocate(int largeImages, int smallImages, IBFloat16Arithmetic? bfloat16) =>
        new(smallImages, bfloat16, _buffers.Select(buffer => (buffer.IsBFloat16, buffer.ValuesOfImage * (buffer.IsSmall ? smallImages : largeImages))));

    /// <summary>Holds what a step writes, and gives free what no later one reads.</summary>
    private void Hold(int step, IReadOnlyList<InferenceStep> steps, List<int> free, bool isSmall, IReadOnlyCollection<FeatureMap> kept)
    {
        Hold(steps[step].Output, free, isSmall);
        foreach (FeatureMap map in new[] { steps[step].Input, steps[step].Shortcut }.OfType<FeatureMap>().Distinct())
        {
            if (!kept.Contains(map) && !steps.Skip(step + 1).Any(later => later.Input == map || later.Shortcut == map))
            {
                free.Add(map.Buffer);
            }
        }
    }

    private static long Rounded(long values) => (values + NativeFloats.PerCacheLine - 1) / NativeFloats.PerCacheLine * NativeFloats.PerCacheLine;

    private void Check(long mostValues)
    {
        if (_buffers.Sum(buffer => buffer.ValuesOfImage) is var values && values > mostValues)
        {
            throw new WeightsFormatException($"The maps of the network take {(values * sizeof(float)) >> 20} MiB for an image; at most {(mostValues * sizeof(float)) >> 20} are computed here.");
        }
    }

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
