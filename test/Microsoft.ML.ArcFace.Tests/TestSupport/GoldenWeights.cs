using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>
/// The weights and inputs behind golden/backbones.json: value i of a tensor comes from
/// u = (splitmix64(fnv1a64(salt + key) + i) >> 40) / 2^24, see golden/README.md.
/// </summary>
internal static class GoldenWeights
{
    /// <summary>The input of golden/backbones.json: [2,3,112,112] in −1 to 1.</summary>
    public static Tensor Input(string salt)
    {
        Tensor input = empty(2, 3, 112, 112);
        Fill(input, salt + "input", lowest: -1, highest: 1);
        return input;
    }

    /// <summary>Fills a float32 tensor of a network's state by the rule for its name and kind; counters become 0.</summary>
    public static void Fill(Tensor tensor, string salt, string key, bool isSlopeOfPRelu)
    {
        string name = key[(key.LastIndexOf('.') + 1)..];
        if (name == "num_batches_tracked")
        {
            tensor.zero_();
            return;
        }

        double fanIn = 1;
        foreach (long size in tensor.shape.Skip(1))
        {
            fanIn *= size;
        }

        double range = Math.Sqrt(3 / fanIn);
        (double lowest, double highest) = (name, tensor.dim()) switch
        {
            _ when isSlopeOfPRelu => (0, 0.25),
            ("bias" or "running_mean", _) => (-0.1, 0.1),
            ("running_var", _) or ("weight", 1) => (0.5, 1.5),
            ("weight", > 1) => (-range, range),
            _ => throw new ArgumentException($"There is no rule for '{key}'.", nameof(key)),
        };
        Fill(tensor, salt + key, lowest, highest);
    }

    private static void Fill(Tensor tensor, string seed, double lowest, double highest)
    {
        ulong hash = Fnv1a(seed);
        double step = (highest - lowest) / (1 << 24);
        float[] values = new float[checked((int)tensor.numel())];
        Parallel.ForEach(Partitioner.Create(0, values.Length), range =>
        {
            for (int i = range.Item1; i < range.Item2; i++)
            {
                values[i] = (float)(lowest + (step * (SplitMix(hash + (ulong)i) >> 40)));
            }
        });
        MemoryMarshal.AsBytes(values.AsSpan()).CopyTo(tensor.bytes);
    }

    private static ulong Fnv1a(string text)
    {
        ulong hash = 0xcbf29ce484222325;
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            hash = (hash ^ value) * 0x100000001b3;
        }

        return hash;
    }

    private static ulong SplitMix(ulong state)
    {
        state += 0x9e3779b97f4a7c15;
        state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
        state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
        return state ^ (state >> 31);
    }
}
