using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>
/// Weights of narrow networks by the names of AdaFace, face.evoLVe and their like, and what libtorch makes of them call by call: 3×3
/// stem, four stages of one or two blocks, an embedding of 12 numbers.
/// </summary>
/// <param name="hasNormWithin">Whether a block has a norm behind its first convolution; face.evoLVe has none.</param>
/// <param name="attention">What the names of a block's attention to channels begin with, behind res_layer; null: it has none.</param>
/// <param name="hasAffineNorm">Whether the last norm has a scale and a shift; AdaFace's has none.</param>
internal sealed class SmallIrNetworks(bool hasNormWithin = true, string? attention = null, bool hasAffineNorm = false)
{
    public const int EmbeddingSize = 12;

    private const int Reduction = 4;

    private static readonly (long Width, int Blocks)[] s_stages = [(8, 2), (12, 1), (16, 2), (20, 1)];

    private readonly Random _random = new(11);
    private readonly List<(string Name, long[] Shape, float[] Values)> _tensors = [];

    /// <summary>The tensors in their published order, by the network's own names.</summary>
    public IReadOnlyList<(string Name, long[] Shape, float[] Values)> Tensors => _tensors.Count > 0 ? _tensors : Draw();

    /// <summary>A .safetensors file of them.</summary>
    /// <param name="prefix">Stands before each name.</param>
    /// <param name="others">Tensors of a training beside them.</param>
    public byte[] ToSafetensors(string prefix = "", params (string Name, long[] Shape, float[] Values)[] others)
    {
        using var stream = new MemoryStream();
        Safetensors.Write(stream, [.. Tensors.Select(tensor => (prefix + tensor.Name, tensor.Shape, tensor.Values)).Concat(others).Select(tensor => (tensor.Item1, (StateTensor)PlainTensor.Of(tensor.Item2, tensor.Item3)))]);
        return stream.ToArray();
    }

    /// <summary>A PyTorch checkpoint of them.</summary>
    /// <param name="prefix">Stands before each name.</param>
    /// <param name="nesting">The keys of the dictionaries around them.</param>
    /// <param name="others">Tensors of a training beside them.</param>
    public byte[] ToCheckpoint(string prefix, string[] nesting, params (string Name, long[] Shape, float[] Values)[] others)
    {
        (string Name, long[] Shape, float[] Values)[] all = [.. Tensors.Select(tensor => (prefix + tensor.Name, tensor.Shape, tensor.Values)), .. others];
        TorchFileStorage[] storages = [.. all.Select((tensor, key) => new TorchFileStorage(FormattableString.Invariant($"{key}"), "FloatStorage", tensor.Values.Length, [.. tensor.Values.SelectMany(BitConverter.GetBytes)]))];
        TorchFileTensor[] tensors = [.. all.Select((tensor, key) => new TorchFileTensor(tensor.Name, storages[key].Key, 0, tensor.Shape, StoredTensor.RowMajor(tensor.Shape)))];
        return TorchFileWriter.Zip(TorchFileWriter.Pickle(tensors, storages, nesting), storages);
    }

    /// <summary>The embedding of faces [faces, 3, 112, 112], before anything is normalized.</summary>
    public float[] Embed(float[] faces)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable evaluation = no_grad();
        Dictionary<string, Tensor> of = Tensors.ToDictionary(entry => entry.Name, entry => tensor(entry.Values, entry.Shape));
        Tensor x = tensor(faces, [faces.Length / (3 * 112 * 112), 3, 112, 112]);
        x = Activate(Norm(nn.functional.conv2d(x, of["input_layer.0.weight"], padding: [1, 1]), "input_layer.1"), "input_layer.2");
        int block = 0;
        foreach ((long width, int blocks) in s_stages)
        {
            for (int i = 0; i < blocks; i++, block++)
            {
                long stride = i == 0 ? 2 : 1;
                string name = FormattableString.Invariant($"body.{block}."), layer = name + "res_layer.";
                int next = hasNormWithin ? 3 : 2;
                Tensor y = nn.functional.conv2d(Norm(x, layer + "0"), of[layer + "1.weight"], padding: [1, 1]);
                y = Activate(hasNormWithin ? Norm(y, layer + "2") : y, layer + next);
                y = Norm(nn.functional.conv2d(y, of[layer + (next + 1) + ".weight"], strides: [stride, stride], padding: [1, 1]), layer + (next + 2));
                if (attention is not null)
                {
                    Tensor weight = nn.functional.adaptive_avg_pool2d(y, 1);
                    weight = nn.functional.relu(nn.functional.conv2d(weight, of[layer + attention + ".fc1.weight"]));
                    y = y * sigmoid(nn.functional.conv2d(weight, of[layer + attention + ".fc2.weight"]));
                }

                x = y + (x.shape[1] == width
                    ? nn.functional.max_pool2d(x, 1, stride)
                    : Norm(nn.functional.conv2d(x, of[name + "shortcut_layer.0.weight"], strides: [stride, stride]), name + "shortcut_layer.1"));
            }
        }

        x = nn.functional.linear(Norm(x, "output_layer.0").flatten(1), of["output_layer.3.weight"], of["output_layer.3.bias"]);
        return Norm(x, "output_layer.4").data<float>().ToArray();

        Tensor Norm(Tensor value, string name) =>
            nn.functional.batch_norm(value, of[name + ".running_mean"], of[name + ".running_var"], of.GetValueOrDefault(name + ".weight"), of.GetValueOrDefault(name + ".bias"), training: false);

        Tensor Activate(Tensor value, string name) => nn.functional.prelu(value, of[name + ".weight"]);
    }

    private List<(string Name, long[] Shape, float[] Values)> Draw()
    {
        Weight("input_layer.0.weight", s_stages[0].Width, 3, 3, 3);
        Norm("input_layer.1", s_stages[0].Width);
        Add("input_layer.2.weight", 0.25f, 0.1f, s_stages[0].Width);
        int block = 0;
        long channels = s_stages[0].Width;
        foreach ((long width, int blocks) in s_stages)
        {
            for (int i = 0; i < blocks; i++, block++)
            {
                string name = FormattableString.Invariant($"body.{block}."), layer = name + "res_layer.";
                int next = hasNormWithin ? 3 : 2;
                if (channels != width)
                {
                    Weight(name + "shortcut_layer.0.weight", width, channels, 1, 1);
                    Norm(name + "shortcut_layer.1", width);
                }

                Norm(layer + "0", channels);
                Weight(layer + "1.weight", width, channels, 3, 3);
                if (hasNormWithin)
                {
                    Norm(layer + "2", width);
                }

                Add(layer + next + ".weight", 0.25f, 0.1f, width);
                Weight(layer + (next + 1) + ".weight", width, width, 3, 3);
                Norm(layer + (next + 2), width);
                if (attention is not null)
                {
                    Weight(layer + attention + ".fc1.weight", width / Reduction, width, 1, 1);
                    Weight(layer + attention + ".fc2.weight", width, width / Reduction, 1, 1);
                }

                channels = width;
            }
        }

        Norm("output_layer.0", channels);
        Weight("output_layer.3.weight", EmbeddingSize, channels * 49);
        Add("output_layer.3.bias", 0, 0.1f, EmbeddingSize);
        Norm("output_layer.4", EmbeddingSize, hasAffineNorm);
        return _tensors;
    }

    private void Norm(string name, long channels, bool isAffine = true)
    {
        if (isAffine)
        {
            Add(name + ".weight", 1, 0.3f, channels);
            Add(name + ".bias", 0, 0.3f, channels);
        }

        Add(name + ".running_mean", 0, 0.3f, channels);
        Add(name + ".running_var", 1, 0.3f, channels);
    }

    /// <summary>A weight whose results are as large as what it reads.</summary>
    private void Weight(string name, params long[] shape) => Add(name, 0, (float)Math.Sqrt(3.0 / shape[1..].Aggregate(1L, (count, size) => count * size)), shape);

    private void Add(string name, float middle, float width, params long[] shape) =>
        _tensors.Add((name, shape, [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (count, size) => count * size)).Select(_ => middle + (width * (float)((_random.NextDouble() * 2) - 1)))]));
}
