using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// Makes the steps of an <see cref="InferenceNetwork"/> from the nodes of a folded network. In bfloat16, what a step of our own
/// reads stays float32: faces, the maps that channels convolve for themselves, the features of the embedding.
/// </summary>
internal sealed class InferenceNetworkBuilder
{
    /// <summary>
    /// Where a norm before a padded convolution multiplies by almost nothing, it is taken to multiply by this: small
    /// enough to change no output, large enough that shift / scale remains a number.
    /// </summary>
    private const double SmallestScale = 1e-12;

    private readonly FoldedNetwork _folded;
    private readonly NetworkDescription _network;
    private readonly StepFactory _factory;
    private readonly bool _useBFloat16;
    private readonly Dictionary<string, FeatureMap> _maps = [];

    // Made when all is known of the maps that they write.
    private readonly List<Func<InferenceStep>> _steps = [];

    public InferenceNetworkBuilder(FoldedNetwork folded, StepFactory factory, bool useBFloat16)
    {
        (_folded, _network, _factory, _useBFloat16) = (folded, folded.Network, factory, useBFloat16);
        long[] input = _network.ShapeOf(_network.Input);
        Input = _maps[_network.Input] = new FeatureMap((int)input[2], (int)input[3], (int)input[1], isBFloat16: false);
        LayerGroups groups = LayerGroups.Of(_network);
        foreach (NetworkNode node in _network.Nodes)
        {
            if (groups.EndingWith(node) is { } layer)
            {
                AddConvolution(layer);
            }
            else if (node.Operator == Operators.Linear)
            {
                AddLinear(node);
            }
            else if (!groups.IsPartOfOne(node))
            {
                throw new NotSupportedException($"No step computes what the network '{_network.Name}' needs: {node}.");
            }
        }
    }

    /// <summary>What the first steps read.</summary>
    public FeatureMap Input { get; }

    /// <summary>What the last step writes; its channels are rounded up.</summary>
    public FeatureMap Output => _maps[_network.Output];

    public InferenceStep[] BuildSteps() => [.. _steps.Select(make => make())];

    private void AddConvolution(LayerGroup layer)
    {
        NetworkNode node = layer.Convolution;
        FeatureMap input = _maps[(layer.NormBefore ?? node).Input];
        FeatureMap? shortcut = layer.Shortcut is null ? null : _maps[layer.Shortcut];
        long[] shape = _network.ShapeOf(node.Inputs[1]);
        ConvolutionShape convolution = ConvolutionShape.Of(node, shape);
        (int kernel, int stride, int padding, int groups) = convolution;
        (double[] Scale, double[] Shift)? norm = layer.NormBefore is null ? null : NormBefore(layer.NormBefore);
        if (padding > 0)
        {
            input.Surround(padding, norm is { } affine ? [.. affine.Shift.Select((shift, channel) => (float)(-shift / affine.Scale[channel]))] : null);
        }

        int channels = (int)shape[0], channelsOfGroup = (int)shape[1];
        bool isOfFewChannels = convolution is (1, 1, 0, 1) && channels <= FewChannelsStep.MostChannels && input.Channels <= FewChannelsStep.MostChannels && layer.Activation is null && shortcut is null && norm is null;
        if (channels % ConvolutionTile.ChannelMultiple != 0 && !isOfFewChannels)
        {
            throw new NotSupportedException($"No step computes what the network '{_network.Name}' needs: {node} with {channels} channels; multiples of {ConvolutionTile.ChannelMultiple} are computed.");
        }

        var output = new FeatureMap((int)convolution.OutputSize(input.Height), (int)convolution.OutputSize(input.Width), channels, _useBFloat16);
        _maps[layer.Output] = output;
        if (isOfFewChannels)
        {
            input.KeepSingle();
            output.KeepSingle();
            _steps.Add(() =>
            {
                (float[] weight, float[] bias) = WeightsOf(node).ToArrays();
                return new FewChannelsStep(input, output, weight, bias);
            });
            return;
        }

        if (groups == 1)
        {
            LayerChange? change = norm is null ? null : (weight, bias) => FoldNormBefore(weight, bias, norm.Value);
            _steps.Add(() => _factory.Dense(input, output, shortcut, WeightsOf(node, change), SlopesOf(layer), kernel, stride, padding));
            return;
        }

        input.KeepSingle();
        bool isActivated = layer.Activation is not null, isPlain = shortcut is null && norm is null;
        Func<float[], float[], InferenceStep> make = (channelsOfGroup, kernel) switch
        {
            (1, 3) when padding == 1 && isActivated && isPlain => (weight, bias) => _factory.Depthwise(input, output, weight, bias, SlopesOf(layer)!, stride),
            (1, _) when output.Height == 1 && output.Width == 1 && padding == 0 && !isActivated && isPlain => (weight, bias) => new PoolingConvolutionStep(input, output, weight, bias),
            (2, 3) when padding == 1 && stride == 1 && channels == input.Channels && isActivated && isPlain => (weight, bias) => _factory.Paired(input, output, weight, bias, SlopesOf(layer)!),
            _ => throw new NotSupportedException($"No step computes what the network '{_network.Name}' needs: {node} in {groups} groups of {channelsOfGroup} channels."),
        };
        _steps.Add(() =>
        {
            (float[] weight, float[] bias) = WeightsOf(node).ToArrays();
            return make(weight, bias);
        });
    }

    private void AddLinear(NetworkNode node)
    {
        if (_network.OnlyProducerOf(node.Input, Operators.Flatten) is not { } flatten)
        {
            throw new NotSupportedException($"No step computes what the network '{_network.Name}' needs: {node} of what is not a flattened map.");
        }

        FeatureMap input = _maps[flatten.Input];
        input.KeepSingle();
        int pixels = input.Height * input.Width;
        var row = new FeatureMap(1, 1, pixels * input.Channels, isBFloat16: false);
        var output = new FeatureMap(1, 1, ConvolutionTile.RoundUp((int)_network.ShapeOf(node.Output)[1]), isBFloat16: false);
        _maps[node.Output] = output;
        _steps.Add(() => _factory.Dense(row, output, null, WeightsOf(node, (weight, _) => ToChannelsLast(weight, pixels, input.Channels)), slopes: null, kernel: 1, stride: 1, padding: 0));
    }

    private float[]? SlopesOf(LayerGroup layer) => layer.Activation is null ? null : Values(layer.Activation.Inputs[1]);

    private LayerWeights WeightsOf(NetworkNode node, LayerChange? change = null) =>
        new(_folded.Tensors[node.Inputs[1]], node.Inputs.Count > 2 ? _folded.Tensors[node.Inputs[2]] : null, change);

    private float[] Values(string tensor) => _folded.Tensors[tensor].ToSingles();

    private (double[] Scale, double[] Shift) NormBefore(NetworkNode norm)
    {
        (double[] scale, double[] shift) = FoldedNetwork.Affine(norm, _folded.Tensors);
        return (Array.ConvertAll(scale, value => Math.Abs(value) < SmallestScale ? SmallestScale : value), shift);
    }

    /// <summary>
    /// Folds scale·x + shift before a convolution into it. Where the kernel reaches beyond the map it must meet 0 behind the
    /// norm, so the border of the map holds −shift / scale.
    /// </summary>
    /// <param name="weight">[outputs, in, k, k], changed.</param>
    /// <param name="bias">[outputs], changed.</param>
    /// <param name="norm">[in] each.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FoldNormBefore(Span<float> weight, Span<float> bias, (double[] Scale, double[] Shift) norm)
    {
        int inputs = norm.Scale.Length, area = weight.Length / (bias.Length * inputs);
        for (int output = 0; output < bias.Length; output++)
        {
            double sum = bias[output];
            for (int input = 0; input < inputs; input++)
            {
                double scale = norm.Scale[input], shift = norm.Shift[input];
                foreach (ref float value in weight.Slice(((output * inputs) + input) * area, area))
                {
                    sum += value * shift;
                    value = (float)(value * scale);
                }
            }

            bias[output] = (float)sum;
        }
    }

    /// <summary>Changes columns of rows [C·H·W] from the published order (channel, row, column) to that of the maps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ToChannelsLast(Span<float> weight, int pixels, int channels)
    {
        int columns = pixels * channels;
        float[] published = ArrayPool<float>.Shared.Rent(columns);
        for (int begin = 0; begin < weight.Length; begin += columns)
        {
            Span<float> row = weight.Slice(begin, columns);
            row.CopyTo(published);
            for (int pixel = 0; pixel < pixels; pixel++)
            {
                for (int channel = 0; channel < channels; channel++)
                {
                    row[(pixel * channels) + channel] = published[(channel * pixels) + pixel];
                }
            }
        }

        ArrayPool<float>.Shared.Return(published);
    }
}
