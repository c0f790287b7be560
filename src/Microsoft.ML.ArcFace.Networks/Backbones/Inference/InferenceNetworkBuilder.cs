using Microsoft.ML.ArcFace.Backbones.Inference.General;
using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// Makes the steps of an <see cref="InferenceNetwork"/> from the nodes of a folded network. In bfloat16, what a step of our own
/// reads stays float32: faces, the maps that channels convolve for themselves, the features of the embedding.
/// </summary>
internal sealed partial class InferenceNetworkBuilder
{
    private readonly FoldedNetwork _folded;
    private readonly NetworkDescription _network;
    private readonly StepFactory _factory;
    private readonly bool _useBFloat16;
    private readonly long _mostValues;
    private readonly PixelFold? _pixels;
    private readonly Dictionary<string, FeatureMap> _maps = [];

    // Made when all is known of the maps that they write.
    private readonly List<Func<InferenceStep>> _steps = [];

    /// <param name="folded">The network.</param>
    /// <param name="factory">Makes the steps for the registers to compute with.</param>
    /// <param name="useBFloat16">Whether to multiply in bfloat16.</param>
    /// <param name="mostValues">Numbers that the steps may hold beside maps: weights, and places of what is arranged anew.</param>
    /// <exception cref="WeightsFormatException">A node cannot be computed; the message names it.</exception>
    public InferenceNetworkBuilder(FoldedNetwork folded, StepFactory factory, bool useBFloat16, long mostValues = long.MaxValue)
    {
        (_folded, _network, _factory, _useBFloat16, _mostValues) = (folded, folded.Network, factory, useBFloat16, mostValues);
        long[] input = _network.ShapeOf(_network.Input);
        Input = _maps[_network.Input] = new FeatureMap((int)input[2], (int)input[3], (int)input[1], isBFloat16: false, (int)input[1]);
        _pixels = PixelFold.Of(folded);
        LayerGroups groups = LayerGroups.Of(_network);
        foreach (NetworkNode node in _network.Nodes.Where(node => _pixels?.Nodes.Contains(node) != true))
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
                AddGeneral(node);
            }
        }
    }

    /// <summary>What the first steps read.</summary>
    public FeatureMap Input { get; }

    /// <summary>What the last step writes; its channels are rounded up.</summary>
    public FeatureMap Output => _maps[_network.Output];

    /// <summary>The map of an output.</summary>
    public FeatureMap MapOf(string output) => _maps[output];

    /// <summary>Numbers that the steps hold beside maps.</summary>
    public long HeldValues { get; private set; }

    /// <summary>Whether there are steps or sizes that are computed in float32 alone.</summary>
    public bool NeedsSingles { get; private set; }

    /// <summary>Makes the steps.</summary>
    public InferenceStep[] MakeSteps() => [.. _steps.Select(make => make())];

    /// <summary>Makes the steps: two at least, of which the last reads nothing but what the one before it writes.</summary>
    public InferenceStep[] BuildSteps()
    {
        List<InferenceStep> steps = [.. MakeSteps()];
        while (steps.Count < 2 || steps[^1].Input != steps[^2].Output || steps[^1].Shortcut is not null)
        {
            FeatureMap copy = FeatureMap.Of(Output.Height, Output.Width, Output.UsedChannels);
            steps.Add(new ElementStep(Output, copy, Copy));
            _maps[_network.Output] = copy;
        }

        return [.. steps];
    }

    private void AddConvolution(LayerGroup layer)
    {
        NetworkNode node = layer.Convolution;
        FeatureMap? shortcut = layer.Shortcut is null ? null : _maps[layer.Shortcut];
        long[] shape = _network.ShapeOf(node.Inputs[1]), sizes = _network.ShapeOf(layer.Output);
        var window = ConvolutionWindow.Of(node, shape[2], shape[3]);
        int channels = (int)shape[0], channelsOfGroup = (int)shape[1], groups = (int)node.Attributes.Number("group", 1);
        bool fillsPanels = channels % ConvolutionTile.ChannelMultiple == 0;
        (FeatureMap input, LayerChange? change) = InputOf(layer, window);
        FeatureMap output = FeatureMap.Of(sizes[2], sizes[3], channels);
        if (_useBFloat16 && fillsPanels)
        {
            output = new FeatureMap(output.Height, output.Width, channels, isBFloat16: true, channels);
        }

        _maps[layer.Output] = output;
        Charge(node, (long)output.Channels * input.Channels * shape[2] * shape[3]);
        NeedsSingles |= !fillsPanels || !window.IsSquare(window.Rows, window.Padding) || window.Padding < 0 || layer.Activation?.Operator == Operators.Clip;
        if (groups == 1 && shape[1] * channels > 1)
        {
            _steps.Add(() => _factory.Dense(input, output, shortcut, WeightsOf(node, change), ActivationOf(layer), window));
            return;
        }

        input.KeepSingle();
        bool keepsChannels = channels == input.UsedChannels && input.Channels == output.Channels && shortcut is null;
        bool isSmall = keepsChannels && window.IsSquare(3, 1) && output.Width >= StepFactory.PixelsAtOnce;
        if (isSmall && channelsOfGroup == 1)
        {
            _steps.Add(() => _factory.Depthwise(input, output, Filled(node, output), ActivationOf(layer).Filled(output.Channels), window.RowStride));
        }
        else if (isSmall && channelsOfGroup == 2 && channels == 2 * groups && window.RowStride == 1)
        {
            _steps.Add(() => _factory.Paired(input, output, Filled(node, output), ActivationOf(layer).Filled(output.Channels)));
        }
        else if (keepsChannels && channelsOfGroup == 1 && window == ConvolutionWindow.Whole(input) && layer.Activation is null)
        {
            _steps.Add(() => new PoolingConvolutionStep(input, output, Filled(node, output)));
        }
        else
        {
            NeedsSingles = true;
            _steps.Add(() => new GroupedConvolutionStep(input, output, shortcut, WeightsOf(node).ToArrays(), ActivationOf(layer), window, groups));
        }
    }

    /// <summary>A product of matrices is a convolution whose kernel covers the whole map.</summary>
    private void AddLinear(NetworkNode node)
    {
        FeatureMap input = _maps[node.Input];
        input.KeepSingle();
        int numbers = (int)_network.ShapeOf(node.Output)[1];
        var output = new FeatureMap(1, 1, ConvolutionTile.RoundUp(numbers), isBFloat16: false, numbers);
        _maps[node.Output] = output;
        Charge(node, (long)output.Channels * input.Channels * input.Height * input.Width);
        _steps.Add(() => _factory.Dense(input, output, null, WeightsOf(node), LayerActivation.None, ConvolutionWindow.Whole(input)));
    }

    /// <summary>The map that a convolution reads, with the border that it needs, and what it takes in of what is before it.</summary>
    private (FeatureMap Map, LayerChange? Change) InputOf(LayerGroup layer, ConvolutionWindow window)
    {
        if (_pixels is { } pixels && pixels.Convolution == layer.Convolution)
        {
            return (Bordered(Input, window.Border, pixels.Zero()), pixels.Into);
        }

        if (layer.NormBefore is not { } norm)
        {
            return (Bordered(_maps[layer.Convolution.Input], window.Border, null), null);
        }

        var fold = NormFold.Of(norm, _folded.Tensors);
        return (Bordered(_maps[norm.Input], window.Border, fold.Zero()), fold.Into);
    }

    /// <summary>The map with a border; a copy where it has another one.</summary>
    private FeatureMap Bordered(FeatureMap map, int border, float[]? values)
    {
        Array.Resize(ref values, values is null ? 0 : map.Channels);
        values = values.Length == 0 ? null : values;
        if (map.TrySurround(border, values))
        {
            return map;
        }

        NeedsSingles = true;
        FeatureMap copy = map == Input ? new FeatureMap(map.Height, map.Width, map.Channels, isBFloat16: false, map.UsedChannels) : FeatureMap.Of(map.Height, map.Width, map.UsedChannels);
        copy.TrySurround(border, values);
        map.KeepSingle();
        _steps.Add(() => new ElementStep(map, copy, Copy));
        return copy;
    }

    private LayerActivation ActivationOf(LayerGroup layer) => LayerActivation.Of(layer.Activation, (int)_network.ShapeOf(layer.Output)[1], Values);

    private LayerWeights WeightsOf(NetworkNode node, LayerChange? change = null) =>
        new(_folded.Tensors[node.Inputs[1]], node.Inputs.Count > 2 ? _folded.Tensors[node.Inputs[2]] : null, change);

    /// <summary>Weights and bias with zeros for channels that only fill up registers.</summary>
    private (float[] Weight, float[] Bias) Filled(NetworkNode node, FeatureMap output)
    {
        (float[] weight, float[] bias) = WeightsOf(node).ToArrays();
        int columns = weight.Length / bias.Length;
        Array.Resize(ref weight, output.Channels * columns);
        Array.Resize(ref bias, output.Channels);
        return (weight, bias);
    }

    /// <summary>Counts numbers that a step holds.</summary>
    private void Charge(NetworkNode node, long values)
    {
        HeldValues += values;
        if (HeldValues > _mostValues)
        {
            throw new WeightsFormatException($"The weights of the network take more than {(_mostValues * sizeof(float)) >> 20} MiB with those that fill up registers, at {node}; that is the most that is computed here.");
        }
    }

    private float[] Values(string tensor) => _folded.Tensors[tensor].ToSingles();

    private static void Copy(ReadOnlySpan<float> values, Span<float> results) => values.CopyTo(results);
}
