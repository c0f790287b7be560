using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>Which maps of a chain of steps may lie in the same memory: those that are never alive at once.</summary>
internal sealed class BufferPlan
{
    private readonly List<(bool IsBFloat16, long ValuesOfImage)> _buffers = [];

    /// <summary>Gives every map that the steps read, and write but for the last one, a buffer of its element type.</summary>
    public BufferPlan(FeatureMap input, IReadOnlyList<InferenceStep> steps)
    {
        var free = new List<int>();
        Hold(input, free);
        for (int number = 0; number < steps.Count - 1; number++)
        {
            InferenceStep step = steps[number];
            Hold(step.Output, free);
            foreach (FeatureMap map in new[] { step.Input, step.Shortcut }.OfType<FeatureMap>().Distinct())
            {
                if (!steps.Skip(number + 1).Any(later => later.Input == map || later.Shortcut == map))
                {
                    free.Add(map.Buffer);
                }
            }
        }
    }

    /// <summary>Memory for so many images at once.</summary>
    public MapBuffers Allocate(int images) => new(images, _buffers.Select(buffer => (buffer.IsBFloat16, buffer.ValuesOfImage * images)));

    private void Hold(FeatureMap map, List<int> free)
    {
        // The smallest free one that is large enough, or else the largest, which grows.
        int[] candidates = [.. free.Where(buffer => _buffers[buffer].IsBFloat16 == map.IsBFloat16).OrderBy(buffer => _buffers[buffer].ValuesOfImage)];
        int chosen = candidates.Length == 0 ? _buffers.Count : candidates.FirstOrDefault(buffer => _buffers[buffer].ValuesOfImage >= map.ImageStride, candidates[^1]);
        if (candidates.Length == 0)
        {
            _buffers.Add((map.IsBFloat16, 0));
        }

        free.Remove(chosen);
        _buffers[chosen] = (map.IsBFloat16, Math.Max(_buffers[chosen].ValuesOfImage, map.ImageStride));
        map.Buffer = chosen;
    }
}

/// <summary>The memory in which one thread computes: native for float32, a tensor each for the bfloat16 that libtorch reads.</summary>
internal sealed unsafe class MapBuffers : IDisposable
{
    private readonly List<IDisposable> _owners = [];
    private readonly List<MapMemory> _memory = [];

    public MapBuffers(int images, IEnumerable<(bool IsBFloat16, long Values)> lengths)
    {
        Images = images;
        foreach ((bool isBFloat16, long values) in lengths)
        {
            if (isBFloat16)
            {
                Tensor tensor = empty([values], dtype: ScalarType.BFloat16).DetachFromDisposeScope();
                _owners.Add(tensor);
                _memory.Add(new MapMemory((nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes)), tensor));
            }
            else
            {
                var floats = new NativeFloats(values);
                _owners.Add(floats);
                _memory.Add(new MapMemory((nint)floats.Data));
            }
        }
    }

    /// <summary>Images that fit in.</summary>
    public int Images { get; }

    public MapMemory Of(FeatureMap map) => _memory[map.Buffer];

    public void Dispose() => _owners.ForEach(owner => owner.Dispose());
}
