using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;

namespace Microsoft.ML.ArcFace.InferenceCheck;

/// <summary>
/// Weights that a formula gives, the same on every machine, under the published names: a network for checks that have no
/// file of weights and no libtorch. The shapes are written down a second time here; a test holds them to the modules.
/// </summary>
internal static class FormulaWeights
{
    private const int FaceChannels = 3, LastChannels = 512, LastPixels = 7 * 7;
    private static readonly int[] StageChannels = [64, 128, 256, 512];

    /// <summary>All tensors of a network.</summary>
    public static IReadOnlyDictionary<string, BackboneTensor> Of(BackboneArchitecture architecture, int embeddingSize)
    {
        var tensors = new Dictionary<string, BackboneTensor>();
        if (architecture is BackboneArchitecture.MobileFaceNet or BackboneArchitecture.MobileFaceNetLarge)
        {
            AddMobileFaceNet(tensors, architecture == BackboneArchitecture.MobileFaceNetLarge, embeddingSize);
        }
        else
        {
            AddIResNet(tensors, IResNet.BlocksOf[architecture], embeddingSize);
        }

        return tensors;
    }

    private static void AddIResNet(Dictionary<string, BackboneTensor> tensors, int[] blocks, int embeddingSize)
    {
        int channels = StageChannels[0];
        AddConvolution(tensors, "conv1", channels, FaceChannels, kernel: 3);
        AddNorm(tensors, "bn1", channels);
        AddSlopes(tensors, "prelu", channels);
        for (int stage = 0; stage < blocks.Length; stage++)
        {
            for (int block = 0; block < blocks[stage]; block++)
            {
                string name = $"layer{stage + 1}.{block}.";
                int outputs = StageChannels[stage];
                AddNorm(tensors, name + "bn1", channels);
                AddConvolution(tensors, name + "conv1", outputs, channels, kernel: 3);
                AddNorm(tensors, name + "bn2", outputs);
                AddSlopes(tensors, name + "prelu", outputs);
                AddConvolution(tensors, name + "conv2", outputs, outputs, kernel: 3);
                AddNorm(tensors, name + "bn3", outputs);
                if (block == 0)
                {
                    AddConvolution(tensors, name + "downsample.0", outputs, channels, kernel: 1);
                    AddNorm(tensors, name + "downsample.1", outputs);
                }

                channels = outputs;
            }
        }

        AddNorm(tensors, "bn2", channels);
        AddLinear(tensors, "fc", embeddingSize, channels * LastPixels, hasBias: true);
        AddNorm(tensors, "features", embeddingSize);
    }

    private static void AddMobileFaceNet(Dictionary<string, BackboneTensor> tensors, bool isLarge, int embeddingSize)
    {
        int channels = isLarge ? 256 : 128;
        int[] blocks = isLarge ? [2, 8, 12, 4] : [1, 4, 6, 2];
        AddUnit("layers.0.", channels, FaceChannels, kernel: 3);
        if (isLarge)
        {
            AddStack("layers.1.", blocks[0], channels, inner: 128);
        }
        else
        {
            AddUnit("layers.1.", channels, channels / 64, kernel: 3);
        }

        AddBottleneck("layers.2.", channels, channels, inner: 128);
        AddStack("layers.3.", blocks[1], channels, inner: 128);
        AddBottleneck("layers.4.", channels, 2 * channels, inner: 256);
        AddStack("layers.5.", blocks[2], 2 * channels, inner: 256);
        AddBottleneck("layers.6.", 2 * channels, 2 * channels, inner: 512);
        AddStack("layers.7.", blocks[3], 2 * channels, inner: 256);
        AddUnit("conv_sep.", LastChannels, 2 * channels, kernel: 1);
        AddUnit("features.layers.0.", LastChannels, 1, kernel: 7, isLinear: true);
        AddLinear(tensors, "features.layers.2", embeddingSize, LastChannels, hasBias: false);
        AddNorm(tensors, "features.layers.3", embeddingSize);

        void AddStack(string name, int count, int width, int inner)
        {
            for (int block = 0; block < count; block++)
            {
                AddBottleneck($"{name}layers.{block}.", width, width, inner);
            }
        }

        void AddBottleneck(string name, int inputs, int outputs, int inner)
        {
            AddUnit(name + "layers.0.", inner, inputs, kernel: 1);
            AddUnit(name + "layers.1.", inner, 1, kernel: 3);
            AddUnit(name + "layers.2.", outputs, inner, kernel: 1, isLinear: true);
        }

        void AddUnit(string name, int outputs, int inputsOfGroup, int kernel, bool isLinear = false)
        {
            AddConvolution(tensors, name + "layers.0", outputs, inputsOfGroup, kernel);
            AddNorm(tensors, name + "layers.1", outputs);
            if (!isLinear)
            {
                AddSlopes(tensors, name + "layers.2", outputs);
            }
        }
    }

    /// <summary>Neither growing nor vanishing from layer to layer: uniform with a variance of 1 / inputs.</summary>
    private static void AddConvolution(Dictionary<string, BackboneTensor> tensors, string name, int outputs, int inputs, int kernel) =>
        Add(tensors, name + ".weight", [outputs, inputs, kernel, kernel], 0, MathF.Sqrt(3f / (inputs * kernel * kernel)));

    private static void AddLinear(Dictionary<string, BackboneTensor> tensors, string name, int outputs, int inputs, bool hasBias)
    {
        Add(tensors, name + ".weight", [outputs, inputs], 0, MathF.Sqrt(3f / inputs));
        if (hasBias)
        {
            Add(tensors, name + ".bias", [outputs], 0, 0.1f);
        }
    }

    private static void AddNorm(Dictionary<string, BackboneTensor> tensors, string name, int channels)
    {
        Add(tensors, name + ".weight", [channels], 0.8f, 0.2f);
        Add(tensors, name + ".bias", [channels], 0, 0.2f);
        Add(tensors, name + ".running_mean", [channels], 0, 0.2f);
        Add(tensors, name + ".running_var", [channels], 1, 0.5f);
    }

    private static void AddSlopes(Dictionary<string, BackboneTensor> tensors, string name, int channels) => Add(tensors, name + ".weight", [channels], 0.25f, 0.2f);

    private static void Add(Dictionary<string, BackboneTensor> tensors, string name, long[] shape, float middle, float range) =>
        tensors.Add(name, new BackboneTensor(shape, () => Values(name, (int)TensorPrimitives.Product<long>(shape), middle, range)));

    /// <summary>A linear congruential generator that starts with the name.</summary>
    private static float[] Values(string name, int count, float middle, float range)
    {
        uint state = 2_166_136_261;
        foreach (char letter in name)
        {
            state = (state ^ letter) * 16_777_619;
        }

        var values = new float[count];
        foreach (ref float value in values.AsSpan())
        {
            state = (state * 1_664_525) + 1_013_904_223;
            value = middle + (range * ((int)state / 2_147_483_648f));
        }

        return values;
    }
}
